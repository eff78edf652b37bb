"""The order in which a spec's files are imported.

Later rows overwrite earlier ones on upsert, so the order is part of what an import means: it is total, and the same
on every machine.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TypeAlias

from syncer.model.files import SourceFile

NaturalKey: TypeAlias = tuple[str | int, ...]
OrderKey: TypeAlias = tuple[date, datetime, NaturalKey, str]

_NUMBER = re.compile(r"([0-9]+)")
_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def natural_key(path: str) -> NaturalKey:
    """Sort paths as people count: `part-2` before `part-10`, and a folder's files before those of a longer name.

    Text and numbers alternate, so keys always compare. Numbers of equal value compare equal (`01` and `1`); whoever
    needs a total order adds the path itself.
    """
    pieces: list[str | int] = list(_NUMBER.split(path.replace("/", "\0")))
    pieces[1::2] = map(int, pieces[1::2])
    return tuple(pieces)


def order_key(file: SourceFile, order: str = "path") -> OrderKey:
    """Sort key of a spec's `source.order`: the path's date first, then `path` (natural) or `modified`.

    A file whose path has no date comes before those that have one.
    """
    modified = file.modified if order == "modified" else _ANY_TIME
    return (file.date or date.min, modified, natural_key(file.path), file.path)
