"""The guard against late files: an older file does not silently overwrite a newer one's rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.model.order import order_key
from syncer.plan import Action, Filters, Plan, make_plan
from tests.model.making import NOW, Making, file, spec
from tests.plan.test_history import unique
from tests.plan.world import APPEND, actions, inputs, plan_of, spec_input

URI = "data/dt={date:%Y-%m-%d}/part-*.csv"
DATED: dict[str, Any] = {"source": {"uri": URI}}
OWN = spec(**DATED)


def on(day: int, part: int = 1, version: str = "A", **more: Any) -> SourceFile:
    """Return a file of November 2026, as the listing finds it."""
    return file(f"data/dt=2026-11-{day:02}/part-{part}.csv", version, date=date(2026, 11, day), **more)


def done(*files: SourceFile) -> list[AnyEvent]:
    return unique([event for n, each in enumerate(files) for event in Making(source=each).whole(f"imp_{n}")])


def late(plan: Plan) -> list[str]:
    return [item.file.path for item in plan.imports if item.reason.startswith("older than")]


def test_a_file_older_than_the_newest_imported_is_held_back() -> None:
    """It calls for attention, says what it would overwrite, and names every way on."""
    plan = plan_of(OWN, on(1), on(3), on(4), events=done(on(3)))
    assert actions(plan) == [f"blocked {on(1).path}", f"skip {on(3).path}", f"import {on(4).path}"]
    (item,) = plan.attention
    assert item.reason == (
        "older than data/dt=2026-11-03/part-1.csv, imported on 2026-11-23: its rows would overwrite newer ones. "
        "To import it all the same: --out-of-order crm; to leave it out: syncer baseline crm --path PATH; "
        "where order does not matter: on_failure: continue"
    )


def test_newer_files_go_on() -> None:
    """A late file is late already: what comes after the newest does not wait for somebody to decide about it."""
    plan = plan_of(OWN, on(1), on(4), on(5), events=done(on(3)))
    assert [item.action for item in plan.imports] == [Action.BLOCKED, Action.IMPORT, Action.IMPORT]


@pytest.mark.parametrize(
    ("own", "more"),
    [
        pytest.param({}, {"write_modes": APPEND}, id="appends"),
        pytest.param({"on_failure": "block"}, {"write_modes": APPEND}, id="appends, in order"),
        pytest.param({"on_failure": "continue"}, {}, id="order does not matter"),
        pytest.param({}, {"filters": Filters(out_of_order=("crm",))}, id="allowed"),
        pytest.param({}, {"filters": Filters(since=date(2026, 11, 1))}, id="a backfill"),
    ],
)
def test_where_it_does_no_harm_or_is_asked_for_it_is_imported(own: dict[str, Any], more: dict[str, Any]) -> None:
    """There is nothing to guard, or somebody has decided."""
    assert plan_of(spec(**DATED, **own), on(1), events=done(on(3)), **more).imports[0].action is Action.IMPORT


@pytest.mark.parametrize("filters", [Filters(out_of_order=("other",)), Filters(until=date(2026, 11, 30))])
def test_other_words_do_not_open_the_guard(filters: Filters) -> None:
    """The override is for the named spec, and only a day to begin with asks for old files."""
    other = spec_input(spec("other", target={"object": "orders"}))
    plan = make_plan(inputs([spec_input(OWN, on(1)), other], done(on(3)), filters=filters))
    assert late(plan) == [on(1).path]


@pytest.mark.parametrize(("on_failure", "asked"), [(None, True), ("continue", False)])
def test_an_unknown_write_mode_is_asked_for(on_failure: str | None, asked: bool) -> None:
    """An object that appends has nothing to overwrite, so it is worth asking before somebody is called."""
    own = spec(**DATED, **({"on_failure": on_failure} if on_failure else {}))
    plan = plan_of(own, on(1), events=done(on(3)), write_modes={})
    assert plan.undecided == (frozenset({"profiles"}) if asked else frozenset())
    if asked:
        assert "unless object profiles appends, which is not known" in plan.imports[0].reason
    assert plan_of(own, on(4), events=done(on(3)), write_modes={}).undecided == frozenset()


# --- what is older ---------------------------------------------------------------------------------------------------


def test_the_order_is_the_spec_s_own() -> None:
    """Within a day by natural path order; a file without a date comes before those that have one."""
    assert late(plan_of(OWN, on(3, 2), on(3, 9), events=done(on(3, 10)))) == [on(3, 2).path, on(3, 9).path]
    assert late(plan_of(OWN, on(3, 11), events=done(on(3, 10)))) == []
    undated = plan_of(spec(), file("data/2.csv"), file("data/11.csv"), events=done(file("data/10.csv")))
    assert late(undated) == ["data/2.csv"]


def test_names_are_compared_within_a_folder() -> None:
    """Which region comes first in the alphabet says nothing about the age of its rows."""
    own = spec(source={"uri": "data/**/*.csv"})
    imported = done(file("data/eu/1.csv"), file("data/us/3.csv"))
    plan = plan_of(own, file("data/eu/2.csv"), file("data/us/2.csv"), events=imported)
    assert late(plan) == ["data/us/2.csv"]


def test_by_modification_the_imported_version_s_own_time_counts() -> None:
    """A newer version that is not imported yet makes nothing late."""

    def at(name: str, hour: int, version: str = "A") -> SourceFile:
        return file(f"data/{name}.csv", version, modified=datetime(2026, 11, 20, hour, tzinfo=UTC))

    own = spec(source={"order": "modified", "on_change": "import"})
    plan = plan_of(own, at("b", 5), at("c", 7), at("a", 9, "B"), events=done(at("a", 6)))
    assert actions(plan) == ["blocked data/b.csv", "import data/c.csv", "reimport data/a.csv"]


@pytest.mark.parametrize(
    "baselined", [pytest.param(True, id="still listed"), pytest.param(False, id="not listed any more")]
)
def test_a_baseline_s_time_is_known_while_it_is_listed(baselined: bool) -> None:
    """Nobody claimed it, so only the listing tells when it was written; a time that is not known holds nobody back."""
    old, new = (file(f"data/{name}.csv", modified=NOW - timedelta(days=n)) for name, n in (("a", 3), ("b", 2)))
    files = (old, new) if baselined else (old,)
    plan = plan_of(spec(source={"order": "modified"}), *files, events=[Making(source=new).baselined("by hand")])
    assert late(plan) == (["data/a.csv"] if baselined else [])


@pytest.mark.parametrize(
    ("uri", "before", "late_one"),
    [
        (URI, "data/dt=2026-11-03/part-1.csv", "data/dt=2026-11-01/part-9.csv"),
        (f"./{URI}", "data/dt=2026-11-03/part-1.csv", "data/dt=2026-11-01/part-9.csv"),
        ("data/{date:%d-%m-%Y}.csv", "data/03-11-2026.csv", "data/09-10-2026.csv"),
        ("s3://b/{date:%d-%m-%Y}/*.csv", "s3://b/03-11-2026/a.csv", "s3://b/09-10-2026/a.csv"),
        (
            "abfs://c/{date:%d.%m.%Y}/*.csv",
            "abfss://c@acc.dfs.core.windows.net/03.11.2026/a.csv",
            "az://c/09.10.2026/a.csv",
        ),
    ],
)
def test_what_is_not_listed_any_more_counts_by_the_date_of_its_path(uri: str, before: str, late_one: str) -> None:
    """Lookback, lifecycle rules and clean-ups take files out of sight; the log still knows that they were imported."""
    now = file(late_one, date=date(2026, 11, 1))
    events = done(file(before))
    assert late(plan_of(spec(source={"uri": uri}), now, events=events)) == [late_one]
    assert late(plan_of(spec(source={"uri": uri}), file(late_one, date=date(2026, 11, 4)), events=events)) == []


def test_what_was_recorded_as_imported_counts() -> None:
    """A baseline says that newer rows are in the platform already."""
    assert late(plan_of(OWN, on(1), events=[Making(source=on(3)).baselined()])) == [on(1).path]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([Making(source=on(3)).claimed(), Making(source=on(3)).failed()], id="failed"),
        pytest.param([*Making(source=on(3)).whole(), Making(source=on(3)).forgotten()], id="forgotten"),
        pytest.param(list(Making(spec("other"), on(3)).whole()), id="another spec's"),
    ],
)
def test_only_what_is_imported_makes_others_late(events: list[AnyEvent]) -> None:
    """What failed or was taken back is imported in its turn, after the older ones."""
    assert late(plan_of(OWN, on(1), events=unique(events))) == []


def test_the_history_of_a_renamed_spec_counts() -> None:
    """A new name makes no file newer."""
    own = spec("crm-2", formerly=["crm"], **DATED)
    assert late(plan_of(own, on(1), events=done(on(3)))) == [on(1).path]


def test_a_retry_comes_late_too() -> None:
    """A file that failed while the order was not kept would overwrite what was imported since."""
    m = Making(source=on(1))
    events = unique([*done(on(3)), m.claimed(), m.failed("transient")])
    assert late(plan_of(OWN, on(1), events=events)) == [on(1).path]


def test_a_job_that_is_permitted_is_brought_to_its_end() -> None:
    """The guard begins nothing and ends nothing."""
    m = Making(source=on(1))
    events = unique([*done(on(3)), m.claimed(), m.submitted("imp_9")])
    assert plan_of(OWN, on(1), events=events).imports[0].action is Action.RESUME


# --- a file that changed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "held"),
    [
        pytest.param(DATED, True, id="dated"),
        pytest.param({"source": {"uri": URI, "on_change": "import"}}, False, id="wanted"),
    ],
)
def test_a_changed_old_file_is_held_back_unless_changes_are_wanted(own: dict[str, Any], held: bool) -> None:
    """Its date says that its rows are old; `on_change: import` says that they are wanted all the same."""
    plan = plan_of(spec(**own), on(1, version="B"), on(3), events=done(on(1), on(3)))
    assert late(plan) == ([on(1).path] if held else [])
    assert plan.imports[0].action is (Action.BLOCKED if held else Action.REIMPORT)


def test_a_changed_file_of_the_newest_day_or_without_a_date_is_imported_in_its_place() -> None:
    """Corrections of the same day are what changes are for, and a path alone does not say how old rows are."""
    same_day = plan_of(OWN, on(3, 1, "B"), on(3, 2), events=done(on(3, 1), on(3, 2)))
    assert same_day.imports[0].action is Action.REIMPORT
    undated = [file("data/a.csv", "B"), file("data/b.csv")]
    plan = plan_of(spec(), *undated, events=done(file("data/a.csv"), file("data/b.csv")))
    assert actions(plan) == ["reimport data/a.csv", "skip data/b.csv"]


@pytest.mark.parametrize("then", [[], ["claimed"], ["claimed", "failed"]])
def test_what_an_operator_asked_for_again_is_imported(then: list[str]) -> None:
    """Also when its first attempt after that is cut off or fails."""
    first, second = Making(source=on(1)), Making(source=on(1), generation=2)
    tried = [getattr(second, name)() for name in then]
    events = unique([*done(on(3)), *first.whole("imp_9"), first.forgotten(), *tried])
    assert plan_of(OWN, on(1), events=events).runnable


def test_a_failure_that_an_operator_closed_is_tried_again() -> None:
    """`retry` is the word of somebody who has seen it."""
    m = Making(source=on(1))
    events = unique([*done(on(3)), m.claimed(), m.failed("final"), m.forgotten("mended")])
    assert plan_of(OWN, on(1), events=events).imports[0].action is Action.IMPORT


# --- any arrival -----------------------------------------------------------------------------------------------------

ARRIVALS = st.lists(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 12)), max_size=4), max_size=6)


@settings(max_examples=80)
@given(ARRIVALS, st.booleans())
def test_however_files_arrive_they_are_imported_in_order(
    arrivals: list[list[tuple[int, int]]], keeps_listing: bool
) -> None:
    """What is imported never comes before what was imported, and what cannot be imported is shown."""
    files: dict[str, SourceFile] = {}
    events: list[AnyEvent] = []
    imported: list[SourceFile] = []
    for arriving in arrivals:
        if not keeps_listing:
            files.clear()
        files |= {each.path: each for each in (on(*what) for what in arriving)}
        listed = sorted(files.values(), key=order_key)
        plan = make_plan(inputs(spec_input(OWN, *listed), events))
        known = {each.path for each in imported}
        assert {item.file.path for item in (*plan.runnable, *plan.attention)} == files.keys() - known
        for item in plan.runnable:
            imported.append(item.file)
            whole = Making(OWN, item.file).whole(f"imp_{len(imported)}")
            events += [msgspec.structs.replace(event, id=f"e{len(events)}-{n}") for n, event in enumerate(whole)]
    assert imported == sorted(imported, key=order_key)
