"""What the check of the whole log found, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncer.model.audit import Anomaly
from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped
from syncer.render.next_step import next_step_lines
from syncer.render.style import PLAIN, Style


class Verification(Protocol):
    """What `syncer.operations.state_verify` found."""

    @property
    def lines(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def imports(self) -> int: ...
    @property
    def completed(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def anomalies(self) -> Sequence[Anomaly]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def clean(self) -> bool: ...


def verification_text(found: Verification, *, style: Style = PLAIN) -> str:
    """Return every problem and anomaly with its next command, and a line that counts what was checked."""
    told = [f"{style.red('unreadable:')} {shown(problem)}" for problem in found.problems]
    for anomaly in found.anomalies:
        told += [f"{style.red(anomaly.kind + ':')} {shown(anomaly.message)}", f"    {shown(where(anomaly))}"]
        told += next_step_lines(shown(anomaly.next_step), "    ")
    told += [f"{style.yellow('note:')} {shown(note)}" for note in found.notes]
    return "\n".join([*told, style.bold(summary(found))])


def where(anomaly: Anomaly) -> str:
    place = f"spec {anomaly.spec}, {anomaly.path}, import {anomaly.import_id}, generation {anomaly.generation}"
    return f"{place}, {'events' if len(anomaly.events) > 1 else 'event'} {', '.join(anomaly.events)}"


def summary(found: Verification) -> str:
    """Return "Clean: 12 lines, 4 imports, 4 completed, 2,000 rows." or what is wrong in numbers."""
    checked = (
        f"{counted(found.lines, 'line')}, {counted(found.imports, 'import')}, "
        f"{found.completed:,} completed, {counted(found.rows, 'row')}"
    )
    if found.clean:
        return f"Clean: {checked}."
    wrong = []
    if found.problems:
        wrong.append(counted(len(found.problems), "problem with its lines", "problems with its lines"))
    if found.anomalies:
        wrong.append(counted(len(found.anomalies), "anomaly", "anomalies"))
    return f"Not clean: {' and '.join(wrong)} in {checked}."


def verification_json(found: Verification) -> str:
    return json_text(
        {
            "clean": found.clean,
            "lines": found.lines,
            "events": found.events,
            "imports": found.imports,
            "completed": found.completed,
            "rows": found.rows,
            "problems": list(found.problems),
            "anomalies": [
                {
                    "kind": each.kind,
                    "message": each.message,
                    "next_step": each.next_step,
                    "spec": each.spec,
                    "path": each.path,
                    "import": each.import_id,
                    "generation": each.generation,
                    "events": list(each.events),
                }
                for each in found.anomalies
            ],
            "notes": list(found.notes),
        }
    )


def verification_markdown(found: Verification) -> str:
    told = [f"**{summary(found)}**", ""]
    told += [f"- {escaped(problem)}" for problem in found.problems]
    told += [
        f"- **{each.kind}**: {escaped(each.message)} ({escaped(where(each))}); {code(each.next_step)}"
        for each in found.anomalies
    ]
    told += [f"- note: {escaped(note)}" for note in found.notes]
    return "\n".join(told)
