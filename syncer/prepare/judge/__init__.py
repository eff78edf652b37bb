"""Say of every row of an artifact what the API will say of it, before anything is sent.

`judge.judge` is the way in. `checks` holds what each mapped column is held against and how a refusal is worded,
`patterns` the texts that are taken; `values` applies them to one value, `sql` to a whole column. CSV goes through the
engine where the file is so plain that every reader agrees on it (`csv_plain`), else record by record; Parquet goes
through the engine, JSONL line by line.

The rules are the strict reading of the API's reference. Where it leaves something open:

- An e-mail address is a mailbox of RFC 5321 in its plain form, in ASCII: dot-separated atoms of at most 64 characters
  before the `@`; after it at least two labels of at most 63 letters, digits and inner hyphens, the last one not all
  digits; at most 254 characters together. Quoted local parts, address literals, comments and internationalized
  addresses are not taken: a server that knew them would take more rows, never fewer.
- A number is finite as a double. A year is 0001 to 9999. A leap second is no second.
- A field type that the reference does not know takes anything; one that holds text under another name takes text.
"""
