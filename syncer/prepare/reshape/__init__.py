"""Change which rows an artifact holds, in which order and in which format: from one private file to another.

`reshape.reshape` is the way in, and changes nothing where nothing has to change. Rows that leave a text file are cut
out of its bytes (`rows`), so that all others stay the bytes that they were. The engine does the rest: it finds the
rows whose match key is suppressed (`suppression`), sorts, and writes Parquet (`converting`, by the rules of `casts`).
`table` shows it an artifact as rows with a number; `evening` first takes out of a text file what it would misread.

- A row's number is its place in the artifact that was given, from 1, as the API would count it.
- Order: the match key's text, compared by its UTF-8 bytes, rows without one last; then the row number. So rows of one
  key stay in the order in which the file has them.
- The same artifact and options give the same bytes, on any machine, from the same version of the engine.
- Rows add up: those given are those suppressed, those left out and those written. A row that is both suppressed and
  left out counts as suppressed.
"""
