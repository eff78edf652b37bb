"""What fails, what is tried again, and what is never tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.apply.progress import Step
from syncer.emulator.options import Options
from syncer.plan import Action
from tests.apply.workspace import (
    INIT,
    MAPPING,
    ORDERS,
    PEOPLE,
    START,
    STATUS,
    UPLOAD,
    Hurried,
    Noted,
    Workspace,
    only,
    results,
    shape_of,
)

if TYPE_CHECKING:
    from syncer.emulator.faults import Fault
    from syncer.plan import PlannedImport

UNREADABLE = {"do": "job_fails", "code": "CDP_ETL.IMPORT.SOURCE_UNREADABLE", "message": "upload incomplete"}
START_CALL = "POST /import-jobs/*/start"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """A project with one pending file of two orders, which must never be there twice."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1", "o2")
    return workspace


def kinds(workspace: Workspace, spec: str) -> list[str]:
    """How each recorded failure counts, in order."""
    return [line["failure"]["kind"] for line in workspace.log(spec) if "failure" in line]


def test_a_file_that_could_not_be_read_is_uploaded_again_in_the_same_run(shop: Workspace) -> None:
    """The guide: re-initialise for a fresh URL and upload again. Both attempts are in the log, the rows there once."""
    shop.emulator.faults.add(match=START_CALL, **UNREADABLE)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.writes() == [INIT, UPLOAD, MAPPING, START] * 2
    keys = [record.headers["idempotency-key"] for record in shop.requests(INIT)]
    assert len(set(keys)) == 2
    assert shop.events("shop") == ["claimed", "submitted", "finished", "submitted", "finished"]
    assert [line["attempt"] for line in shop.log("shop")[1:]] == [1, 1, 2, 2]
    assert shop.jobs() == ["failed", "completed"]
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_attempts_are_bounded(shop: Workspace) -> None:
    """After `retry.attempts` it is failed, and the next run says so without asking for anything."""
    shop.spec("shop", ORDERS + "retry: {attempts: 2}\n")
    shop.emulator.faults.add(match=START_CALL, times=0, **UNREADABLE)
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert "CDP_ETL.IMPORT.SOURCE_UNREADABLE" in only(outcome.imports).message
    assert outcome.exit_code == 1
    assert kinds(shop, "shop") == ["counted", "counted"]
    before = len(shop.emulator.requests)
    again = shop.run()
    assert (results(again), again.exit_code) == ({"orders/a.csv": "attention"}, 1)
    assert "retry.attempts" in only(again.imports).message
    assert len(shop.emulator.requests) == before


def test_a_failed_validation_holds_until_the_mapping_is_corrected(shop: Workspace) -> None:
    """It is not tried again with the same mapping, and by itself with another."""
    shop.emulator.faults.add(
        match=START_CALL, do="job_fails", code="CDP_ETL.VALIDATION.REQUEST_SCHEMA", message="no such field"
    )
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert "syncer validate --online --spec shop" in only(outcome.imports).next_step
    assert kinds(shop, "shop") == ["final"]
    before = len(shop.emulator.requests)
    assert results(shop.run()) == {"orders/a.csv": "attention"}
    assert len(shop.emulator.requests) == before
    shop.spec("shop", ORDERS.replace("  amount: {to: amount, type: number}\n", ""))
    fixed = shop.run()
    assert [(end.item.action, end.result) for end in fixed.imports] == [(Action.RETRY, "completed")]
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_a_refused_mapping_is_final_and_no_job_is_started(shop: Workspace) -> None:
    """422 at the mapping: one request, no permit, blocked from then on, and tried again once the spec is right."""
    shop.spec("shop", ORDERS.replace("{to: amount,", "{to: no_such_field,"))
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert shop.writes() == [INIT, UPLOAD, MAPPING]
    assert shop.events("shop") == ["claimed", "finished"]
    assert kinds(shop, "shop") == ["final"]
    before = len(shop.emulator.requests)
    assert results(shop.run()) == {"orders/a.csv": "attention"}
    assert len(shop.emulator.requests) == before
    shop.spec("shop", ORDERS)
    assert results(shop.run()) == {"orders/a.csv": "completed"}


