"""The order in which a spec's files are imported.

Later rows overwrite earlier ones on upsert, so the order is part of what an import means: it is total, and the same
on every machine.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TypeAlias

from syncer.model.files import SourceFile

OrderKey: TypeAlias = tuple[date, datetime, str, str]

_NUMBER = re.compile(r"0*([0-9]+)")
_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def natural_key(path: str) -> str:
    """Sort paths as people count: `part-2` before `part-10`, and a folder's files before those of a longer name.

    Numbers of equal value compare equal (`01` and `1`); whoever needs a total order adds the path itself. The key is
    one text hardly longer than the path, since a listing is sorted with all of its keys in memory: a number is written
    as a character lower than any of a path, then its length, then its digits.
    """
    return _NUMBER.sub(_number, path.replace("/", "\1"))


def _number(match: re.Match[str]) -> str:
    digits = match[1]
    return f"\0{chr(len(digits))}{digits}"


def order_key(file: SourceFile, order: str = "path") -> OrderKey:
    """Sort key of a spec's `source.order`: the path's date first, then `path` (natural) or `modified`.

    A file whose path has no date comes before those that have one.
    """
    return key_of(file.path, file.date, file.modified, order)


def key_of(path: str, day: date | None, modified: datetime, order: str = "path") -> OrderKey:
    """Sort key of a file of which only these facts are known; see `order_key`."""
    return (day or date.min, modified if order == "modified" else _ANY_TIME, natural_key(path), path)
