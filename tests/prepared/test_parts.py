"""A file that is too large for one job: its parts are jobs of their own, in order, and each row arrives once."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from syncer.apply.progress import Step
from syncer.plan import Action
from syncer.render.outcome_text import outcome_text
from tests.apply.workspace import INIT, MAPPING, ONE_IMPORT, PEOPLE, UPLOAD, Hurried, Noted, only, results
from tests.prepared.orders_files import TIME, Format, numbered, shop, sick, well, write
from tests.rejects.ward import Ward

SPLIT = "prepare: {split: 2KB}"
UNREADABLE = {"do": "job_fails", "code": "CDP_ETL.IMPORT.SOURCE_UNREADABLE", "message": "corrupt"}
NO_SUCH_FIELD = {"do": "job_fails", "code": "CDP_ETL.VALIDATION.REQUEST_SCHEMA", "message": "no such field"}
IDS = numbered(150)


def begin(ward: Ward, *more: str, file_format: Format = "csv", split: str = SPLIT) -> None:
    """Declare a spec that splits, and a file of three parts and 150 rows."""
    ward.spec("shop", shop(file_format, *([split] if split else []), *more))
    write(ward, f"a.{file_format}", well(*IDS))


def of(ward: Ward, kind: str) -> list[dict[str, Any]]:
    return [event for event in ward.log("shop") if event["event"] == kind]


def parts_of(events: list[dict[str, Any]]) -> list[int]:
    return [event["part"] for event in events]


def check_all_there(ward: Ward, ids: list[str] = IDS) -> None:
    assert ward.merged("orders", "order_id") == sorted(ids)
    ward.check_clean()


def test_parts_are_jobs_of_their_own_in_order(ward: Ward) -> None:
    """Each is claimed, permitted, started and ended before the next is begun."""
    begin(ward)
    end = only(ward.run().imports)
    assert (end.result, end.rows.read, end.rows.valid, end.warnings) == ("completed", 150, 150, ())
    assert end.message == "imported in 3 parts, each by its own job"
    assert ward.writes() == ONE_IMPORT * 3
    assert ward.events("shop") == ["claimed", *["claimed", "submitted", "finished"] * 3]
    assert [(each["part"], each["parts"], each["artifact"]["file_name"]) for each in of(ward, "submitted")] == [
        (number, 3, f"a.part-{number:04}.csv") for number in (1, 2, 3)
    ]
    rows = [each["artifact"]["rows"] for each in of(ward, "submitted")]
    assert sum(rows) == 150
    assert [each.get("part_rows") for each in of(ward, "claimed")] == [None, rows, rows, rows]
    assert all(each["artifact"]["size"] <= 2000 for each in of(ward, "submitted"))
    check_all_there(ward)
    uploaded = [row[0] for job in ward.jobs("id") for row in ward.uploaded(job)[1:]]
    assert uploaded == IDS
    assert ward.run().imports == ()


@pytest.mark.parametrize(("file_format", "size"), [("jsonl", "3KB"), ("csv.gz", "300B")])
def test_other_formats_are_split_too(ward: Ward, file_format: Format, size: str) -> None:
    """Whole rows, and every one of them once."""
    begin(ward, file_format=file_format, split=f"prepare: {{split: {size}}}")
    assert only(ward.run().imports).result == "completed"
    assert len(ward.jobs()) > 2
    check_all_there(ward)


def test_a_columnar_file_is_split_between_its_rows(ward: Ward) -> None:
    """Parquet comes in parts of its own format."""
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(600)]
    ward.spec("shop", shop("parquet", "prepare: {split: 20KB}"))
    write(ward, "a.parquet", well(*ids))
    assert only(ward.run().imports).result == "completed"
    names = [each["artifact"]["file_name"] for each in of(ward, "submitted")]
    assert len(names) > 1
    assert names[0] == "a.part-0001.parquet"
    check_all_there(ward, ids)


LISTED = """
version: 1
source: {uri: data/*.csv}
target: {object: profiles, match_key: email}
mapping: {email_address: email, FirstName: first_name}
list: {create: "CRM list"}
audience: {create: "CRM people"}
prepare: {split: 2KB}
"""


def test_what_the_first_part_creates_the_others_join(ward: Ward) -> None:
    """One list and one audience, with the rows of all parts."""
    ward.spec("crm", LISTED)
    addresses = [f"person{number:04}@example.com" for number in range(150)]
    ward.people("a.csv", *addresses)
    end = only(ward.run().imports)
    assert (end.result, end.rows.inserts) == ("completed", 150)
    submitted = [event for event in ward.log("crm") if event["event"] == "submitted"]
    assert [each["list"]["create"] for each in submitted] == [True, *[False] * (len(submitted) - 1)]
    assert [each["audience"]["create"] for each in submitted] == [True, *[False] * (len(submitted) - 1)]
    assert ward.emulator.query("SELECT count(*) FROM lists") == [(1,)]
    assert ward.emulator.query("SELECT count(*) FROM list_members") == [(150,)]
    assert ward.emulator.query("SELECT count(*) FROM audiences") == [(1,)]
    ward.check_clean()


def test_a_failing_part_stops_the_rest_and_the_next_run_goes_on_with_it(ward: Ward) -> None:
    """Part two fails; part one is not sent again, and two and three are, in order."""
    begin(ward, "retry: {attempts: 1}", "on_failure: continue")
    write(ward, "b.csv", well("last"))
    ward.emulator.faults.add(match="POST /import-jobs/*/start", nth=2, **UNREADABLE)
    outcome = ward.run()
    assert results(outcome) == {"orders/a.csv": "failed", "orders/b.csv": "completed"}
    end = outcome.imports[0]
    assert end.rows is not None
    assert (end.rows.valid > 0, "corrupt (1 part imported in this run)" in end.message) == (True, True)
    assert ward.jobs() == ["completed", "failed", "completed"]
    ward.spec("shop", shop("csv", SPLIT, "retry: {attempts: 2}", "on_failure: continue"))
    before = len(ward.emulator.requests)
    plan, outcome = ward.plan_and_run()
    (item,) = plan.runnable
    assert item.action is Action.RETRY
    assert results(outcome) == {"orders/a.csv": "completed"}
    assert only(outcome.imports).message == "imported the last 2 of 3 parts; the others were imported before"
    assert ward.writes(since=before) == ONE_IMPORT * 2
    assert parts_of(of(ward, "submitted")) == [1, 2, 1, 2, 3]
    check_all_there(ward, [*IDS, "last"])


def test_a_part_that_the_api_could_not_read_is_uploaded_again(ward: Ward) -> None:
    """As the guide asks, within the same run, and only that part."""
    begin(ward)
    ward.emulator.faults.add(match="POST /import-jobs/*/start", nth=2, **UNREADABLE)
    assert only(ward.run().imports).result == "completed"
    assert parts_of(of(ward, "submitted")) == [1, 2, 2, 3]
    check_all_there(ward)


@pytest.mark.parametrize("call", [INIT, UPLOAD, MAPPING])
def test_what_fails_before_the_permit_of_a_part_is_tried_again(ward: Ward, call: str) -> None:
    """The API is gone for a while between two parts: the next run goes on with the first that is missing."""
    begin(ward)
    method, _, path = call.partition(" ")
    path = "/uploads/*" if call == UPLOAD else path.replace("{}", "*")
    ward.emulator.faults.add(match=f"{method} {path}", nth=2, times=40, do="status", status=503)
    end = only(ward.run().imports)
    assert (end.result, end.rows.read) == ("failed", of(ward, "submitted")[0]["artifact"]["rows"])
    assert end.message.endswith("(1 part imported in this run)")
    ward.emulator.faults.clear()
    plan, outcome = ward.plan_and_run()
    assert only(plan.runnable).action in (Action.RETRY, Action.IMPORT)
    assert results(outcome) == {"orders/a.csv": "completed"}
    assert parts_of(of(ward, "submitted")) == [1, 2, 3]
    check_all_there(ward)


def stopped_at_part(ward: Ward, number: int, step: Step) -> None:
    """Run until part `number` reaches `step`, and no further."""
    stop, seen = Hurried(), []

    def on_step(_: object, reached: Step) -> None:
        seen.append(reached)
        if seen.count(step) == number and reached is step:
            stop.by_signal(15)

    ward.run(reporter=Noted(on_step), stop=stop)


@pytest.mark.parametrize("step", [Step.PART, Step.UPLOADING, Step.UPLOADED, Step.MAPPED, Step.SUBMITTED, Step.RUNNING])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_run_that_is_stopped_goes_on_where_it_was(ward: Ward, number: int, step: Step) -> None:
    """At whatever step of whatever part: nothing that was imported is sent again."""
    begin(ward)
    stopped_at_part(ward, number, step)
    assert len(of(ward, "finished")) == number - 1
    outcome = ward.run()
    assert results(outcome) == {"orders/a.csv": "completed"}
    assert parts_of(of(ward, "submitted")) == [1, 2, 3]
    assert parts_of(of(ward, "finished")) == [1, 2, 3]
    check_all_there(ward)


def test_without_waiting_each_run_starts_one_part(ward: Ward) -> None:
    """`--no-wait` leaves the job running; the next run records its end and starts the next part."""
    begin(ward)
    seen = []
    for _ in range(4):
        outcome = ward.run(wait_for_jobs=False)
        seen.append((only(outcome.imports).result, outcome.exit_code, len(ward.jobs())))
        for _ in range(500):
            if "running" not in ward.jobs():
                break
            ward.emulator.clock.advance(1)
    assert seen == [("detached", 75, 1), ("detached", 75, 2), ("detached", 75, 3), ("completed", 0, 3)]
    assert only(outcome.imports).message == "imported part 3 of 3; the others were imported before"
    check_all_there(ward)


def test_a_resumed_part_is_gone_on_from_in_the_same_run(ward: Ward) -> None:
    """A run that takes up part one's job goes on with the others, and tells of all of them."""
    begin(ward)
    stopped_at_part(ward, 1, Step.RUNNING)
    before = len(ward.emulator.requests)
    plan, outcome = ward.plan_and_run()
    assert only(plan.runnable).action is Action.RESUME
    end = only(outcome.imports)
    assert (end.result, ward.writes(since=before)) == ("completed", ONE_IMPORT * 2)
    assert (end.rows.read, end.message) == (150, "imported in 3 parts, each by its own job")
    check_all_there(ward)


@pytest.mark.parametrize("change", ["mapping", "split"])
def test_parts_that_are_not_the_same_any_more_need_attention(ward: Ward, change: str) -> None:
    """Between two parts the spec changed so that others would be made: nothing is sent, until it is changed back."""
    begin(ward)
    stopped_at_part(ward, 2, Step.PART)
    changed = {"mapping": shop("csv", SPLIT).replace(", amount: {to: amount, type: number}", "")}
    changed["split"] = shop("csv", "prepare: {split: 3KB}")
    ward.spec("shop", changed[change])
    before = len(ward.emulator.requests)
    for _ in range(2):
        outcome = ward.run()
        (end,) = outcome.imports
        assert end.result in ("failed", "attention"), end
        assert outcome.exit_code == 1
        assert INIT not in ward.writes(since=before)
    failure = of(ward, "finished")[-1]["failure"]
    assert "part 1 of 3 was imported, and made again it is another one" in failure["message"]
    ward.spec("shop", shop("csv", SPLIT))
    assert results(ward.run()) == {"orders/a.csv": "completed"}
    check_all_there(ward)


def test_a_change_that_makes_the_same_parts_goes_on(ward: Ward) -> None:
    """A description is no reason to stop."""
    begin(ward)
    stopped_at_part(ward, 2, Step.PART)
    ward.spec("shop", shop("csv", SPLIT, "description: something else", "checks: {max_invalid: 50%}"))
    assert results(ward.run()) == {"orders/a.csv": "completed"}
    assert parts_of(of(ward, "submitted")) == [1, 2, 3]
    check_all_there(ward)


def test_a_file_that_changed_between_its_parts_needs_attention_where_rows_are_appended(ward: Ward) -> None:
    """What was imported of the old version cannot be taken back, and is not doubled without a word."""
    begin(ward)
    stopped_at_part(ward, 2, Step.PART)
    write(ward, "a.csv", well(*IDS, "new"))
    before = len(ward.emulator.requests)
    plan, _ = ward.plan_and_run()
    (item,) = plan.imports
    assert (item.action, item.attention) == (Action.BLOCKED, True)
    assert "since some of its parts were imported" in item.reason
    assert INIT not in ward.writes(since=before)
    write(ward, "a.csv", well(*IDS))
    assert results(ward.run()) == {"orders/a.csv": "completed"}
    check_all_there(ward)


def test_a_file_that_changed_between_its_parts_is_imported_anew_where_rows_are_merged(ward: Ward) -> None:
    """Into an object that upserts the new version goes as a whole."""
    ward.spec("crm", PEOPLE + SPLIT + "\n")
    addresses = [f"person{number:04}@example.com" for number in range(150)]
    ward.people("a.csv", *addresses)
    stopped_at_part(ward, 2, Step.PART)
    ward.people("a.csv", *addresses[1:], "new@example.com")
    end = only(ward.run().imports)
    assert (end.result, end.rows.read, end.item.generation) == ("completed", 150, 2)
    assert ward.merged("profiles", "email") == sorted([*addresses, "new@example.com"])
    ward.check_clean()


def test_a_file_that_vanished_between_its_parts_is_told(ward: Ward) -> None:
    """A permitted part is brought to its end; that others are missing is not forgotten, and needs the file."""
    begin(ward)
    stopped_at_part(ward, 2, Step.RUNNING)
    path = ward.root / "orders" / "a.csv"
    kept = path.read_bytes()
    path.unlink()
    outcome = ward.run()
    assert outcome.exit_code == 1
    (end,) = outcome.imports
    assert end.result != "completed", end
    assert parts_of(of(ward, "finished")) == [1, 2]
    assert "part 3 of 3 cannot be made" in end.message
    plan, outcome = ward.plan_and_run()
    (item,) = plan.imports
    assert (item.attention, outcome.exit_code) == (True, 1)
    assert "part 3 of 3 never came to an import" in item.reason
    path.write_bytes(kept)
    assert results(ward.run()) == {"orders/a.csv": "completed"}
    check_all_there(ward)


def test_rejected_rows_of_all_parts_are_one_account(ward: Ward) -> None:
    """Listed by part, repaired together, and the sums are whole."""
    ward.spec("shop", shop("csv", SPLIT))
    write(ward, "a.csv", [*well(*IDS[:60]), *sick("s1"), *well(*IDS[60:]), *sick("s2")])
    end = only(ward.run().imports)
    assert (end.rows.read, end.rows.invalid, sum(each.count for each in end.rejections)) == (152, 2, 2)
    assert ward.open_rows() == {"orders/a.csv": 2}
    assert [each.rows for each in only(ward.listed()).files] == [1, 1]
    assert ward.get().rows == 2
    ward.repaired(ward.mended(f"s1,{TIME},1", f"s2,{TIME},1"))
    assert ward.open_rows() == {}
    check_all_there(ward, [*IDS, "s1", "s2"])


def test_rows_that_are_held_back_are_counted_once_for_all_parts(ward: Ward) -> None:
    """They stand with the first part; source rows = quarantined + sent."""
    ward.spec("shop", shop("csv", SPLIT, "on_invalid: quarantine"))
    write(ward, "a.csv", [*well(*IDS[:60]), *sick("s1"), *well(*IDS[60:]), *sick("s2")])
    plan, outcome = ward.plan_and_run()
    end = only(outcome.imports)
    assert (end.rows.read, end.rows.invalid, end.quarantined, end.warnings) == (150, 0, 2, ())
    assert [each["artifact"].get("quarantined") for each in of(ward, "submitted")] == [2, None, None]
    assert "2 rows held back" in outcome_text(plan, outcome)
    assert ward.open_rows() == {"orders/a.csv": 2}
    assert ward.waive(2).account.open == 0
    check_all_there(ward)


def test_rows_held_back_stay_although_the_file_is_prepared_otherwise_in_between(ward: Ward) -> None:
    """An attempt that is refused does not touch the rows that were held back of the parts before it."""
    ward.spec("shop", shop("csv", SPLIT, "on_invalid: quarantine"))
    write(ward, "a.csv", [*well(*IDS), *sick("s1")])
    stopped_at_part(ward, 2, Step.PART)
    (kept,) = (ward.root / ".syncer" / "rejects").rglob("*.jsonl")
    before = kept.read_bytes()
    ward.spec(
        "shop", shop("csv", SPLIT, "on_invalid: quarantine").replace("at: {to: ordered_at, type: datetime}, ", "")
    )
    ward.run()
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir() if path.suffix != ".jsonl" and path.is_file()] in (
        [],
        [".gitignore"],
    )


