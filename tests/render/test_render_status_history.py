"""Standings and histories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from syncer.model.events import Failure, Rejection, RowCounts
from syncer.model.repairs import Account
from syncer.render.history import history_json, history_markdown, history_text
from syncer.render.status import status_json, status_markdown, status_text

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Standing:
    name: str
    state: str
    reason: str
    last_import: datetime | None = NOW
    path: str = "specs/a.yaml"
    object: str = "profiles"
    imported: int = 1_200
    pending: int = 0
    rejects: Account = Account(rejected=3, repaired=1)  # noqa: RUF009 - frozen
    last_run: str | None = "run-1"
    owner: str | None = "@acme/crm"


@dataclass(frozen=True)
class Entry:
    outcome: str
    failure: Failure | None = None
    time: datetime = NOW
    event: str = "finished"
    spec: str = "crm"
    object: str = "profiles"
    path: str = "a.csv"
    import_id: str = "0123456789abcdef"
    generation: int = 1
    attempt: int = 1
    part: int = 1
    parts: int = 1
    run: str = "run-1"
    actor: str = "ada@host"
    job: str | None = "imp_1"
    rows: RowCounts | None = field(default_factory=lambda: RowCounts(read=9, valid=8, invalid=1, inserts=8))
    suppressed: int = 0
    quarantined: int = 0
    rejections: tuple[Rejection, ...] = (Rejection(reason="email: invalid", count=1, first_row=3),)
    rejects_file: str | None = ".syncer/rejects/a.jsonl"
    rejects: Account | None = Account(rejected=1, waived=1)  # noqa: RUF009 - frozen
    residual: tuple[str, ...] = ()
    correlation_id: str = "corr-1"
    seconds: Mapping[str, float] = field(default_factory=lambda: {"upload": 1.5})
    commit: str | None = "abc"


SPECS = (Standing("crm", "ok", "up to date"), Standing("web", "failing", "a.csv: | failed", None))
FAILED = Entry("failed", Failure(kind="final", code="CDP_ETL.X", message="no such field"))


def test_status_tells_why_only_where_it_has_to() -> None:
    """A spec that is fine takes one line; a failing one also says why and who is asked."""
    assert status_text(SPECS).splitlines() == [
        "spec  object    state    imported  pending  rejected rows  still open  last import (UTC)",
        "crm   profiles  ok          1,200        0              3           2  2026-11-23 02:00",
        "web   profiles  failing     1,200        0              3           2  never",
        "    a.csv: | failed (owner: @acme/crm)",
        "",
        "2 specs: 1 ok, 1 failing.",
    ]


def test_status_for_programs_and_pages() -> None:
    """JSON has a version and every fact; Markdown escapes what could end a cell."""
    document = json.loads(status_json(SPECS))

    assert document["format_version"] == 1
    assert document["specs"][1]["last_import"] is None
    assert document["specs"][0]["rejected_rows"] == 3
    assert document["specs"][0]["rejects"] == {"rejected": 3, "repaired": 1, "waived": 0, "replaced": 0, "open": 2}
    assert "a.csv: \\| failed" in status_markdown(SPECS)


def test_a_project_without_specs() -> None:
    """Nothing to tell is told."""
    assert status_text(()).endswith("No specs.")


def test_history_names_the_failure_below_its_line() -> None:
    """One line an end of an attempt, and the code and message of those that failed."""
    header, completed, failed, why = history_text((Entry("completed"), FAILED)).splitlines()

    assert header.startswith("time (UTC)")
    assert "completed" in completed
    assert "failed" in failed
    assert why == "    CDP_ETL.X: no such field"


def test_history_tells_everything_when_asked() -> None:
    """With -v an entry names import, run, actor, commit, correlation id, reasons and durations."""
    text = history_text((Entry("completed"),), verbose=True)

    for fact in ("0123456789abcdef", "run-1 by ada@host, commit abc", "corr-1", "email: invalid", "upload 1.5 s"):
        assert fact in text
    assert "    rejected rows since: 1 waived, 0 open" in text.splitlines()


def test_history_for_programs_and_pages() -> None:
    """JSON has a version and every fact; an empty history is an empty list, not an error."""
    document = json.loads(history_json((FAILED,)))

    assert document["format_version"] == 1
    assert document["entries"][0]["failure"]["code"] == "CDP_ETL.X"
    assert document["entries"][0]["rejects"]["waived"] == 1
    assert json.loads(history_json(()))["entries"] == []
    assert "**failed**" in history_markdown((FAILED,))
    assert history_text(()) == history_markdown(()) == "Nothing was recorded yet."
