"""Match keys that must never leave: the list of their hashes, and the rows of an artifact that have one.

The list is a text file with a SHA-256 digest of 64 hexadecimal digits on each line, in any letter case; blank lines and
lines that begin with `#` say nothing. A row is meant if the list has the digest of its match key's text in UTF-8, or
of that text trimmed and in lower case. The text is what would be sent: a CSV cell, a JSON string's value, a number as
it is written. Null is no match key.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final

from syncer.errors import PrepareError
from syncer.prepare.artifact import digest_of
from syncer.prepare.engine import connected, literal_path, run
from syncer.prepare.reshape.evening import Readable
from syncer.prepare.reshape.table import LINES, Table, normalised, raw_numbers, table
from syncer.prepare.reshape.work import Work

MOST_IN_MEMORY: Final = 200_000
_MEMORY: Final = 512 << 20
_LONGEST_LINE: Final = 1 << 16
_is_digest = re.compile(rb"[0-9a-fA-F]{64}").fullmatch
_LISTED: Final = (
    "read_csv({0}, columns={{digest: 'VARCHAR'}}, header=false, auto_detect=false, delim=',', quote='', escape='')"
)


def digests(path: Path) -> Iterator[bytes]:
    """Iterate over the listed digests, in lower case, in the order of the file.

    Raises PrepareError for a list that cannot be read, and for a line that is no digest: it names the line's number
    and does not show it.
    """
    try:
        with path.open("rb") as lines:
            yield from _digests(path, lines)
    except OSError as error:
        raise PrepareError(
            f"the suppress list {path} cannot be read",
            where=str(path),
            why=error.strerror or type(error).__name__,
            next_step="put the file there, or correct suppress.keys: without the list nothing is sent",
        ) from error


def _digests(path: Path, lines: IO[bytes]) -> Iterator[bytes]:
    number = 0
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        text = (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).strip()
        if _is_digest(text):
            yield text.lower()
        elif text and not text.startswith(b"#"):
            raise PrepareError(
                f"{path}:{number}: this line is no SHA-256 digest",
                where=f"{path}:{number}",
                why="a line that is skipped could be a person who must not be contacted",
                next_step="write 64 hexadecimal digits a line, or # before a comment",
            )


def suppress_digest(path: Path) -> str:
    """Return `sha256:<hex>` of the set that the file lists, whatever its order, letter case and comments.

    Raises PrepareError as `digests` does.
    """
    listed = digests(path)
    few = set(islice(listed, MOST_IN_MEMORY))
    if next(listed, None) is None:
        return "sha256:" + hashlib.sha256(b"".join(digest + b"\n" for digest in sorted(few))).hexdigest()
    with tempfile.TemporaryDirectory(prefix="syncer-") as folder:
        return _digest_of_many(path, Path(folder))


def _digest_of_many(path: Path, folder: Path) -> str:
    """Sort on disk what is too much for memory."""
    listed, ordered = folder / "listed", folder / "ordered"
    write_digests(path, listed)
    statement = f"COPY (SELECT DISTINCT digest FROM {_LISTED.format('?')} ORDER BY digest) TO ? ({LINES})"  # noqa: S608 - our own text; values are bound
    with connected(folder, memory_limit=_MEMORY) as connection:
        run(connection, statement, [literal_path(str(listed)), str(ordered)])
    return digest_of(ordered)[1]


def write_digests(path: Path, target: Path) -> None:
    """Write the listed digests in lower case, one a line. Raises PrepareError as `digests` does."""
    with target.open("wb") as lines:
        lines.writelines(digest + b"\n" for digest in digests(path))


def find_suppressed(work: Work, source: Readable, key: str, listed: Path, target: Path) -> None:
    """Write the numbers of the rows whose match key is in the column `key` and listed, one a line, ascending.

    `listed` is what `write_digests` wrote.
    """
    rows = table(work, source)
    statement = (
        f"COPY (SELECT DISTINCT number FROM (SELECT number, unnest({_spellings(rows, key)}) AS spelling "  # noqa: S608 - our own text; values are bound
        f"FROM {rows.rows}) WHERE sha256(spelling) IN "
        f"(SELECT digest FROM {_LISTED.format(rows.bound.bind(literal_path(str(listed))))}) "
        f"ORDER BY number) TO {rows.bound.bind(str(target))} ({LINES})"
    )
    with work.explaining():
        work.execute(statement, rows.bound.values)


def _spellings(rows: Table, key: str) -> str:
    """Return the SQL of a list of the texts that a row's match key may be listed by; it may hold nulls."""
    text = rows.text(key)
    spellings = f"[{text}, {normalised(text)}]"
    if rows.format == "jsonl":
        # The engine writes a number in its own way (1.10 as 1.1), so the line itself is asked.
        spellings = f"{spellings} || {raw_numbers(rows, key)}"
    return f"list_distinct({spellings})"