def test_an_expired_upload_url_is_replaced_and_does_not_count(shop: Workspace) -> None:
    """A fresh job is made in the same run; with a single allowed attempt the import still gets through."""
    shop.spec("shop", ORDERS + "retry: {attempts: 1}\n")
    shop.emulator.faults.add(match="PUT /uploads/*", do="expire_upload", times=2)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.writes() == [INIT, UPLOAD, INIT, UPLOAD, INIT, UPLOAD, MAPPING, START]
    assert shop.events("shop") == ["claimed", "submitted", "finished"]
    assert len({record.headers["idempotency-key"] for record in shop.requests(INIT)}) == 3
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_upload_urls_that_are_all_dead_end_the_run_but_not_the_import(shop: Workspace) -> None:
    """There is an end to replacing them; the failure does not count and the next run goes on."""
    fault = shop.emulator.faults.add(match="PUT /uploads/*", do="expire_upload", times=0)
    assert fault.times == 0
    assert results(shop.run()) == {"orders/a.csv": "failed"}
    assert shop.calls().count(INIT) <= 6
    assert kinds(shop, "shop") == ["transient"]
    shop.emulator.faults.clear()
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_an_upload_that_is_cut_off_is_sent_again_to_the_same_job(shop: Workspace) -> None:
    """PUT of the same bytes is idempotent: one job, two uploads, each row once."""
    shop.emulator.faults.add(match="PUT /uploads/*", do="cut_after_bytes", bytes=10)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.writes() == [INIT, UPLOAD, UPLOAD, MAPPING, START]
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


@pytest.mark.parametrize("call", ["POST /import-jobs", "POST /import-jobs/*/mapping", START_CALL])
@pytest.mark.parametrize("do", ["drop_before", "drop_after", "status_after"])
def test_an_answer_that_is_lost_changes_nothing(shop: Workspace, call: str, do: str) -> None:
    """The same bytes go out under the same key, and exactly one job is made and started."""
    shop.emulator.faults.add(match=call, do=do, status=503)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    shape = shape_of(*call.replace("*", "imp_").split(" "))
    first, second = shop.requests(shape)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.json in (None, second.json)
    assert shop.jobs() == ["completed"]
    assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_a_start_whose_every_answer_is_lost_is_found_to_have_started(shop: Workspace) -> None:
    """When retries run out, the job's own state says what became of the start."""
    shop.emulator.faults.add(match=START_CALL, do="drop_after", times=0)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.jobs() == ["completed"]


def test_a_start_that_never_arrives_leaves_the_job_to_the_next_run(shop: Workspace) -> None:
    """Permitted and not started: unfinished now, and that very job is started later."""
    shop.emulator.faults.add(match=START_CALL, do="drop_before", times=0)
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "unfinished"}
    assert outcome.exit_code == 1
    shop.emulator.faults.clear()
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.jobs() == ["completed"]


def test_a_start_that_the_api_refuses_needs_a_person(shop: Workspace) -> None:
    """A permitted job that the API will not start makes no room for another one."""
    shop.emulator.faults.add(
        match=START_CALL, do="status", status=400, code="CDP_ETL.VALIDATION.REQUEST_INVALID", times=0
    )
    for _ in range(2):
        assert results(shop.run()) == {"orders/a.csv": "attention"}
    assert shop.calls().count(INIT) == 1
    assert shop.events("shop") == ["claimed", "submitted"]


