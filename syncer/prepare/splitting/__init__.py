"""Cut an artifact that is too large for one job into parts, each a private file of whole rows.

`split` is the way in, and changes nothing where nothing has to change. Rows of text are moved as the bytes that
they are (`text`), each CSV part begins with the header as it stands; Parquet goes through the engine by ranges of rows
(`parquet`).

- Parts hold the rows in their order; together they hold all of them, each once.
- No part is larger than the limit, and they are about equally large: a last part of a few rows would cost a whole job.
- The same artifact and limit give the same parts, byte for byte, on any machine, from the same versions of the engine
  and of zlib-ng. Nothing is remembered between runs, so an interruption changes nothing.
"""

from syncer.prepare.splitting.splitting import DEFAULT_PART_BYTES, space_to_split, split

__all__ = ["DEFAULT_PART_BYTES", "space_to_split", "split"]
