"""Rows and cost before the fact: what the guide budgets, added up, and what samples of the files tell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from syncer.model.effort import typical_range, typical_seconds
from syncer.model.samples import RowEstimate, Sample
from syncer.plan import Plan, make_plan, stale
from syncer.plan.budget import budget_of
from syncer.plan.document import from_document, to_document
from tests.model.making import Making, file, spec
from tests.plan.world import APPEND, inputs, plan_of, spec_input

A, B, C = (file(f"data/{name}.csv") for name in "abc")


def about(rows: int) -> Sample:
    return Sample(rows=RowEstimate(rows, exact=False))


def counted(rows: int, **more: Any) -> Sample:
    return Sample(rows=RowEstimate(rows, exact=True), **more)


def sampled(samples: dict[str, Sample], own: Any = None, **more: Any) -> Plan:
    """Plan for the files A, B and C of one spec, of which these samples are known."""
    return make_plan(inputs(spec_input(own, A, B, C, samples=samples), **more))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (0, (30, 120)),
        (99_999, (30, 120)),
        (100_000, (60, 480)),
        (999_999, (60, 480)),
        (1_000_000, (300, 2_400)),
        (10_000_000, (1_800, 14_400)),
    ],
)
def test_durations_are_those_of_the_guide(rows: int, expected: tuple[int, int]) -> None:
    """The table of the vendor's guide, in seconds; a job is stuck by the longest of them."""
    assert typical_range(rows) == expected
    assert typical_seconds(rows) == expected[1]


def test_costs_add_up_and_one_estimate_makes_the_sum_one() -> None:
    """Twice the rows are merged; jobs of one object run one after the other; what is unknown is counted apart."""
    plan = sampled({A.path: counted(1_000), B.path: about(2_000_000), C.path: Sample(problem="it is damaged gzip")})
    budget = budget_of(plan.imports)
    assert (budget.rows, budget.unknown, budget.compute_rows) == (RowEstimate(2_001_000, exact=False), 1, 4_002_000)
    assert budget.seconds == (30 + 300, 120 + 2_400)
    assert budget_of(sampled({A.path: counted(7)}).imports[:1]).rows == RowEstimate(7, exact=True)


def test_objects_are_imported_side_by_side() -> None:
    """The plan as a whole takes as long as its longest object."""
    specs = [
        spec_input(spec(), A, samples={A.path: counted(1)}),
        spec_input(spec("shop", target={"object": "orders"}), B, samples={B.path: counted(5_000_000)}),
    ]
    assert budget_of(make_plan(inputs(specs)).imports).seconds == (300, 2_400)


def test_only_what_begins_costs() -> None:
    """What was imported, or is only resumed, was budgeted before."""
    samples = {each.path: counted(10) for each in (A, B, C)}
    events = [*Making(source=A).whole("imp_1"), Making(source=B).submitted("imp_2")]
    plan = make_plan(inputs(spec_input(None, A, B, C, samples=samples), events))
    assert budget_of(plan.imports).rows == RowEstimate(10, exact=True)


def test_no_decision_rests_on_a_sample() -> None:
    """A saved plan stays fresh when another sample gives another estimate, and its digest stays the same."""
    before, now = sampled({A.path: about(1_000)}), sampled({A.path: about(2_000)})
    saved = from_document(json.loads(json.dumps(to_document(before))), "plan.json")
    assert before.digest == now.digest == sampled({}).digest
    assert stale(saved.covers, now) == []


def test_the_document_tells_rows_and_cost_of_every_import_spec_and_plan() -> None:
    """For programs: numbers in full, and whether they are counted."""
    samples = {A.path: counted(10, separated_by="tabs", encoding="utf-16"), B.path: about(200_000)}
    document = to_document(sampled(samples))
    first, second, third = document["imports"]
    keys = ("rows", "rows_exact", "compute_rows", "typical_seconds", "separated_by", "encoding")
    assert [first[key] for key in keys] == [10, True, 20, [30, 120], "tabs", "utf-16"]
    assert [second[key] for key in keys] == [200_000, False, 400_000, [60, 480], "", ""]
    assert [third[key] for key in keys] == [None, None, None, None, "", ""]
    total = {
        "rows": 200_010,
        "rows_exact": False,
        "files_unknown": 1,
        "compute_rows": 400_020,
        "typical_seconds": [90, 600],
    }
    assert document["budget"] == document["specs"][0]["budget"] == total