def test_a_poll_that_fails_for_long_leaves_the_job_to_the_next_run(shop: Workspace) -> None:
    """The job runs on; the next run asks again and records its end."""
    shop.emulator.faults.add(match="GET /import-jobs/*", do="status", status=500, times=0)
    assert results(shop.run()) == {"orders/a.csv": "unfinished"}
    shop.emulator.faults.clear()
    before = len(shop.emulator.requests)
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.writes(since=before) == []


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_storm_is_weathered(shop: Workspace, status: int) -> None:
    """Every call fails twice before it succeeds; there is one job, and waits grow with full jitter."""
    for call in ("POST /import-jobs", "PUT /uploads/*", "POST /import-jobs/*/mapping", START_CALL):
        shop.emulator.faults.add(match=call, do="status", status=status, times=2)
    stop = Hurried()
    assert results(shop.run(stop=stop)) == {"orders/a.csv": "completed"}
    assert [shop.writes().count(call) for call in (INIT, UPLOAD, MAPPING, START)] == [3, 3, 3, 3]
    assert len(stop.waits) >= 9
    assert shop.jobs() == ["completed"]


def test_a_rate_limit_is_waited_for_and_no_failure(shop: Workspace) -> None:
    """`Retry-After` is a floor under the wait, with jitter on top, and never uses up an attempt."""
    shop.emulator.faults.add(
        match="POST /import-jobs", do="status", status=429, code="CDP_ETL.RATE.LIMITED", retry_after=7, times=8
    )
    stop = Hurried()
    assert results(shop.run(stop=stop)) == {"orders/a.csv": "completed"}
    waits = [wait for wait in stop.waits if wait >= 1]
    assert len([wait for wait in waits if wait >= 7]) == 8
    assert len(set(waits)) == len(waits)
    assert len({record.headers["idempotency-key"] for record in shop.requests(INIT)}) == 1


def test_an_outage_is_no_attempt(shop: Workspace) -> None:
    """An init that never gets through costs nothing: with a single allowed attempt the next run still imports."""
    shop.spec("shop", ORDERS + "retry: {attempts: 1}\n")
    shop.emulator.faults.add(match="POST /import-jobs", do="status", status=503, times=0)
    for _ in range(2):
        outcome = shop.run()
        assert (results(outcome), outcome.exit_code) == ({"orders/a.csv": "failed"}, 1)
    assert kinds(shop, "shop") == ["transient", "transient"]
    shop.emulator.faults.clear()
    assert results(shop.run()) == {"orders/a.csv": "completed"}


def test_a_source_that_changes_before_it_is_read_is_not_sent(shop: Workspace) -> None:
    """Nothing of another version than the planned one leaves; the next run plans the new one and imports it once."""

    def on_step(_: PlannedImport, step: Step) -> None:
        if step is Step.CLAIMED:
            shop.orders("a.csv", "n1", "n2", "n3")

    outcome = shop.run(reporter=Noted(on_step))
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert "changed" in only(outcome.imports).message
    assert shop.writes() == []
    assert shop.events("shop") == ["claimed"]
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.merged("orders", "order_id") == ["n1", "n2", "n3"]


@pytest.mark.parametrize("call", ["POST", "PUT"])
@pytest.mark.parametrize("change", ["grown", "shrunk", "gone"])
def test_a_source_that_changes_before_its_upload_ends_is_not_started(shop: Workspace, call: str, change: str) -> None:
    """No permit is given for bytes of an unknown version; the next run imports the new one, once."""
    changed: list[str] = []

    def watch(method: str, path: str) -> Fault | None:
        if method == call and not changed:
            changed.append(path)
            if change == "gone":
                (shop.root / "orders" / "a.csv").unlink()
            else:
                shop.orders("a.csv", *(["n1", "n2", "n3"] if change == "grown" else ["n1"]))
        return None

    shop.watch(watch)
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert "a.csv" in only(outcome.imports).message
    assert START not in shop.calls()
    assert shop.events("shop") == ["claimed"]
    shop.orders("a.csv", "n1", "n2", "n3")
    assert results(shop.run()) == {"orders/a.csv": "completed"}
    assert shop.merged("orders", "order_id") == ["n1", "n2", "n3"]


