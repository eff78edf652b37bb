"""The whole command: what it refuses, what it leaves alone, who may run beside it, and how it exits."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from syncer.apply.progress import Step
from syncer.errors import ApiError, AuthError, Conflict, Refused, SyncerError, Waiting
from syncer.operations.apply import apply
from syncer.operations.plan import plan, save
from syncer.plan import Action, Filters
from syncer.state.segments import Segment, append
from tests.apply.workspace import (
    INIT,
    ORDERS,
    PEOPLE,
    START,
    Hurried,
    Noted,
    Workspace,
    only,
    results,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncer.emulator.faults import Fault
    from syncer.plan import PlannedImport

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture
def crm(workspace: Workspace) -> Workspace:
    """A project with one spec and one pending file."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    return workspace


def test_a_run_with_nothing_new_leaves_no_trace(crm: Workspace) -> None:
    """No call is made, and every file of the state keeps its bytes and its modification time."""
    assert crm.run().exit_code == 0
    before, asked = crm.hashes(), len(crm.emulator.requests)
    made, outcome = crm.plan_and_run()
    assert (outcome.exit_code, outcome.imports, made.runnable) == (0, (), ())
    assert len(crm.emulator.requests) == asked
    assert crm.hashes() == before


def test_a_run_with_nothing_new_needs_no_credentials(crm: Workspace) -> None:
    """A no-op is one also where no token is set."""
    crm.run()
    del crm.environ["EXPERITURE_API_KEY"]
    assert crm.run().exit_code == 0


def test_the_first_run_of_an_empty_project_makes_no_state(workspace: Workspace) -> None:
    """A spec without a matching file is nothing to do."""
    workspace.spec("crm", PEOPLE)
    assert workspace.run().exit_code == 0
    assert not (workspace.root / "state").exists()


def test_only_the_changed_file_is_imported_again(crm: Workspace) -> None:
    """One new version is one new job; its neighbour is left alone."""
    crm.people("b.csv", "b@example.com")
    crm.run()
    before = len(crm.emulator.requests)
    crm.people("b.csv", "b@example.com", first_name="Beatrix")
    outcome = crm.run()
    assert [(end.item.file.path, end.item.action) for end in outcome.imports] == [("data/b.csv", Action.REIMPORT)]
    assert crm.writes(since=before).count(START) == 1
    assert crm.emulator.query("SELECT first_name FROM profiles WHERE email = 'b@example.com'") == [("Beatrix",)]


def test_without_credentials_nothing_is_claimed(crm: Workspace) -> None:
    """The error names the variable, exits 6, and the log is as it was."""
    del crm.environ["EXPERITURE_API_KEY"]
    with pytest.raises(AuthError, match="no credentials") as caught:
        crm.run()
    assert caught.value.exit_code == 6
    assert crm.log("crm") == []


def test_a_limit_refuses_the_run_and_names_the_override(crm: Workspace) -> None:
    """Nothing is sent past a limit; the one-off override lets this run through."""
    crm.spec("crm", PEOPLE + "limits: {files: 1}\n")
    crm.people("b.csv", "b@example.com")
    with pytest.raises(Refused, match=r"limits\.files") as caught:
        crm.run()
    assert caught.value.exit_code == 4
    assert "--over-limits crm" in caught.value.next_step
    assert crm.emulator.requests == []
    assert crm.run(filters=Filters(over_limits=("crm",))).exit_code == 0


def test_a_log_that_is_to_be_pushed_is_not_quietly_kept_here(crm: Workspace) -> None:
    """Outside a git repository nothing is sent, and the error says what to do."""
    crm.environ["SYNCER_STATE__GIT"] = "push"
    with pytest.raises(SyncerError, match="cannot be kept in git") as caught:
        crm.run()
    assert "state.git: off" in caught.value.next_step
    assert crm.emulator.requests == []