def test_each_part_is_sorted(ward: Ward) -> None:
    """The parts are cut first, so that a part is the same rows whatever the order; each is sorted by the match key."""
    ward.spec("crm", PEOPLE + "prepare: {split: 2KB, sort: true}\n")
    addresses = [f"person{(number * 37) % 150:04}@example.com" for number in range(150)]
    ward.people("a.csv", *addresses)
    assert only(ward.run().imports).result == "completed"
    uploaded = [[row[0] for row in ward.uploaded(job)[1:]] for job in ward.jobs("id")]
    assert len(uploaded) == 3
    assert all(keys == sorted(keys) for keys in uploaded)
    assert [len(keys) for keys in uploaded] != [150]
    assert [set(keys) for keys in uploaded] == [
        set(addresses[begin : begin + len(keys)])
        for begin, keys in zip((0, len(uploaded[0]), len(uploaded[0]) + len(uploaded[1])), uploaded, strict=True)
    ]


def test_limits_of_rejected_rows_are_of_the_whole_file(ward: Ward) -> None:
    """A part that is past the limit by itself does not make the file so."""
    ward.spec("shop", shop("csv", SPLIT, "checks: {max_invalid: 2%}"))
    write(ward, "a.csv", [*well(*IDS), *sick("s1", "s2")])
    outcome = ward.run()
    assert (only(outcome.imports).result, only(outcome.imports).over_limit, outcome.exit_code) == (
        "completed",
        False,
        0,
    )