def test_a_file_that_is_not_what_its_spec_says_fails_for_good(shop: Workspace) -> None:
    """A mapped column that is missing is found before anything is sent, and the same file is not tried again."""
    shop.file("orders/a.csv", "id,amount", "o1,2")
    outcome = shop.run()
    assert results(outcome) == {"orders/a.csv": "failed"}
    assert "at" in only(outcome.imports).message
    assert shop.writes() == []
    assert kinds(shop, "shop") == ["final"]
    before = len(shop.emulator.requests)
    assert results(shop.run()) == {"orders/a.csv": "attention"}
    assert len(shop.emulator.requests) == before
    shop.orders("a.csv", "o1")
    assert results(shop.run()) == {"orders/a.csv": "completed"}


def test_a_job_that_stays_unknown_is_asked_with_growing_pauses(workspace: Workspace) -> None:
    """Polls of one job begin at the initial pause and never pass the cap."""
    workspace.environ["SYNCER_API__POLL__MAX"] = "100ms"
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(match=START_CALL, do="stick", seconds=3600)
    stop = Hurried()
    asked = 0

    def watch(method: str, path: str) -> Fault | None:
        nonlocal asked
        asked += shape_of(method, path) == STATUS
        if asked == 9:
            workspace.emulator.clock.advance(3601)
        return None

    watching_faults = workspace.emulator.faults
    workspace.watch(lambda method, path: watch(method, path) or watching_faults.take(method, path))
    assert results(workspace.run(stop=stop)) == {"data/a.csv": "completed"}
    assert stop.waits[0] >= 0.02
    assert max(stop.waits) <= 0.1
    assert stop.waits[5] > 0.06


class TestDeadUrlOfAReplay:
    """An init whose answer was replayed after its URL had died."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(upload_seconds=1)

    def test_it_is_a_new_attempt_that_does_not_count(self, shop: Workspace) -> None:
        """The replayed job is left behind for a fresh one, and each row is there once."""
        shop.spec("shop", ORDERS + "retry: {attempts: 1}\n")
        stop = Hurried()
        interrupted = Noted(lambda _, step: stop.by_signal(15) if step is Step.UPLOADING else None)
        assert results(shop.run(reporter=interrupted, stop=stop)) == {"orders/a.csv": "interrupted"}
        shop.emulator.clock.advance(5)
        assert results(shop.run()) == {"orders/a.csv": "completed"}
        assert shop.calls().count(INIT) == 3
        assert sorted(shop.jobs()) == ["completed", "pending"]
        assert shop.merged("orders", "order_id") == ["o1", "o2"]


def test_what_the_api_repeats_reaches_neither_log_nor_screen(shop: Workspace) -> None:
    """An error that quotes a row or the token is told without them; the fields that it names stay."""
    said = "'ada@example.com' is no 'order_id', row of ada@example.com with dev-token"
    code = "CDP_ETL.VALIDATION.REQUEST_SCHEMA"
    shop.emulator.faults.add(match="POST /import-jobs/*/mapping", do="status", status=422, code=code, message=said)
    end = only(shop.run().imports)
    (failure,) = [line["failure"] for line in shop.log("shop") if "failure" in line]
    for told in (end.message, failure["message"]):
        assert "'order_id'" in told
        assert "ada@" not in told
        assert "dev-token" not in told
    assert end.next_step == "syncer validate --online --spec shop"


def test_an_upload_url_that_is_refused_before_its_time_is_replaced_once(shop: Workspace) -> None:
    """A store that refuses for good is not asked for ever: one fresh job, then the attempt has failed."""
    shop.emulator.faults.add(match="PUT /uploads/*", do="status", status=403, times=0)
    assert results(shop.run()) == {"orders/a.csv": "failed"}
    assert shop.writes() == [INIT, UPLOAD] * 2
    assert kinds(shop, "shop") == ["transient"]
