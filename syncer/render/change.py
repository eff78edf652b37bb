"""What an operator's command did to the log and what the next plan makes of it, in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped
from syncer.render.style import PLAIN, Style

_MOST_FORECASTS = 20


class Touched(Protocol):
    @property
    def word(self) -> str: ...
    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def job(self) -> str | None: ...


class LeftAlone(Protocol):
    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Expected(LeftAlone, Protocol):
    @property
    def action(self) -> str: ...


class Change(Protocol):
    """What a command did, as `syncer.operations.change` has it."""

    @property
    def verb(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def touched(self) -> Sequence[Touched]: ...
    @property
    def left(self) -> Sequence[LeftAlone]: ...
    @property
    def expected(self) -> Sequence[Expected]: ...
    @property
    def dry_run(self) -> bool: ...


class MergedFile(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def events(self) -> int: ...
    @property
    def lacking(self) -> int: ...
    @property
    def notes(self) -> Sequence[str]: ...


class Merge(Protocol):
    """What `state merge` did, as `syncer.operations.state_write` has it."""

    @property
    def files(self) -> Sequence[MergedFile]: ...
    @property
    def added(self) -> int: ...
    @property
    def open_jobs(self) -> Sequence[str]: ...


def change_text(change: Change, *, style: Style = PLAIN) -> str:
    """Return one line an event, what was left alone, and what the next plan does with each file."""
    return "\n".join(_lines(change, style))


def _lines(change: Change, style: Style) -> Iterator[str]:
    for each in change.touched:
        job = f", job {each.job}" if each.job else ""
        yield (
            f"{style.green(each.word)} {shown(each.path)}  "
            + style.dim(f"spec {shown(each.spec)}, import {each.import_id}, generation {each.generation}{job}")
        )
    for left in change.left:
        yield f"{style.yellow('left alone:')} {shown(left.path)}: {shown(left.reason)}"
    yield style.bold(outcome(change))
    for expected in change.expected[:_MOST_FORECASTS]:
        yield f"next plan: {shown(expected.path)}: {_forecast(expected)}"
    more = Counter(each.action or "nothing" for each in change.expected[_MOST_FORECASTS:])
    if more:
        yield f"next plan, of the others: {', '.join(f'{count:,} {action}' for action, count in more.items())}"


def _forecast(each: Expected) -> str:
    return f"{each.action} ({shown(each.reason)})" if each.action else f"nothing ({each.reason})"


def outcome(change: Change) -> str:
    """Return "Written: 2 events." or that there was nothing to write."""
    if not change.touched:
        return "Nothing to do: nothing was written."
    count = counted(len(change.touched), "event")
    return f"Dry run: {count} would be written." if change.dry_run else f"Written: {count}."


def change_json(change: Change) -> str:
    return json_text(
        {
            "verb": change.verb,
            "reason": change.reason,
            "dry_run": change.dry_run,
            "touched": [
                {
                    "event": each.word,
                    "spec": each.spec,
                    "path": each.path,
                    "import": each.import_id,
                    "generation": each.generation,
                    "job": each.job,
                }
                for each in change.touched
            ],
            "left_alone": [{"spec": each.spec, "path": each.path, "reason": each.reason} for each in change.left],
            "next_plan": [
                {"spec": each.spec, "path": each.path, "action": each.action or None, "reason": each.reason}
                for each in change.expected
            ],
        }
    )


def change_markdown(change: Change) -> str:
    told = [f"**{outcome(change)}**", ""]
    told += [
        f"- {each.word} {code(each.path)} (spec {code(each.spec)}, import {code(each.import_id)}, "
        f"generation {each.generation})"
        for each in change.touched
    ]
    told += [f"- left alone: {code(each.path)}: {escaped(each.reason)}" for each in change.left]
    told += [f"- next plan: {code(each.path)}: {escaped(_forecast(each))}" for each in change.expected]
    return "\n".join(told)


def merge_text(done: Merge, *, style: Style = PLAIN) -> str:
    """Return what came out of each file, how many events are new, and which jobs are to be taken up."""
    return "\n".join([*_merged(done), style.bold(merge_summary(done)), *_open(done)])


def _merged(done: Merge) -> Iterator[str]:
    for each in done.files:
        yield f"{shown(each.name)}: {counted(each.events, 'event')}, {each.lacking:,} of them new"
        yield from (f"    note: {shown(note)}" for note in each.notes)


def merge_summary(done: Merge) -> str:
    return f"Added: {counted(done.added, 'event')}." if done.added else "Nothing to do: nothing was written."


def _open(done: Merge) -> Iterator[str]:
    if done.open_jobs:
        yield f"The next run asks the API for the end of: {', '.join(map(shown, done.open_jobs))}"


def merge_json(done: Merge) -> str:
    files = [
        {"name": each.name, "events": each.events, "new": each.lacking, "notes": list(each.notes)}
        for each in done.files
    ]
    return json_text({"added": done.added, "files": files, "open_jobs": list(done.open_jobs)})


def merge_markdown(done: Merge) -> str:
    told = [escaped(line.strip()) for line in (*_merged(done), *_open(done))]
    return "\n".join([f"**{merge_summary(done)}**", "", *(f"- {line}" for line in told)])
