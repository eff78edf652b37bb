"""The permit is compare-and-swap: it holds on the exact log that it was checked on, or nothing is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from syncer.model.events import AnyEvent, ArtifactFacts, Baselined, Claimed, Finished, Submitted
from syncer.operations.apply import apply
from syncer.state.store import LocalStore
from tests.apply.workspace import INIT, MAPPING, ORDERS, START, Hurried, Noted, Workspace, only, results, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncer.emulator.faults import Fault
    from syncer.plan import Plan

    Rival = Callable[[dict[str, Any]], AnyEvent]

ARTIFACT = ArtifactFacts(digest="d", size=1, columns=("id",), file_name="a.csv")


def about(claim: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what every event says of the claimed import, as another run would write it."""
    names = ("spec", "workspace", "object", "path", "fingerprint", "generation")
    return {
        **{name: claim[name] for name in names},
        "import_id": claim["import"],
        "time": datetime.now(UTC),
        "run": "another-run",
        "actor": "somebody else",
        **changes,
    }


def claimed(claim: dict[str, Any], **changes: Any) -> Claimed:
    given = {"epoch": claim["epoch"] + 1, "size": 1, "spec_digest": "x", "preparation": claim["preparation"], **changes}
    lease = datetime.now(UTC) + timedelta(minutes=30)
    return Claimed(**about(claim), modified=datetime.now(UTC), lease=lease, **given)


def submitted(claim: dict[str, Any], job: str, **changes: Any) -> Submitted:
    return Submitted(**about(claim, **changes), epoch=1, job=job, spec_digest="x", preparation="p", artifact=ARTIFACT)


RIVALS: dict[str, tuple[Rival, str]] = {
    "took it over": (claimed, "another run took this import over"),
    "finished it": (
        lambda claim: Finished(**about(claim), outcome="completed", job="imp_x", spec_digest="x", preparation="p"),
        "recorded as imported",
    ),
    "declared it imported": (lambda claim: Baselined(**about(claim), reason="by hand"), "recorded as imported"),
    "permitted a job for it": (lambda claim: submitted(claim, "imp_x"), "is permitted and has not ended"),
    "permitted a job for a newer version": (
        lambda claim: submitted(claim, "imp_x", generation=2, import_id="f" * 16, fingerprint="sha256:new"),
        "a newer version",
    ),
    "permitted another spec's job on the object": (
        lambda claim: submitted(claim, "imp_x", spec="other", path="elsewhere.csv", import_id="e" * 16),
        "run another-run has job imp_x on object orders",
    ),
}


@pytest.mark.parametrize("what", RIVALS)
def test_no_job_is_started_when_another_run_got_there_first(workspace: Workspace, what: str) -> None:
    """Whatever another run writes between our claim and our permit, the permit is refused and start is never sent."""
    rival, why = RIVALS[what]

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == MAPPING:
            event = rival(workspace.log("shop")[0])
            LocalStore(workspace.root / "state").transact(lambda _: [event])
        return None

    workspace.watch(watch)
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    outcome = workspace.run()
    end = only(outcome.imports)
    assert why in end.message
    assert end.result == "held"
    assert outcome.exit_code == 75
    assert START not in workspace.calls()
    ours = outcome.run
    assert [line["event"] for line in workspace.log("shop") if line["run"] == ours] == ["claimed"]


@pytest.mark.parametrize(
    "what", ["finished it", "permitted a job for it", "permitted another spec's job on the object"]
)
def test_nothing_is_even_claimed_when_the_log_moved_since_the_plan(workspace: Workspace, what: str) -> None:
    """Between plan and claim another run may have come: no claim, no job."""
    rival, why = RIVALS[what]
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")

    def meanwhile(made: Plan) -> Noted:
        item = only(made.runnable)
        seen = {
            "spec": item.spec,
            "workspace": made.workspace,
            "object": item.object,
            "path": item.file.path,
            "fingerprint": item.file.fingerprint,
            "generation": item.generation,
            "import": item.import_id,
        }
        LocalStore(workspace.root / "state").transact(lambda _: [rival(seen)])
        return Noted()

    _, outcome = apply(workspace.root, environ=workspace.environ, reporter=meanwhile, stop=Hurried())
    assert why in only(outcome.imports).message
    assert INIT not in workspace.calls()
    assert "claimed" not in workspace.events("shop")


def test_a_run_that_takes_over_starts_one_job_and_the_sleeper_none(workspace: Workspace) -> None:
    """A run that wakes after a takeover finds its permit refused; the rows are there once."""
    inner: list[str] = []

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == MAPPING and not inner:
            inner.append("taken over")
            event = claimed(workspace.log("shop")[0])
            LocalStore(workspace.root / "state").transact(lambda _: [event])
        return None

    workspace.watch(watch)
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    assert results(workspace.run()) == {"orders/a.csv": "held"}
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert workspace.jobs() == ["completed"]
    assert workspace.merged("orders", "order_id") == ["o1"]
