"""Look at the first rows of a file of which nothing is known yet but its name."""

from __future__ import annotations

import codecs
import csv
import io
import shlex
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError, SourceError
from syncer.model.files import SourceFile
from syncer.model.spec import Column as MappedColumn
from syncer.model.spec import CsvOptions, Source, Spec, Target
from syncer.operations.init.header import check_names
from syncer.operations.init.values import Column
from syncer.source.found import NothingKnown
from syncer.source.sources import Sources, Wanted

ROWS: Final = 10_000
"""How many rows are looked at, at most."""
_HEAD_BYTES: Final = 1 << 16
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS: Final = (",", ";", "\t", "|")
_RECORDS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The columns of a file's first rows. `repeated` are names that stand twice or are empty, which nothing can map.

    `more` says that the file goes on. `delimiter` and `encoding` are those that the text looks like; comma and UTF-8
    for what is no CSV.
    """

    columns: tuple[Column, ...]
    repeated: tuple[str, ...]
    rows: int
    more: bool
    format: str
    delimiter: str = ","
    encoding: str = "utf-8"


def look_at(sources: Sources, source: Source) -> Looked:
    """Read the first rows of the one file of a source. No more of it is fetched than these take.

    Raises SourceError where there is no such file or it cannot be read, PrepareError where it is not what it should be,
    also where its columns seem to have values for names.
    """
    (uri,) = source.uris
    (found,) = sources.find_all([Wanted(source=source, known=NothingKnown())])
    if found.problem is not None:
        raise found.problem
    if len(found.files) != 1:
        what = f"{uri} names {len(found.files)} files" if found.files else f"there is no file {uri}"
        raise SourceError(what, next_step="name one file; relative paths start at the project")
    held = sources.pin(found.files[0], source)
    file = found.files[0] if held.location is not None else replace(found.files[0], opener=held.open)
    looked = _looked(file, source)
    held.verify()
    return looked


def _looked(file: SourceFile, source: Source) -> Looked:
    from syncer.prepare.head import head_of
    from syncer.prepare.reading import open_bytes

    delimiter, encoding = ",", "utf-8"
    if file.format == "csv":
        with open_bytes(file) as stream:
            delimiter, encoding = _dialect(stream.read(_HEAD_BYTES))
    options = CsvOptions(delimiter=delimiter, encoding=encoding)
    reading = Spec(
        version=1,
        name="init",
        source=source.model_copy(update={"csv": options}),
        target=Target(object="init"),
        mapping={"init": MappedColumn(to="init")},
    )
    with (
        tempfile.TemporaryDirectory(prefix="syncer-init-") as folder,
        head_of(file, reading, ROWS, Path(folder)) as head,
    ):
        types = _sql_types(head.file, Path(folder)) if file.format == "parquet" else {}
        check_names(file.path, head.columns, head.rows, is_csv=file.format == "csv")
        counted = Counter(head.columns)
        columns = tuple(
            Column(
                name=name,
                values=[row.get(name) for row in head.rows],
                format=file.format,
                sql_type=types.get(name, ""),
            )
            for name in counted
            if name and counted[name] == 1
        )
        repeated = tuple(name for name in counted if not name or counted[name] > 1)
        rows, more = len(head.rows), head.more
    if not columns:
        raise _nothing_to_map(file)
    return Looked(
        columns=columns,
        repeated=repeated,
        rows=rows,
        more=more,
        format=file.format,
        delimiter=delimiter,
        encoding=encoding,
    )


def _nothing_to_map(file: SourceFile) -> PrepareError:
    why, next_step = "its first line gives no column a name of its own", "export the file with a header"
    if file.format == "jsonl":
        why = f"none of its first {ROWS:,} lines is a JSON object"
        next_step = f"write one object a line; of an array: jq -c '.[]' {shlex.quote(file.path)} > FILE.jsonl"
    return PrepareError(
        f"{file.path} has no column that could be mapped", where=f"{file.path}:1", why=why, next_step=next_step
    )


def _sql_types(file: SourceFile, work_dir: Path) -> dict[str, str]:
    from syncer.prepare import parquet
    from syncer.prepare.engine import DEFAULT_MEMORY, connected
    from syncer.prepare.judge.parquet import types_of

    with connected(work_dir, memory_limit=DEFAULT_MEMORY, threads=1) as connection:
        return dict(zip(parquet.columns(file, work_dir), types_of(connection, file, None), strict=True))


def _dialect(head: bytes) -> tuple[str, str]:
    """Return the delimiter and the encoding that the beginning of a CSV file looks like."""
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if not encoding:
        decoder = codecs.getincrementaldecoder("utf-8")()
        encoding = "utf-8"
        try:
            decoder.decode(head)  # a character that is cut at the end is no error
        except UnicodeDecodeError:
            encoding = "windows-1252"
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")
    return max(_DELIMITERS, key=lambda each: _columns(text, each)), encoding


def _columns(text: str, delimiter: str) -> int:
    """Count the columns of the header, if most of the first rows have as many; the first delimiter wins a tie."""
    widths: list[int] = []
    with suppress(csv.Error):
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            widths += [len(record)] if record else []
            if len(widths) > _RECORDS:
                break
    alike = sum(1 for width in widths if width == widths[0])
    return widths[0] if widths and alike * 2 > len(widths) else 0