def test_the_log_s_readers_tell_of_parts(ward: Ward) -> None:
    """Status, history and verify count the rows of all parts once, and one import when all of them are there."""
    ward.spec("shop", shop("csv", SPLIT, "on_invalid: quarantine"))
    write(ward, "a.csv", [*well(*IDS), *sick("s1")])
    stopped_at_part(ward, 3, Step.PART)
    assert told(ward, "status")["specs"][0]["imported"] == 0
    assert "left part 3 of 3" in ward.cli("plan")[1]
    ward.run()
    (spec,) = told(ward, "status")["specs"]
    assert (spec["imported"], spec["state"]) == (1, "ok")
    entries = told(ward, "history", "shop")["entries"]
    assert sorted((each["part"], each["parts"], each["quarantined"]) for each in entries) == [
        (1, 3, 1),
        (2, 3, 0),
        (3, 3, 0),
    ]
    text = ward.cli("history", "shop", "-v")[1]
    assert "orders/a.csv (part 1 of 3)" in text
    assert "not sent: 1 row held back (on_invalid: quarantine)" in text
    assert "rejected rows since: 1 open" in text
    assert told(ward, "state", "verify")["rows"] == 150


def told(ward: Ward, *command: str) -> Any:
    """What a command says in JSON."""
    code, out, err = ward.cli(*command, "-o", "json")
    assert code in (0, 1), err
    return json.loads(out)


