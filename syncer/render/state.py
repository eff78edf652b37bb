"""Where imports stand in the log, and all that it says of one, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from syncer.model.events import (
    AnyEvent,
    ArtifactFacts,
    Baselined,
    Claimed,
    Finished,
    Forgotten,
    Resolved,
    Submitted,
    Waived,
)
from syncer.render.json_text import json_text
from syncer.render.layout import columns, counted, lasted, moment, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.outcome_words import reason_lines, row_words
from syncer.render.style import PLAIN, Style
from syncer.values import format_size

_HEADER = ("spec", "file", "import", "gen", "standing", "attempts", "job", "rows", "time (UTC)")
_RIGHT = frozenset({3, 5, 7})
_STANDING = 4
NOTHING = "The log holds no such import."


class Entry(Protocol):
    """One generation of an import, as `syncer.operations.state_read` gives it."""

    @property
    def spec(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def standing(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def attention(self) -> bool: ...
    @property
    def attempts(self) -> int: ...
    @property
    def job(self) -> str | None: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def time(self) -> datetime: ...


class Record(Protocol):
    """All of one import, as `syncer.operations.state_read` gives it."""

    @property
    def spec(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def generations(self) -> Sequence[Entry]: ...
    @property
    def events(self) -> Sequence[AnyEvent]: ...


def list_text(entries: Sequence[Entry], *, style: Style = PLAIN) -> str:
    """Return one aligned line an import, and below it why, where its standing does not say it."""
    if not entries:
        return NOTHING
    header, *lines = columns([_HEADER, *(_cells(each) for each in entries)], right=_RIGHT)
    told = [style.dim(header)]
    for each, line in zip(entries, lines, strict=True):
        told.append(style.red(line) if each.attention else line)
        if each.reason:
            told.append(f"    {'needs attention: ' if each.attention else ''}{shown(each.reason)}")
    return "\n".join(told)


def _cells(each: Entry) -> tuple[str, ...]:
    return (
        shown(each.spec),
        shown(each.path),
        each.import_id,
        str(each.generation),
        each.standing,
        str(each.attempts),
        each.job or "",
        "" if each.rows is None else number(each.rows),
        moment(each.time),
    )


def list_json(entries: Sequence[Entry]) -> str:
    return json_text({"imports": [entry_document(each) for each in entries]})


def entry_document(each: Entry) -> dict[str, Any]:
    return {
        "spec": each.spec,
        "object": each.object,
        "path": each.path,
        "import": each.import_id,
        "generation": each.generation,
        "standing": each.standing,
        "reason": each.reason,
        "attention": each.attention,
        "attempts": each.attempts,
        "job": each.job,
        "rows": each.rows,
        "time": each.time.isoformat(),
    }


def list_markdown(entries: Sequence[Entry]) -> str:
    if not entries:
        return NOTHING
    rows = []
    for each in entries:
        spec, path, import_id, generation, standing, attempts, job, count, time = _cells(each)
        standing = f"**{standing}**" if each.attention else standing
        job = code(job) if job else ""
        cells = (code(spec), code(path), code(import_id), generation, standing, attempts, job, count, time)
        rows.append((*cells, escaped(each.reason)))
    return "\n".join(table((*_HEADER, "why"), rows, right=_RIGHT))


def record_text(record: Record, *, style: Style = PLAIN) -> str:
    """Return everything about one import: how each generation stands, then every event with who and when."""
    told = [
        f"{style.bold(record.import_id)}  {shown(record.path)}",
        f"spec {shown(record.spec)}, object {shown(record.object)}, version {shown(record.fingerprint)}",
    ]
    for each in record.generations:
        line = f"generation {each.generation}: {each.standing}" + (f" ({shown(each.reason)})" if each.reason else "")
        told.append(style.red(line) if each.attention else line)
    for event in record.events:
        name = type(event).__name__.lower()
        told += ["", f"{event.time:%Y-%m-%d %H:%M:%S} UTC  {style.bold(name)}  {style.dim(f'event {event.id}')}"]
        place = f"generation {event.generation}, part {event.part}, attempt {event.attempt}"
        told += [f"    {shown(line)}" for line in (f"run {event.run} by {event.actor}; {place}", *_facts(event))]
    return "\n".join(told)


def _facts(event: AnyEvent) -> Iterator[str]:
    match event:
        case Claimed():
            yield f"epoch {event.epoch}, leased until {moment(event.lease)} UTC, file of {format_size(event.size)}"
            if event.batch:
                yield f"batch {event.batch}"
            if event.repairs:
                yield f"sends the rejected rows of import {event.repairs} once more"
        case Submitted():
            yield f"job {event.job}, epoch {event.epoch}"
            yield from _artifact(event.artifact)
        case Finished():
            yield from _end(event)
        case Resolved():
            yield f"job {event.job} declared: {event.decision}; {event.reason}"
        case Waived():
            yield f"{counted(event.rows, 'rejected row')} accepted: {event.reason}"
        case Baselined() | Forgotten():
            yield event.reason
    correlation_id = event.correlation_id if isinstance(event, (Submitted, Finished)) else ""
    if correlation_id:
        yield f"correlation id {correlation_id}"


def _artifact(artifact: ArtifactFacts) -> Iterator[str]:
    rows = "" if artifact.rows is None else f"{counted(artifact.rows, 'row')}, "
    yield f"left: {rows}{format_size(artifact.size)} as {artifact.file_name}, {artifact.digest}"
    yield f"columns: {', '.join(artifact.columns)}"


def _end(event: Finished) -> Iterator[str]:
    yield event.outcome + (f", job {event.job}" if event.job else ", before a job was permitted")
    if event.failure is not None:
        yield f"{event.failure.code}: {event.failure.message} ({event.failure.kind})"
    if event.rows is not None:
        yield row_words(event.rows)
    for count, reason in reason_lines(event.rejections):
        yield f"{count} rejected: {reason}" if count else reason
    if event.rejects_file:
        yield f"rejected rows: {event.rejects_file}"
    if event.seconds:
        yield ", ".join(f"{step} {lasted(seconds)}" for step, seconds in event.seconds.items())
    if event.commit:
        yield f"specs at commit {event.commit}"


def record_json(record: Record) -> str:
    return json_text(
        {
            "import": record.import_id,
            "spec": record.spec,
            "object": record.object,
            "path": record.path,
            "fingerprint": record.fingerprint,
            "generations": [entry_document(each) for each in record.generations],
            "events": [msgspec.to_builtins(event) for event in record.events],
        }
    )


def record_markdown(record: Record) -> str:
    told = [f"### {code(record.import_id)} {code(record.path)}", ""]
    told += [f"spec {code(record.spec)}, object {code(record.object)}, version {code(record.fingerprint)}", ""]
    told += [
        f"- generation {each.generation}: **{each.standing}** {escaped(each.reason)}" for each in record.generations
    ]
    rows = [
        (
            f"{event.time:%Y-%m-%d %H:%M:%S}",
            type(event).__name__.lower(),
            f"{event.generation}",
            f"{event.attempt}",
            escaped(f"{event.run} by {event.actor}"),
            escaped("; ".join(_facts(event))),
        )
        for event in record.events
    ]
    told += ["", *table(("time (UTC)", "event", "gen", "attempt", "run", "what"), rows, right=frozenset({2, 3}))]
    return "\n".join(told)
