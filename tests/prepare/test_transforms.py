"""Transforms: one meaning, whether the engine or Python applies them, and the meaning that the spec gives."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from syncer.errors import PrepareError
from syncer.prepare.layout import layout_of
from syncer.prepare.transforms import sql
from syncer.prepare.transforms.masking import masking, pads
from syncer.prepare.transforms.steps import Clean, Steps
from syncer.prepare.transforms.text import transform
from syncer.prepare.transforms.zones import with_offset, zone_table
from syncer.settings import MASK_KEY, MaskKey
from tests.prepare.files import spec_of

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2007\u200a\u2028\u2029\u202f\u205f\u3000"
TEXTS = st.text(
    st.characters(codec="utf-8")
    | st.sampled_from(WHITE_SPACE + "aA\xdf\u0130\u0131\u03a3\u03c2\u03c3\u01c5\ufb01\u0345\x00\x1f\ufeff\u200b"),
    max_size=8,
)
CLEAN: st.SearchStrategy[list[Clean]] = st.lists(
    st.sampled_from(("trim", "lower", "upper", "empty_to_null")), max_size=4
)
CLOCKS = st.sampled_from(
    ["", "T00:00:00", " 02:30:00", "T02:30", "T23:59:59.123456789", " 24:00:00", "T12:60:00", "t12:00:00"]
)
DAYS = st.dates().map(str) | st.sampled_from(
    ["2026-03-29", "2026-10-25", "0000-01-01", "2025-02-29", "9999-12-31", "1893-03-31"]
)
MOMENTS = st.builds("{}{}{}".format, DAYS, CLOCKS, st.sampled_from(["", "", "Z", "+01:00", " "]))
EVERY_CHARACTER = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def key_of(secret: str) -> MaskKey:
    return MaskKey(secret=SecretStr(secret))


def by_engine(engine: duckdb.DuckDBPyConnection, steps: Steps, values: Sequence[str]) -> list[str | None]:
    sql.set_up(engine, [steps])
    rows = engine.execute(f"SELECT {sql.text(steps, 'v')} FROM (SELECT unnest(?::VARCHAR[]) AS v)", [list(values)])
    return [row[0] for row in rows.fetchall()]


def by_python(steps: Steps, values: Sequence[str]) -> list[str | None]:
    function = transform(steps)
    return [function(value) for value in values]


@settings(max_examples=100, deadline=None)
@given(clean=CLEAN, secret=st.none() | st.text(min_size=1, max_size=130), values=st.lists(TEXTS, min_size=3))
def test_engine_and_python_clean_and_mask_alike(
    engine: duckdb.DuckDBPyConnection, clean: list[Clean], secret: str | None, values: list[str]
) -> None:
    """Whatever the text, the steps, their order and the key, SQL and Python give the same text."""
    steps = Steps(tuple(clean), key=key_of(secret) if secret else None)
    assert by_engine(engine, steps, values) == by_python(steps, values)


@pytest.mark.parametrize("step", ["lower", "upper"])
def test_every_letter_there_is_comes_out_alike(engine: duckdb.DuckDBPyConnection, step: Clean) -> None:
    """No code point of Unicode is lowered or raised by one of the two only."""
    text = "a".join(EVERY_CHARACTER)
    assert by_engine(engine, Steps((step,)), [text]) == by_python(Steps((step,)), [text])


def test_every_white_space_there_is_is_taken_off_alike(engine: duckdb.DuckDBPyConnection) -> None:
    """No code point of Unicode is white space to one of the two only."""
    trimmed = transform(Steps(("trim",)))
    expected = {character for character in EVERY_CHARACTER if not trimmed(character)}
    sql.set_up(engine, [Steps(("trim",))])
    characters = "SELECT unnest(string_split(?, '')) AS v"
    rows = engine.execute(
        f"SELECT v FROM ({characters}) WHERE {sql.text(Steps(('trim',)), 'v')} = ''", ["".join(EVERY_CHARACTER)]
    )
    assert {row[0] for row in rows.fetchall()} == expected
    assert expected >= set(WHITE_SPACE)


@pytest.mark.parametrize(
    ("clean", "value", "expected"),
    [
        pytest.param(["trim"], "\u3000 a b\t\r\n\u00a0", "a b", id="trim takes all white space off both ends"),
        pytest.param(["trim"], "\ufeff\u200ba", "\ufeff\u200ba", id="trim leaves what is no white space"),
        pytest.param(["lower"], "ÄÖÜ \u0391\u03a3 \u0130", "äöü \u03b1\u03c3 i", id="lower goes letter by letter"),
        pytest.param(["upper"], "straße ǆ", "STRAẞE Ǆ", id="upper gives one letter for one"),
        pytest.param(["trim", "empty_to_null"], "  ", None, id="in the written order"),
        pytest.param(["empty_to_null", "trim"], "  ", "", id="in the other order"),
        pytest.param(["lower", "trim"], " A ", "a", id="both"),
    ],
)
def test_what_clean_does(
    engine: duckdb.DuckDBPyConnection, clean: list[Clean], value: str, expected: str | None
) -> None:
    """Each step does what its documentation says."""
    steps = Steps(tuple(clean))
    assert by_engine(engine, steps, [value]) == by_python(steps, [value]) == [expected]


@given(secret=st.text(min_size=1, max_size=100), value=st.text(min_size=1))
def test_the_pads_make_a_real_hmac(secret: str, value: str) -> None:
    """The two blocks that the engine hashes with are those of RFC 2104, for keys shorter and longer than a block."""
    inner, outer = pads(key_of(secret))
    by_hand = hashlib.sha256(outer + hashlib.sha256(inner + value.encode()).digest()).hexdigest()
    assert by_hand == hmac.new(secret.encode(), value.encode(), "sha256").hexdigest() == masking(key_of(secret))(value)


def test_what_is_empty_or_null_is_not_masked(engine: duckdb.DuckDBPyConnection) -> None:
    """Nobody's missing value gets a hash, which would be the same for all of them."""
    steps = Steps(("trim",), key=key_of("k"))
    assert by_engine(engine, steps, ["", " "]) == by_python(steps, ["", " "]) == ["", ""]
    assert engine.execute(f"SELECT {sql.text(steps, 'NULL')}").fetchall() == [(None,)]


