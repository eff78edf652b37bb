"""Plans and outcomes made by hand, and the golden files that show how they are rendered."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.model.events import Rejection, RowCounts
from syncer.model.files import SourceFile
from syncer.model.samples import RowEstimate, Sample
from syncer.plan import Action, Filters, Plan, PlannedImport, Refusal, SpecPlan

GOLDEN = Path(__file__).with_name("golden")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MakeItem = Callable[..., PlannedImport]
CheckGolden = Callable[[str, str], None]


def make_item(action: Action, path: str, reason: str, *, spec: str = "crm-profiles", **more: Any) -> PlannedImport:
    file = SourceFile(
        path=path,
        location=path,
        size=more.pop("size", 1_234_567),
        modified=NOW,
        fingerprint="sha256:0f",
        format="csv",
        date=date(2026, 11, 22),
        rows=more.pop("rows", None),
    )
    return PlannedImport(
        action=action,
        reason=reason,
        spec=spec,
        spec_digest="d1",
        preparation="p1",
        object=more.pop("object", "profiles"),
        file=file,
        import_id="0123456789abcdef",
        generation=1,
        **more,
    )


@pytest.fixture(scope="session")
def item() -> MakeItem:
    return make_item


@pytest.fixture
def golden() -> CheckGolden:
    """Hold a text against its file; with UPDATE_GOLDEN set, write the file instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
        assert text + "\n" == path.read_text("utf-8")

    return check


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Every action, a spec that is gone, a refusal, a warning, attention, rows known and not."""
    estimate = Sample(rows=RowEstimate(1_204_331, exact=False))
    imports = (
        make_item(
            Action.RESUME, "old/a.csv", "job imp_9 was permitted by a spec that is gone", spec="old", job="imp_9"
        ),
        make_item(Action.IMPORT, "exports/profiles-1.csv", "new file", rows=2_000),
        make_item(Action.REIMPORT, "exports/profiles-2.csv", "changed since it was imported on 2026-11-01", rows=17),
        make_item(
            Action.RETRY, "exports/profiles-3.csv", "attempt 1 of 3 failed with CDP_ETL.IMPORT.X: busy", sample=estimate
        ),
        make_item(Action.WAIT, "exports/profiles-4.csv", "run r1 holds it until 2026-11-23 02:30 UTC"),
        make_item(Action.BLOCKED, "exports/profiles-5.csv", "the file is empty", size=0, attention=True),
        make_item(Action.SKIP, "exports/profiles-6.csv", "imported on 2026-11-01 by job imp_1", imported=True),
        make_item(Action.SKIP, "exports/profiles-7.csv", "before --since 2026-11-20"),
        make_item(
            Action.IMPORT,
            "exports/顧客|`x`.csv",
            "new file",
            spec="orders",
            object="orders",
            after=("crm-profiles",),
            advice="12.0 GB: split files over 10 GB",
            sample=Sample(problem="the file is damaged gzip"),
        ),
    )
    return Plan(
        created=NOW,
        workspace="prod",
        filters=Filters(),
        specs=(
            SpecPlan(
                name="crm-profiles",
                path="specs/crm-profiles.yaml",
                digest="d1",
                object="profiles",
                notes=("separated by semicolons, as the headers of 2 files show",),
            ),
            SpecPlan(name="orders", path="specs/orders.yaml", digest="d2", object="orders"),
            SpecPlan(
                name="empty",
                path="specs/empty.yaml",
                digest="d3",
                object="products",
                problem="exports/ cannot be listed",
                warnings=("no file matches none/*.csv",),
            ),
        ),
        imports=imports,
        refusals=(
            Refusal(
                spec="crm-profiles",
                setting="limits.files: 2",
                reason="3 files are pending",
                override="raise it in specs/crm-profiles.yaml, or allow this one run: --over-limits crm-profiles",
            ),
        ),
        warnings=("an unfinished line of state/orders.jsonl was set aside",),
        undecided=frozenset({"orders"}),
    )


@pytest.fixture
def outcome(plan: Plan) -> RunOutcome:
    """One import of every kind of end."""
    runnable = plan.runnable
    return RunOutcome(
        "run-1",
        (
            ImportOutcome(
                item=runnable[1],
                result="completed",
                job="imp_1",
                correlation_id="corr-1",
                rows=RowCounts(read=2_000, valid=1_988, invalid=12, inserts=1_500, updates=488),
                rejections=tuple(
                    Rejection(reason=f"email: reason {n}", count=13 - n, first_row=n) for n in range(1, 13)
                ),
                rejects_file=".syncer/rejects/crm-profiles/a.jsonl",
                warnings=("2,001 rows were sent and 2,000 were read",),
            ),
            ImportOutcome(
                item=runnable[2],
                result="failed",
                job="imp_2",
                correlation_id="corr-2",
                message="CDP_ETL.VALIDATION.X: no such field <b>",
                next_step="check it: syncer validate --online",
            ),
            ImportOutcome(item=runnable[3], result="held", message="held behind exports/profiles-2.csv"),
            ImportOutcome(
                item=runnable[4],
                result="completed",
                job="imp_3",
                rows=RowCounts(read=1, valid=1, invalid=0, inserts=1, updates=0),
            ),
        ),
        problems=("empty: exports/ cannot be listed",),
    )