def test_a_final_failure_of_a_part_blocks_it_until_the_spec_is_corrected(ward: Ward) -> None:
    """The message names what failed; nothing is sent again meanwhile."""
    begin(ward)
    ward.emulator.faults.add(match="POST /import-jobs/*/start", nth=2, **NO_SUCH_FIELD)
    ward.run()
    before = len(ward.emulator.requests)
    plan, outcome = ward.plan_and_run()
    assert outcome.exit_code == 1
    (item,) = plan.imports
    assert (item.action, item.attention) == (Action.BLOCKED, True)
    assert not ward.writes(since=before)


def test_a_file_that_changed_while_its_first_part_ran_is_told(ward: Ward) -> None:
    """The job of the old version is brought to its end; the new one's rows are never taken for the missing parts."""
    begin(ward)
    stopped_at_part(ward, 1, Step.RUNNING)
    write(ward, "a.csv", [*well(*IDS[:-1]), *well("x" + IDS[-1][1:])])
    outcome = ward.run()
    (end,) = outcome.imports
    assert (end.result, outcome.exit_code) == ("attention", 1)
    assert "parts 2 and 3 of 3 cannot be made: this version of the file is not there" in end.message
    assert parts_of(of(ward, "submitted")) == [1]
    write(ward, "a.csv", well(*IDS))
    assert results(ward.run()) == {"orders/a.csv": "completed"}
    check_all_there(ward)