def test_the_key_comes_from_the_environment_and_stays_hidden() -> None:
    """The key is read without white space around it, is in no representation, and is told apart by a short print."""
    key = MaskKey.from_environ({MASK_KEY: " s3cret\n"})
    assert key is not None
    assert masking(key)("a") == hmac.new(b"s3cret", b"a", "sha256").hexdigest()
    assert "s3cret" not in f"{key!r} {key} {key.model_dump()}"
    assert key.fingerprint == hashlib.sha256(hmac.digest(b"s3cret", b"syncer mask key", "sha256")).hexdigest()[:8]
    assert MaskKey.from_environ({MASK_KEY: " "}) is None is MaskKey.from_environ({})


def test_a_mask_without_a_key_is_refused() -> None:
    """Without the key nothing is laid out, so nothing is prepared or sent; the variable to set is named."""
    spec = spec_of({"phone": {"to": "phone_hash", "mask": "hmac"}, "a": "a"})
    with pytest.raises(PrepareError, match="'phone'") as caught:
        layout_of(spec, ("phone", "a"), None)
    assert MASK_KEY in caught.value.why
    layout = layout_of(spec, ("phone", "a"), None, key_of("k"))
    assert [bool(one.steps) for one in layout.kept] == [True, False]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2026-01-15T12:00:00", "2026-01-15T12:00:00+01:00", id="winter"),
        pytest.param("2026-07-15 12:00:00.120", "2026-07-15T12:00:00.120+02:00", id="summer, a space, a fraction"),
        pytest.param("2026-07-15T12:00", "2026-07-15T12:00:00+02:00", id="no seconds"),
        pytest.param("2026-07-15", "2026-07-15T00:00:00+02:00", id="a day is its midnight"),
        pytest.param("9999-12-31 23:59:59", "9999-12-31T23:59:59+01:00", id="the end of time"),
        pytest.param("1900-01-01", "1900-01-01T00:00:00+01:00", id="long ago"),
        pytest.param("2026-03-29T02:30:00", None, id="skipped when clocks go forward"),
        pytest.param("2026-03-29T01:59:59.999", "2026-03-29T01:59:59.999+01:00", id="just before"),
        pytest.param("2026-03-29T03:00:00", "2026-03-29T03:00:00+02:00", id="just after"),
        pytest.param("2026-10-25T02:30:00", None, id="twice when clocks go back"),
        pytest.param("2026-10-25T03:00:00", "2026-10-25T03:00:00+01:00", id="once again"),
        pytest.param("1890-01-01", None, id="an offset of 53 minutes and 28 seconds"),
        pytest.param("2026-07-15T12:00:00Z", None, id="UTC already"),
        pytest.param("2026-07-15T12:00:00-05:00", None, id="an offset already"),
        pytest.param("2025-02-29", None, id="no such day"),
        pytest.param("0000-01-01", None, id="no such year"),
        pytest.param("2026-07-15T24:00:00", None, id="no such hour"),
        pytest.param("2026-07-15T23:59:60", None, id="a leap second"),
        pytest.param(" 2026-07-15", None, id="a space in front"),
        pytest.param("15.07.2026", None, id="another way to write a day"),
        pytest.param("\uff12\uff10\uff12\uff16-07-15", None, id="digits of another script"),
        pytest.param("", None, id="empty"),
    ],
)
def test_what_timezone_does(engine: duckdb.DuckDBPyConnection, value: str, expected: str | None) -> None:
    """A naive datetime gets its offset; whatever has one, has no single one or is no datetime stays as it is."""
    steps = Steps(zone="Europe/Berlin")
    assert by_engine(engine, steps, [value]) == by_python(steps, [value]) == [expected or value]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Berlin", "UTC", "Australia/Lord_Howe", "Pacific/Apia"]),
    values=st.lists(MOMENTS, min_size=30),
)
def test_engine_and_python_place_any_text_alike(
    engine: duckdb.DuckDBPyConnection, zone: str, values: list[str]
) -> None:
    """Datetimes of any day, whole or damaged, come out of SQL as they come out of Python."""
    steps = Steps(zone=zone)
    assert by_engine(engine, steps, values) == by_python(steps, values)