def test_a_saved_plan_is_carried_out_exactly(crm: Workspace, tmp_path: Path) -> None:
    """What came after the plan was made is left for the next one."""
    saved = tmp_path / "plan.json"
    save(plan(crm.root, environ=crm.environ), saved)
    crm.people("b.csv", "b@example.com")
    assert results(crm.run(saved=saved)) == {"data/a.csv": "completed"}
    assert crm.merged("profiles", "email") == ["a@example.com"]
    assert results(crm.run()) == {"data/b.csv": "completed"}


@pytest.mark.parametrize("moved", ["file", "spec", "log", "gone"])
def test_a_stale_plan_is_refused(crm: Workspace, tmp_path: Path, moved: str) -> None:
    """Exit 5 and no call when the file, the spec or the log entry that the plan covers has moved."""
    saved = tmp_path / "plan.json"
    save(plan(crm.root, environ=crm.environ), saved)
    match moved:
        case "file":
            crm.people("a.csv", "other@example.com")
        case "spec":
            crm.spec("crm", PEOPLE + "description: something else\n")
        case "log":
            crm.run()
        case "gone":
            (crm.root / "data" / "a.csv").unlink()
    before, asked = crm.log("crm"), len(crm.emulator.requests)
    with pytest.raises(Conflict, match="stale") as caught:
        crm.run(saved=saved)
    assert caught.value.exit_code == 5
    assert len(crm.emulator.requests) == asked
    assert crm.log("crm") == before


def test_a_saved_plan_that_hangs_on_the_write_mode_is_not_stale(crm: Workspace, tmp_path: Path) -> None:
    """A plan that asked the API for the write mode is held against one that asked, too."""
    crm.emulator.faults.add(match="GET /metadata/objects/*", do="status", status=403, code="CDP_ETL.AUTH.FORBIDDEN")
    crm.run()
    assert "write_mode" not in crm.log("crm")[0]
    crm.people("a.csv", "a@example.com", first_name="Changed")
    saved = tmp_path / "plan.json"
    save(plan(crm.root, environ=crm.environ), saved)
    assert results(crm.run(saved=saved)) == {"data/a.csv": "completed"}


def test_a_second_run_waits_and_names_the_first(crm: Workspace) -> None:
    """While one run works on the only pending file, another exits 75, names it, and leaves the log alone."""
    begun, go_on = threading.Event(), threading.Event()

    def watch(method: str, path: str) -> Fault | None:
        if method == "POST" and path.endswith("/start"):
            begun.set()
            assert go_on.wait(20)
        return None

    crm.watch(watch)
    first: list[str] = []
    thread = threading.Thread(target=lambda: first.append(crm.run().run))
    thread.start()
    try:
        assert begun.wait(20)
        before = crm.log("crm")
        with pytest.raises(Waiting) as caught:
            crm.run()
        assert caught.value.exit_code == 75
        assert before[0]["run"] in caught.value.where
        assert f"process {os.getpid()}" in caught.value.where
        assert crm.log("crm") == before
    finally:
        go_on.set()
        thread.join()
    assert crm.log("crm")[-1]["run"] == first[0]
    assert crm.writes().count(START) == 1


def test_an_api_that_does_not_answer_ends_the_run_before_anything_is_claimed(crm: Workspace) -> None:
    """A storm of 503 on the first question costs no line of the log, and the next run imports."""
    crm.emulator.faults.add(match="GET /metadata/*", do="status", status=503, times=6)
    stop = Hurried()
    with pytest.raises(ApiError) as caught:
        crm.run(stop=stop)
    assert caught.value.exit_code == 1
    assert len(stop.waits) == 5
    assert crm.log("crm") == []
    assert crm.run().exit_code == 0


