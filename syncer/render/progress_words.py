"""One import under way, in words: what both kinds of progress display say."""

from __future__ import annotations

from syncer.apply.outcome import ImportOutcome
from syncer.apply.progress import Step
from syncer.model.events import RowCounts
from syncer.plan import PlannedImport
from syncer.render.layout import counted, lasted, number, shown
from syncer.values import format_size


def name_of(item: PlannedImport) -> str:
    return f"{shown(item.spec)}: {shown(item.file.path)}"


def step_words(step: Step, detail: str) -> str:
    return f"{step.value} ({shown(detail)})" if detail else step.value


def sent_words(done: int, total: int) -> str:
    return f"uploading {format_size(done)} of {format_size(total)}"


def polled_words(job: str, rows: RowCounts, seconds: float) -> str:
    read = f", {counted(rows.read, 'row')} read" if rows.read else ""
    return f"running for {lasted(seconds)}{read} ({shown(job)})"


def finished_words(outcome: ImportOutcome) -> str:
    """Say how it ended in one line; the whole story follows when the run is over."""
    if outcome.rows is not None and outcome.result == "completed":
        rows = outcome.rows
        invalid = f", {number(rows.invalid)} rejected" if rows.invalid else ""
        return f"completed: {counted(rows.valid, 'row')} imported{invalid}"
    return f"{outcome.result}: {shown(outcome.message)}" if outcome.message else outcome.result
