"""The first rows of a file before and after preparation, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from syncer.render.json_text import json_text
from syncer.render.layout import columns, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

NULL: Final = "(null)"
STAYS: Final = "(stays here)"
_FATES: Final = {
    "rejected": "would be sent and rejected",
    "quarantined": "held back, because it would be rejected",
    "suppressed": "never leaves",
}


class Cell(Protocol):
    """One column before and after, as `syncer.operations.preview_cells` tells it."""

    @property
    def column(self) -> str: ...
    @property
    def before(self) -> str | None: ...
    @property
    def field(self) -> str: ...
    @property
    def after(self) -> str | None: ...


class PreviewRow(Protocol):
    """One row, as `syncer.operations.preview` tells it."""

    @property
    def number(self) -> int: ...
    @property
    def fate(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def cells(self) -> Sequence[Cell]: ...


class Preview(Protocol):
    """The first rows of one file, as `syncer.operations.preview` tells them."""

    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def source_format(self) -> str: ...
    @property
    def sent_format(self) -> str: ...
    @property
    def masked(self) -> bool: ...
    @property
    def rows(self) -> Sequence[PreviewRow]: ...
    @property
    def more(self) -> bool: ...
    @property
    def fields_known(self) -> bool: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def problem(self) -> str: ...
    @property
    def exit_code(self) -> int: ...


def preview_text(preview: Preview, *, style: Style = PLAIN) -> str:
    """Return a paragraph a row: each column with its value on the left, the field and what is sent on the right."""
    lines = [f"{style.bold(shown(preview.spec))}  {shown(preview.path)}  {style.dim(_formats(preview))}", ""]
    for row in preview.rows:
        lines += [_headline(row, style), *(f"  {line}" for line in columns([*_lines(row)])), ""]
    if preview.problem:
        lines += [f"{style.red('cannot be prepared:')} {shown(preview.problem)}"]
    lines += [style.dim(shown(note)) for note in _notes(preview)]
    return "\n".join([*lines, style.bold(summary(preview))])


def summary(preview: Preview) -> str:
    """Return the last line: "The first 5 rows, values masked; nothing was sent."."""
    masked = ", values masked (--unmasked shows them)" if preview.masked else ""
    return f"{_extent(len(preview.rows), more=preview.more)}{masked}; nothing was sent."


def _extent(count: int, *, more: bool) -> str:
    if not count:
        return "No rows"
    if count == 1:
        return "The first row" if more else "The only row"
    return f"The first {number(count)} rows" if more else f"All {number(count)} rows"


def preview_json(preview: Preview) -> str:
    return json_text(
        {
            "exit_code": preview.exit_code,
            "spec": preview.spec,
            "path": preview.path,
            "source_format": preview.source_format,
            "sent_format": preview.sent_format,
            "masked": preview.masked,
            "more": preview.more,
            "fields_known": preview.fields_known,
            "notes": list(preview.notes),
            "problem": preview.problem,
            "rows": [
                {
                    "number": row.number,
                    "fate": row.fate,
                    "why": row.why,
                    "cells": [
                        {"column": cell.column, "before": cell.before, "field": cell.field, "after": cell.after}
                        for cell in row.cells
                    ],
                }
                for row in preview.rows
            ],
        }
    )


def preview_markdown(preview: Preview) -> str:
    lines = [f"**{escaped(preview.spec)}** {code(preview.path)}: {escaped(summary(preview))}"]
    if preview.problem:
        lines += ["", f"**cannot be prepared:** {escaped(preview.problem)}"]
    for row in preview.rows:
        cells = [
            (escaped(column), code(before) if before else "", escaped(field), code(after) if after else "")
            for column, before, _, field, after in _lines(row)
        ]
        lines += ["", escaped(_headline(row, PLAIN)), "", *table(("column", "value", "field", "sent"), cells)]
    notes = [f"- {escaped(note)}" for note in _notes(preview)]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _formats(preview: Preview) -> str:
    if preview.sent_format in ("", preview.source_format):
        return preview.source_format
    return f"{preview.source_format}, sent as {preview.sent_format}"


def _headline(row: PreviewRow, style: Style) -> str:
    fate = _FATES.get(row.fate)
    told = f"row {number(row.number)}"
    if fate is None:
        return style.bold(told)
    return f"{style.bold(told)}  {style.yellow(fate + (f': {shown(row.why)}' if row.why else ''))}"


def _lines(row: PreviewRow) -> Iterator[tuple[str, str, str, str, str]]:
    leaves = row.fate in ("sent", "rejected")
    for cell in row.cells:
        before = _value(cell.before) if cell.column else ""
        if not cell.field:
            yield shown(cell.column), before, "", STAYS, ""
        elif leaves:
            yield shown(cell.column), before, "→", shown(cell.field), _value(cell.after)
        else:
            yield shown(cell.column), before, "", "", ""


def _value(text: str | None) -> str:
    return NULL if text is None else shown(text)


def _notes(preview: Preview) -> Iterator[str]:
    yield from preview.notes
    if preview.rows and not preview.problem and not preview.fields_known:
        yield "judged by the types of the mapping alone: the fields of the object are not known"