def test_a_wrong_base_url_is_no_verdict_on_any_import(crm: Workspace) -> None:
    """A 404 from elsewhere blocks nothing: with the URL mended the same file goes through."""
    right = crm.environ["SYNCER_API__BASE_URL"]
    crm.environ["SYNCER_API__WORKSPACE"] = "prod"
    crm.environ["SYNCER_API__BASE_URL"] = right.replace("/public/v1", "/elsewhere")
    assert results(crm.run()) == {"data/a.csv": "failed"}
    crm.environ["SYNCER_API__BASE_URL"] = right
    assert results(crm.run()) == {"data/a.csv": "completed"}


@pytest.mark.parametrize("rejected", ["init", "401"])
def test_a_refused_token_stops_the_whole_run(crm: Workspace, rejected: str) -> None:
    """Every import would meet it: exit 6, later files are not begun, and a good token goes on from there."""
    call = "POST /import-jobs" if rejected == "init" else "GET /metadata/*"
    crm.emulator.faults.add(match=call, do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID", times=0)
    crm.people("b.csv", "b@example.com")
    with pytest.raises(AuthError) as caught:
        crm.run()
    assert caught.value.exit_code == 6
    assert crm.calls().count(INIT) == (1 if rejected == "init" else 0)
    assert "finished" not in crm.events("crm")
    crm.emulator.faults.clear()
    assert set(results(crm.run()).values()) == {"completed"}


def test_other_imports_come_to_rest_when_the_token_is_refused(crm: Workspace) -> None:
    """A running job of another object is left as it is, and taken up by the next run."""
    crm.spec("shop", ORDERS)
    crm.orders("o.csv", "o1")
    crm.emulator.faults.add(match="POST /import-jobs/*/start", do="stick", seconds=3600, times=0)
    refused = threading.Event()
    started = threading.Event()

    def on_step(item: PlannedImport, step: Step) -> None:
        if (item.object, step) == ("orders", Step.RUNNING):
            started.set()
        if (item.object, step) == ("profiles", Step.UPLOADING):
            assert started.wait(20)
            crm.emulator.faults.add(
                match="POST /import-jobs/*/mapping", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID"
            )
            refused.set()

    with pytest.raises(AuthError):
        crm.run(reporter=Noted(on_step))
    assert refused.is_set()
    assert crm.events("shop") == ["claimed", "submitted"]
    crm.emulator.faults.clear()
    crm.emulator.clock.advance(3601)
    assert set(results(crm.run()).values()) == {"completed"}
    assert crm.merged("orders", "order_id") == ["o1"]


def test_client_credentials_are_renewed_when_the_token_expires(crm: Workspace) -> None:
    """`TOKEN_EXPIRED` is met with one new token, and the import goes on as if nothing had been."""
    crm.environ |= {
        "SYNCER_API__TOKEN_URL": f"{crm.emulator.origin}/oauth/token",
        "SYNCER_CLIENT_ID": "syncer",
        "SYNCER_CLIENT_SECRET": "made-up",
    }
    del crm.environ["EXPERITURE_API_KEY"]
    crm.emulator.faults.add(
        match="POST /import-jobs/*/mapping", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_EXPIRED"
    )
    assert results(crm.run()) == {"data/a.csv": "completed"}
    assert crm.calls().count("POST /oauth/token") == 2
    assert crm.jobs() == ["completed"]


@pytest.mark.parametrize("needed", [None, "shared"])
def test_what_a_killed_run_prepared_is_removed_by_the_next(crm: Workspace, tmp_path: Path, needed: str | None) -> None:
    """Artifacts hold personal data: none stays longer than to the next run, in a shared temporary folder as well."""
    if needed:
        crm.environ["SYNCER_PREPARE__TEMP_DIR"] = str(tmp_path / needed)
    left: list[Path] = []

    def on_step(_: PlannedImport, step: Step) -> None:
        if step is Step.UPLOADING:
            left.extend(path for path in tmp_path.rglob("syncer-work-*") if path.is_dir())

    crm.run(reporter=Noted(on_step))
    folder = only(left)
    assert not folder.exists()
    folder.mkdir(parents=True)
    artifact = folder / "artifact.csv"
    artifact.write_text("a@example.com", encoding="utf-8")
    crm.people("b.csv", "b@example.com")
    still_there: list[bool] = []
    crm.run(reporter=Noted(lambda _, step: still_there.append(artifact.exists()) if step is Step.CLAIMED else None))
    assert still_there == [False]
    assert not folder.exists()


@POSIX
def test_a_temporary_folder_that_others_use_keeps_its_mode(crm: Workspace, tmp_path: Path) -> None:
    """`prepare.temp_dir` may be anybody's: only the folder made inside it is closed, and nothing is left."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    crm.environ["SYNCER_PREPARE__TEMP_DIR"] = str(shared)
    modes: list[int] = []

    def on_step(_: PlannedImport, step: Step) -> None:
        if step is Step.UPLOADING:
            modes.extend(stat.S_IMODE(path.stat().st_mode) for path in shared.rglob("*") if path.is_dir())

    crm.run(reporter=Noted(on_step))
    assert modes
    assert set(modes) == {0o700}
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert list(shared.iterdir()) == []


def test_an_object_that_takes_no_import_jobs_is_not_sent_one(workspace: Workspace) -> None:
    """The Metadata API's `fileImport: false` is heeded before anything is claimed."""
    workspace.spec(
        "agreed", PEOPLE.replace("profiles, match_key: email", "consents").replace("first_name", "consent_id")
    )
    workspace.people("a.csv", "a@example.com")
    outcome = workspace.run()
    assert "takes no import jobs" in only(outcome.imports).message
    assert outcome.exit_code == 1
    assert workspace.writes() == []
    assert workspace.log("agreed") == []


def test_a_plan_for_another_workspace_is_refused(crm: Workspace, tmp_path: Path) -> None:
    """Staging's plan is not carried out in production."""
    saved = tmp_path / "plan.json"
    crm.environ["SYNCER_API__WORKSPACE"] = "staging"
    save(plan(crm.root, environ=crm.environ), saved)
    crm.environ["SYNCER_API__WORKSPACE"] = "production"
    with pytest.raises(Conflict):
        crm.run(saved=saved)
    assert crm.writes() == []


def test_a_file_that_needs_a_person_keeps_the_exit_code(crm: Workspace) -> None:
    """An empty file fails every run until somebody looks, also when nothing else is pending."""
    (crm.root / "data" / "b.csv").write_text("", encoding="utf-8")
    assert results(crm.run()) == {"data/a.csv": "completed", "data/b.csv": "attention"}
    outcome = crm.run()
    assert results(outcome) == {"data/b.csv": "attention"}
    assert outcome.exit_code == 1


def test_the_reporter_is_given_the_final_plan_once_and_before_anything_is_written(crm: Workspace) -> None:
    """What is shown is what is done."""
    given: list[tuple[int, list[str]]] = []

    def watch(made: object) -> Noted:
        assert made is not None
        given.append((len(crm.writes()), crm.events("crm")))
        return Noted()

    made, outcome = apply(crm.root, environ=crm.environ, reporter=watch, stop=Hurried())
    assert given == [(0, [])]
    assert [item.key for item in made.runnable] == [end.item.key for end in outcome.imports]


def test_a_log_that_cannot_be_written_stops_the_whole_run(crm: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a durable permit no job is started, and no other import is begun."""
    crm.people("b.csv", "b@example.com")

    def full_disk(segment: Segment, data: bytes, **more: Callable[[int], None]) -> None:
        if b'"submitted"' in data:
            raise SyncerError("the state log could not be written: No space left on device")
        append(segment, data, **more)

    with monkeypatch.context() as patched:
        patched.setattr("syncer.state.store.append", full_disk)
        with pytest.raises(SyncerError, match="No space left"):
            crm.run()
    assert START not in crm.calls()
    assert crm.events("crm") == ["claimed"]
    assert set(results(crm.run()).values()) == {"completed"}
    assert crm.jobs().count("completed") == 2
