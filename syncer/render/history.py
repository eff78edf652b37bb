"""What was imported, by whom, and what became of it, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from syncer.model.events import Failure, Rejection, RowCounts
from syncer.model.repairs import Account
from syncer.render.json_text import json_text
from syncer.render.layout import columns, lasted, moment, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.outcome_json import rejections_document, rows_document
from syncer.render.outcome_words import held_words, reason_lines, row_words
from syncer.render.rejects import account_document
from syncer.render.style import PLAIN, Style

_HEADER = ("time (UTC)", "event", "spec", "file", "read", "valid", "invalid", "job")
_RIGHT = frozenset({4, 5, 6})


class Entry(Protocol):
    """One event, as `syncer.operations.history` reads it from the log."""

    @property
    def time(self) -> datetime: ...
    @property
    def event(self) -> str: ...
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
    def attempt(self) -> int: ...
    @property
    def part(self) -> int: ...
    @property
    def parts(self) -> int: ...
    @property
    def run(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def job(self) -> str | None: ...
    @property
    def rows(self) -> RowCounts | None: ...
    @property
    def suppressed(self) -> int: ...
    @property
    def quarantined(self) -> int: ...
    @property
    def rejections(self) -> tuple[Rejection, ...]: ...
    @property
    def rejects_file(self) -> str | None: ...
    @property
    def rejects(self) -> Account | None: ...
    @property
    def failure(self) -> Failure | None: ...
    @property
    def residual(self) -> tuple[str, ...]: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def seconds(self) -> Mapping[str, float]: ...
    @property
    def commit(self) -> str | None: ...


def history_text(entries: Sequence[Entry], *, style: Style = PLAIN, verbose: bool = False) -> str:
    """Return one aligned line an event; `verbose` tells all that the log knows of each."""
    if not entries:
        return "Nothing was recorded yet."
    header, *lines = columns([_HEADER, *(_cells(each) for each in entries)], right=_RIGHT)
    told = [style.dim(header)]
    for each, line in zip(entries, lines, strict=True):
        told.append(style.red(line) if each.outcome == "failed" or each.residual else line)
        if each.failure is not None:
            told.append(f"    {shown(each.failure.code)}: {shown(each.failure.message)}")
        told += [f"    rows do not add up: {shown(words)}" for words in each.residual]
        if verbose:
            told += [f"    {shown(detail)}" for detail in _details(each)]
    return "\n".join(told)


def _cells(each: Entry) -> tuple[str, ...]:
    counts = (number(each.rows.read), number(each.rows.valid), number(each.rows.invalid)) if each.rows else ("",) * 3
    path = shown(each.path) + (f" (part {each.part} of {each.parts})" if each.parts > 1 else "")
    return moment(each.time), each.outcome or each.event, shown(each.spec), path, *counts, each.job or ""


def _details(each: Entry) -> Iterator[str]:
    yield f"import {each.import_id}, generation {each.generation}, attempt {each.attempt}, object {each.object}"
    yield f"run {each.run} by {each.actor}" + (f", commit {each.commit}" if each.commit else "")
    if each.correlation_id:
        yield f"correlation id {each.correlation_id}"
    if each.rows is not None:
        yield row_words(each.rows)
    if held := held_words(each.suppressed, each.quarantined):
        yield f"not sent: {held}"
    for count, reason in reason_lines(each.rejections):
        yield f"{count} rejected: {reason}" if count else reason
    if each.rejects_file:
        yield f"rejected rows: {each.rejects_file}"
    if each.rejects is not None:
        dealt_with = f"{each.rejects.dealt_with}, " if each.rejects.dealt_with else ""
        yield f"rejected rows since: {dealt_with}{number(each.rejects.open)} open"
    if each.seconds:
        yield ", ".join(f"{step} {lasted(seconds)}" for step, seconds in each.seconds.items())


def history_json(entries: Sequence[Entry]) -> str:
    return json_text({"entries": [_document(each) for each in entries]})


def _document(each: Entry) -> dict[str, Any]:
    failure = each.failure
    return {
        "time": each.time.isoformat(),
        "event": each.event,
        "outcome": each.outcome,
        "spec": each.spec,
        "object": each.object,
        "path": each.path,
        "import": each.import_id,
        "generation": each.generation,
        "attempt": each.attempt,
        "part": each.part,
        "parts": each.parts,
        "run": each.run,
        "actor": each.actor,
        "commit": each.commit,
        "job": each.job,
        "correlation_id": each.correlation_id,
        "rows": rows_document(each.rows),
        "suppressed": each.suppressed,
        "quarantined": each.quarantined,
        "rejections": rejections_document(each.rejections),
        "rejects_file": each.rejects_file,
        "rejects": account_document(each.rejects) if each.rejects is not None else None,
        "residual": list(each.residual),
        "adds_up": None if each.rows is None else not each.residual,
        "failure": {"kind": failure.kind, "code": failure.code, "message": failure.message} if failure else None,
        "seconds": dict(each.seconds),
    }


def history_markdown(entries: Sequence[Entry]) -> str:
    if not entries:
        return "Nothing was recorded yet."
    rows = []
    for each in entries:
        time, event, spec, path, read, valid, invalid, job = _cells(each)
        failure = [f"{each.failure.code}: {each.failure.message}"] if each.failure else []
        why = escaped("; ".join([*failure, *(f"rows do not add up: {words}" for words in each.residual)]))
        event = f"**{event}**" if each.outcome == "failed" or each.residual else event
        rows.append((time, event, code(spec), code(path), read, valid, invalid, code(job) if job else "", why))
    return "\n".join(table((*_HEADER, "why"), rows, right=_RIGHT))