def changes_hold(engine: duckdb.DuckDBPyConnection, name: str) -> None:
    """Compare the engine's table with Python's own answers around every change of a zone, and far from them."""
    zone, start = ZoneInfo(name), datetime(1970, 1, 1)  # noqa: DTZ001 - local times are the point
    near = [start + timedelta(seconds=bound + by) for bound in zone_table(name).bounds[1:] for by in (-1, 0, 1)]
    far = [datetime(year, month, 1) for year in range(1, 10_000, 61) for month in (1, 4, 7, 11)]  # noqa: DTZ001 - the same
    values = [moment.isoformat() for moment in near + far]
    steps = Steps(zone=name)
    assert by_engine(engine, steps, values) == [with_offset(value, zone) for value in values]
    moments = engine.execute(
        f"SELECT strftime({sql.moment(name, 'v::TIMESTAMP')} AT TIME ZONE 'UTC', '%x %X') FROM (SELECT unnest(?) AS v)",
        [values[: len(near)]],
    ).fetchall()
    expected = [_in_utc(moment, zone) for moment in near]
    assert [row[0] for row in moments] == expected


def _in_utc(local: datetime, zone: ZoneInfo) -> str | None:
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return (local - first).strftime("%Y-%m-%d %H:%M:%S") if first is not None and first == second else None


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Europe/Berlin", id="a change twice a year"),
        pytest.param("Australia/Lord_Howe", id="by half an hour"),
        pytest.param("Pacific/Apia", id="a day left out"),
        pytest.param("America/Sao_Paulo", id="at midnight"),
        pytest.param("Africa/Casablanca", id="four changes a year"),
        pytest.param("Africa/Freetown", id="changes four days apart"),
        pytest.param("Asia/Manila", id="a day repeated"),
        pytest.param("Europe/Dublin", id="negative summer time"),
        pytest.param("Asia/Kathmandu", id="an offset of 5:45"),
    ],
)
def test_no_change_of_a_zone_is_missed(engine: duckdb.DuckDBPyConnection, name: str) -> None:
    """Around each change of the offset, SQL and Python agree, for text and for timestamps."""
    changes_hold(engine, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_no_change_of_any_zone_is_missed(engine: duckdb.DuckDBPyConnection, name: str) -> None:
    """The same for every zone of the IANA database."""
    changes_hold(engine, name)
