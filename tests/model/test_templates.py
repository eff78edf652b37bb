"""Templates: a closed set of fields, filled alike on every machine, and dates read back from paths."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model import templates
from tests.model.making import file

VALUES = templates.Values(
    spec="crm",
    date=date(2026, 1, 5),
    file=file("data/orders-2.jsonl.gz", "0123456789abcdef"),
    import_id="f00d",
    run="run-7",
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{spec}-{date:%Y%m%d}", "crm-20260105"),
        ("{date}", "2026-01-05"),
        ("{date:%j of %Y}", "005 of 2026"),
        ("{date:%H%M%S}", "000000"),
        ("{file.name}|{file.stem}", "orders-2.jsonl.gz|orders-2"),
        ("{file.digest:8}", "01234567"),
        ("{file.digest}", "0123456789abcdef"),
        ("{import}/{run}", "f00d/run-7"),
        ("no field at all", "no field at all"),
    ],
)
def test_every_field_is_filled(template: str, expected: str) -> None:
    """Each field of the closed set has one meaning."""
    assert templates.problem(template) is None
    assert templates.render(template, VALUES) == expected


def test_years_before_1000_keep_four_digits() -> None:
    """A rendered date has the same width on every platform, whatever its C library does."""
    early = templates.Values(spec="s", date=date(987, 1, 2), file=file(), import_id="i", run="r")
    assert templates.render("{date:%Y-%m-%d}", early) == "0987-01-02"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{env.HOME}", "unknown template field {env.HOME}"),
        ("{}", "unknown template field {}"),
        ("{spec", "unbalanced brace"),
        ("spec}", "unbalanced brace"),
        ("{spec:%Y}", "{spec} takes no format"),
        ("{date:%A}", "not %A"),
        ("{date:%}", "not %"),
        ("{date:%%Y}", "not %%"),
        ("{date:year}", "needs a format"),
        ("{file.digest:0}", "from 1 to 64"),
        ("{file.digest:65}", "from 1 to 64"),
        ("{file.digest:x}", "from 1 to 64"),
        ("{file.digest:²}", "from 1 to 64"),
    ],
)
def test_anything_else_is_explained(template: str, words: str) -> None:
    """What is no field of the closed set is a problem that names itself."""
    assert words in (templates.problem(template) or "")


def test_only_the_allowed_fields_may_stand() -> None:
    """A place that knows no run does not accept {run}, and says what it knows."""
    problem = templates.problem("{run}", allowed=("date",))
    assert problem == "unknown template field {run}; known here: {date}"


def test_uses_sees_a_field_with_and_without_format() -> None:
    """A field counts as used whether or not it has a format."""
    assert templates.uses("a{date}b", "date")
    assert templates.uses("a{date:%Y}b", "date")
    assert not templates.uses("{spec}", "date")


@pytest.mark.parametrize(
    ("uri", "glob"),
    [
        ("in/dt={date:%Y-%m-%d}/part-*.csv", "in/dt=????-??-??/part-*.csv"),
        ("in/{date}.csv", "in/????-??-??.csv"),
        ("in/{date:%Y/%j}.csv", "in/????/???.csv"),
        ("in/plain.csv", "in/plain.csv"),
    ],
)
def test_a_date_becomes_a_glob_of_its_width(uri: str, glob: str) -> None:
    """Listing looks for exactly as many characters as the date will have."""
    assert templates.date_as_glob(uri) == glob


@pytest.mark.parametrize(
    ("uri", "path", "day"),
    [
        ("in/{date}.csv", "in/2026-02-28.csv", date(2026, 2, 28)),
        ("in/{date}.csv", "in/2026-02-30.csv", None),
        ("in/{date}.csv", "in/2026-13-01.csv", None),
        ("in/{date:%Y}/{date:%m}/{date:%d}/a.csv", "in/2026/02/03/a.csv", date(2026, 2, 3)),
        ("in/{date:%Y}/{date}.csv", "in/2026/2026-02-03.csv", date(2026, 2, 3)),
        ("in/{date:%Y}/{date}.csv", "in/2025/2026-02-03.csv", None),
        ("in/{date:%Y%m%d}-{date:%Y%m%d}.csv", "in/20260203-20260204.csv", None),
        ("in/{date:%Y%j}.csv", "in/2024366.csv", date(2024, 12, 31)),
        ("in/{date:%Y%j}.csv", "in/2026366.csv", None),
        ("in/{date:%Y%j}.csv", "in/2026000.csv", None),
        ("in/{date:%Y%j}.csv", "in/9999366.csv", None),
        ("in/{date}/{date:%j}.csv", "in/2026-02-01/032.csv", date(2026, 2, 1)),
        ("in/{date}/{date:%j}.csv", "in/2026-02-01/033.csv", None),
        ("in/{date:%Y-%m}.csv", "in/2026-02.csv", date(2026, 2, 1)),
        ("in/{date:%Y%m%d%H%M}.csv", "in/202602032359.csv", date(2026, 2, 3)),
        ("in/{date:%Y%m%d%H}.csv", "in/2026020324.csv", None),
        ("in/{date}/**/*.csv", "in/2026-02-03/x/y/a.csv", date(2026, 2, 3)),
        ("in/{date}/**/*.csv", "in/2026-02-03/a.csv", date(2026, 2, 3)),
        ("in/*/{date}.csv", "in/a/b/2026-02-03.csv", None),
        ("in/part-?-{date}.csv", "in/part-1-2026-02-03.csv", date(2026, 2, 3)),
        ("in/[ab]-{date}.csv", "in/a-2026-02-03.csv", date(2026, 2, 3)),
        ("in/[!ab]-{date}.csv", "in/c-2026-02-03.csv", date(2026, 2, 3)),
        ("in/[!ab]-{date}.csv", "in/a-2026-02-03.csv", None),
        ("in/[[]x-{date}.csv", "in/[x-2026-02-03.csv", date(2026, 2, 3)),
        ("in/[]]x-{date}.csv", "in/]x-2026-02-03.csv", date(2026, 2, 3)),
        ("in/[z-a]x-{date}.csv", "in/bx-2026-02-03.csv", None),
        ("in/(a)+-{date}.csv", "in/(a)+-2026-02-03.csv", date(2026, 2, 3)),
        ("in/plain.csv", "in/plain.csv", None),
        ("in/{date:%m-%d}.csv", "in/02-03.csv", None),
        ("in/{date}.csv", "in/\uff12026-02-03.csv", None),
    ],
)
def test_the_day_is_read_from_the_path(uri: str, path: str, day: date | None) -> None:
    """A path has a day only where every part of every date in it agrees on one real day."""
    assert templates.date_in_path(uri, path) == day


@given(st.dates(min_value=date(1, 1, 1)), st.sampled_from(["%Y-%m-%d", "%Y%j", "dt=%Y/%m/%d", "%Y%m%d%H"]))
def test_a_rendered_date_is_read_back(day: date, form: str) -> None:
    """What render writes, date_in_path reads, for every day and format."""
    values = templates.Values(spec="s", date=day, file=file(), import_id="i", run="r")
    uri = f"in/{{date:{form}}}/a.csv"
    assert templates.date_in_path(uri, templates.render(uri, values)) == day
