"""Which rows would be rejected, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from syncer.model.events import Rejection
from syncer.render.json_text import json_text
from syncer.render.layout import counted, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

_MOST_REASONS = 10


class FileCheck(Protocol):
    """One file that was checked, as `syncer.operations.check` tells it."""

    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def suppressed(self) -> int: ...
    @property
    def quarantined(self) -> int: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def reasons(self) -> tuple[Rejection, ...]: ...
    @property
    def rejects(self) -> Path | None: ...
    @property
    def fields_known(self) -> bool: ...
    @property
    def fields_from(self) -> str: ...
    @property
    def problem(self) -> str: ...
    @property
    def over(self) -> str: ...


def check_text(files: Sequence[FileCheck], problems: Sequence[str], *, style: Style = PLAIN) -> str:
    """Return a paragraph a file: how many rows would be rejected, why, and where the rows are."""
    lines: list[str] = []
    for file in files:
        lines += [f"{style.bold(shown(file.spec))}  {shown(file.path)}", *_told(file, style), ""]
    lines += [style.red(f"! {shown(problem)}") for problem in problems]
    return "\n".join([*lines, style.bold(summary(files))])


def _told(file: FileCheck, style: Style) -> Iterator[str]:
    if file.problem:
        yield f"  {style.red('cannot be prepared:')} {shown(file.problem)}"
        return
    words = f"{counted(file.rows, 'row')}, {_verdict(file)}"
    yield f"  {style.yellow(words) if file.invalid else style.green(words)}"
    for reason in file.reasons[:_MOST_REASONS]:
        yield f"    {number(reason.count)}  {shown(reason.reason)} (first in row {number(reason.first_row)})"
    if len(file.reasons) > _MOST_REASONS:
        yield f"    and {counted(len(file.reasons) - _MOST_REASONS, 'more reason')}"
    if file.rejects is not None:
        yield f"  the rows themselves: {shown(str(file.rejects))}"
    for warning in file.warnings:
        yield f"  {style.yellow('warning:')} {shown(warning)}"
    if file.over:
        yield f"  {style.red(f'does not pass: {file.over}')}"
    if file.fields_from == "snapshot":
        yield f"  {style.dim('judged by the committed snapshot of the fields: the platform was not asked')}"
    if not file.fields_known:
        yield f"  {style.dim('judged by the types of the mapping alone: the fields of the object are not known')}"


def _verdict(file: FileCheck) -> str:
    """Say what would become of the rows: "3 suppressed, 12 would be held back"."""
    suppressed = f"{number(file.suppressed)} suppressed, " if file.suppressed else ""
    return f"{suppressed}{number(file.invalid)} would be {'held back' if file.quarantined else 'rejected'}"


def summary(files: Sequence[FileCheck]) -> str:
    """Return the last line: "3 files checked: 1,204 rows, 2 would be rejected."."""
    rows, invalid = sum(file.rows for file in files), sum(file.invalid for file in files)
    if not files:
        return "Nothing is pending; name a file with --file to check it all the same."
    return f"{counted(len(files), 'file')} checked: {counted(rows, 'row')}, {number(invalid)} would be rejected."


def check_json(files: Sequence[FileCheck], problems: Sequence[str], exit_code: int) -> str:
    return json_text(
        {
            "exit_code": exit_code,
            "problems": list(problems),
            "files": [
                {
                    "spec": file.spec,
                    "path": file.path,
                    "rows": file.rows,
                    "invalid": file.invalid,
                    "suppressed": file.suppressed,
                    "quarantined": file.quarantined,
                    "reasons": [
                        {"reason": each.reason, "count": each.count, "first_row": each.first_row}
                        for each in file.reasons
                    ],
                    "rejects": str(file.rejects) if file.rejects is not None else None,
                    "fields_known": file.fields_known,
                    "fields_from": file.fields_from,
                    "warnings": list(file.warnings),
                    "problem": file.problem,
                    "over": file.over,
                }
                for file in files
            ],
        }
    )


def check_markdown(files: Sequence[FileCheck], problems: Sequence[str]) -> str:
    rows = []
    for file in files:
        reasons = [f"{number(each.count)} x {escaped(each.reason)}" for each in file.reasons[:_MOST_REASONS]]
        found = [escaped(file.problem)] if file.problem else reasons
        over = [escaped(warning) for warning in file.warnings]
        over += [f"**{escaped(file.over)}**"] if file.over else []
        rows.append((escaped(file.spec), code(file.path), number(file.rows), _verdict(file), "<br>".join(found + over)))
    head = ("spec", "file", "rows", "of them", "why")
    told = [f"- {escaped(problem)}" for problem in problems]
    return "\n".join([f"**{summary(files)}**", "", *(table(head, rows) if rows else ()), *told])
