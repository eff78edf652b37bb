"""Records of a JSONL artifact: of each object the mapped values, as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

import msgspec

from syncer.model.files import SourceFile
from syncer.prepare.judge.checks import NO_UNICODE, NOT_AN_OBJECT, NOT_JSON, Check, repeated_key
from syncer.prepare.judge.jsonl import JSON_SPACES, RAW_LINE, RepeatedKeyError, strict_decoder
from syncer.prepare.judge.judgement import json_text
from syncer.prepare.layout import missing_column
from syncer.prepare.reading import MAX_RECORD_BYTES, broken, open_bytes
from syncer.prepare.records.row import Row, key_of, record_of
from syncer.prepare.stopping import Stop

DEEPEST: Final = 100
"""A JSON parser may refuse the whole request for a value that is nested deeper."""

_decode = strict_decoder()


def rows_of(file: SourceFile, checks: Sequence[Check], *, stop: Stop | None) -> Iterator[Row]:
    """Yield every line. Raises PrepareError for a file that is cut off or not UTF-8, or lacks a mapped key."""
    met: set[str] = set()
    any_object = False
    keys = [key_of(check.field) for check in checks]
    with open_bytes(file, stop=stop) as stream:
        for number, line in enumerate(_lines(file, stream), 1):
            row = _read(file, number, line)
            if isinstance(row, Row):
                yield row
                continue
            any_object = True
            met.update(row)
            yield _row(number, line, row, checks, keys)
    missing = next((check.column for check in checks if check.column not in met), None)
    if any_object and missing is not None:
        raise missing_column(file.path, missing, sorted(met))


def _lines(file: SourceFile, stream: IO[bytes]) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise broken(file, number, "this line is longer than 64 MiB")
        yield line


def _read(file: SourceFile, number: int, line: bytes) -> dict[str, Any] | Row:
    """Return the line's object, or the row that is none."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise broken(file, number, "this line is not UTF-8", "export the file as UTF-8") from error
    raw = {RAW_LINE: text.removesuffix("\n")}
    try:
        found = _decode(text)
    except RepeatedKeyError as error:
        return Row(number, raw, refusal=repeated_key(error.args[0]))
    except (ValueError, RecursionError) as error:
        if not line.endswith(b"\n"):
            raise broken(file, number, "the last line is cut off") from error
        return Row(number, raw, refusal=NOT_JSON)
    return found if isinstance(found, dict) else Row(number, raw, refusal=NOT_AN_OBJECT)


def _row(number: int, line: bytes, found: dict[str, Any], checks: Sequence[Check], keys: Sequence[bytes]) -> Row:
    # Outside texts, where it cannot be, a return is a space; readers that split lines there shall not.
    source = line.replace(b"\r", b" ").strip(JSON_SPACES)
    for check in checks:
        refusal = _unfit(check, found.get(check.column))
        if refusal is not None:
            return Row(number, source, refusal=refusal)
    written = _written(line)
    values = [_value(check.column, found, written) for check in checks]
    return Row(number, source, record_of(keys, values))


def _unfit(check: Check, value: object) -> str | None:
    """Say why no request can hold the value, or None."""
    if isinstance(value, (str, dict, list)):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return check.about(NO_UNICODE)
        if _depth(value) > DEEPEST:
            return check.about("nested too deeply") if check.kind == "anything" else check.refusal
    return None


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [inner for outer in level for inner in _inner(outer)]:
        depth += 1
    return depth


def _inner(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _written(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):  # it is more particular about some values than JSON is
        return {}


def _value(column: str, found: dict[str, Any], written: dict[str, msgspec.Raw]) -> bytes:
    if column not in found:
        return b"null"
    return bytes(written[column]) if column in written else json_text(found[column])