# --- notes -----------------------------------------------------------------------------------------------------------

FEW = "fewer than 10,000 rows, which the vendor's guide would send as record batches"


@pytest.mark.parametrize(
    ("rows", "note"),
    [((9_999, 20_000, 20_000), f"1 file has {FEW}"), ((1, 2, 9_999), f"3 files have {FEW}")],
)
def test_small_files_are_told_once_a_spec(rows: tuple[int, ...], note: str) -> None:
    """However many they are: a plan of a thousand of them says it in one line."""
    plan = sampled({each.path: counted(count) for each, count in zip((A, B, C), rows, strict=True)})
    assert plan.specs[0].notes == (note,)


@pytest.mark.parametrize(
    ("own", "more"),
    [
        pytest.param(spec(list={"create": "People"}), {}, id="a list"),
        pytest.param(spec(audience={"create": "People"}), {}, id="an audience"),
        pytest.param(spec(target={"object": "profiles", "via": "records"}), {}, id="records already"),
        pytest.param(spec(), {"write_modes": APPEND}, id="an object that appends"),
    ],
)
def test_where_record_batches_cannot_be_meant_nothing_is_said(own: Any, more: dict[str, Any]) -> None:
    """Lists and audiences are made by import jobs alone, and a record batch has no job to adopt after a crash."""
    assert sampled({A.path: counted(1)}, own, **more).specs[0].notes == ()


@pytest.mark.parametrize(
    ("modes", "words"), [({"profiles": "upsert"}, ""), ({}, ", if the object merges rows")], ids=["upsert", "not known"]
)
def test_files_that_take_the_way_of_records_are_told(modes: dict[str, str], words: str) -> None:
    """The plan says which way small files go before they do."""
    own = spec(target={"object": "profiles", "match_key": "b", "via": "auto"})
    plan = sampled({A.path: counted(9_999), B.path: counted(10_000)}, own, write_modes=modes)
    assert plan.specs[0].notes == (f"1 file has fewer than 10,000 rows and will go as record batches{words}",)


def test_larger_files_are_what_imports_are_for() -> None:
    """Nothing is said of ten thousand rows and more, nor of a file that nobody looked at."""
    assert sampled({A.path: about(10_000)}).specs[0].notes == ()


@pytest.mark.parametrize(
    ("csv", "samples", "note"),
    [
        ({}, {A.path: "semicolons"}, "separated by semicolons, as its header shows"),
        ({}, {A.path: "tabs", B.path: "tabs"}, "separated by tabs, as the headers of 2 files show"),
        (
            {"delimiter": ";"},
            {A.path: "commas"},
            "separated by commas, as its header shows, and not as source.csv.delimiter says",
        ),
    ],
)
def test_a_delimiter_that_the_header_shows_is_told(csv: dict[str, str], samples: dict[str, str], note: str) -> None:
    """A reader of the plan sees what nobody wrote down, or what was written down wrongly."""
    found = {path: counted(20_000, separated_by=name) for path, name in samples.items()}
    own = spec(source={"uri": "data/*.csv", "csv": csv})
    assert sampled(found, own).specs[0].notes == (note,)


def test_an_encoding_is_told_once() -> None:
    """As it is read, for all files of the spec."""
    found = {each.path: counted(20_000, encoding="windows-1252") for each in (A, B)}
    assert sampled(found).specs[0].notes == ("read as windows-1252, as source.csv.encoding says",)


def test_rows_that_are_not_known_have_a_reason() -> None:
    """The first reason is told in full, and the others are counted."""
    found = {A.path: Sample(problem="data/a.csv is damaged gzip"), B.path: Sample(problem="gone")}
    assert sampled(found).specs[0].notes == ("rows unknown: data/a.csv is damaged gzip, and 1 file more",)
    assert plan_of(None, A).specs[0].notes == ()
