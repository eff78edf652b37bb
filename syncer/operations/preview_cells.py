"""The values of a preview: each as a text, with nothing but its shape left where values are not to be shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncer.model.spec import Spec
from syncer.prepare.read_back import Written

HASH: Final = "(hash)"
LONGEST: Final = 60
"""A longer value's shape is cut off there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One source column and the destination field that it becomes; None is a null, or a value that is not there.

    `column` is "" for what preparation adds, `field` for what never leaves.
    """

    column: str = ""
    before: str | None = None
    field: str = ""
    after: str | None = None


def cells_of(
    spec: Spec, before: Mapping[str, Any], after: Mapping[str, Any], *, texts: tuple[bool, bool], masked: bool
) -> Iterator[Cell]:
    """Yield a row's columns in the order of the file, then what is added.

    `texts` says of both sides whether they are CSV, where everything is text; else a text is shown in quotes. What the
    spec itself adds, the tag and the constants, is nobody's and never masked.
    """
    text_before, text_after = texts
    for column, value in before.items():
        mapped = spec.mapping.get(column)
        field = mapped.to if mapped is not None else ""
        sent = _shown(after.get(field), is_text=text_after, masked=masked)
        if masked and mapped is not None and mapped.mask is not None and sent is not None:
            sent = HASH
        shown = _shown(value, is_text=text_before, masked=masked)
        yield Cell(column=column, before=shown, field=field, after=sent)
    of_columns = {column.to for column in spec.mapping.values()}
    for field, value in after.items():
        if field not in of_columns:
            yield Cell(field=field, after=_shown(value, is_text=text_after, masked=False))


def shape(text: str) -> str:
    """Leave of a text what tells its format: `Ada@x.com 17` becomes `Xxx@x.xxx 99`. Its length stays, up to a limit."""
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return "".join(map(_shape, cut))


def _shape(letter: str) -> str:
    if letter.isdecimal():
        return "9"
    if letter.isalnum() or not letter.isascii():
        return "…" if letter == "…" else "X" if letter.isupper() else "x"
    return letter


def _shown(value: object, *, is_text: bool, masked: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and is_text:
        text = value
    elif isinstance(value, Written):
        text = value.text
    else:
        text = json.dumps(value, ensure_ascii=False)
    return shape(text) if masked else text
