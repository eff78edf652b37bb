"""Columns, widths, words: what every rendering is laid out with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.render.layout import columns, display_width, lasted, shorten, shown, wrap
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style


def test_columns_align_by_what_a_terminal_shows() -> None:
    """Wide characters take two columns, combining ones none, and numbers end at the same place."""
    lines = columns([("顧客", "7"), ("e\u0301", "1,000"), ("abc", "20")], right=frozenset({1}))

    assert lines == ["顧客      7", "e\u0301     1,000", "abc      20"]
    assert len({display_width(line) for line in lines}) == 1


def test_an_empty_column_takes_no_room() -> None:
    """A column in which no row has anything is left out."""
    assert columns([("a", "", "b"), ("c", "", "d")]) == ["a  b", "c  d"]


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_shortened_text_fits(text: str, width: int) -> None:
    """No shortened text is wider than asked for, and one that fits is left alone."""
    text = shown(text)

    short = shorten(text, width)

    assert display_width(short) <= width
    assert display_width(text) > width or short == text


@given(st.text())
def test_shown_text_controls_nothing(text: str) -> None:
    """Whatever a file is called, its name stays on its line and moves no cursor."""
    assert shown(text).isprintable()


@given(st.lists(st.text("ab", min_size=1), min_size=1).map(" ".join), st.integers(min_value=8, max_value=40))
def test_wrapping_keeps_every_word(text: str, width: int) -> None:
    """The lines joined again are the text."""
    assert " ".join(line.strip() for line in wrap(text, width, "  ")) == text


def test_durations_are_told_in_fitting_units() -> None:
    """Tenths below ten seconds, then seconds, minutes, hours."""
    assert [lasted(each) for each in (0.44, 9.99, 75.0, 7_800.0)] == ["0.4 s", "10.0 s", "1 m 15 s", "2 h 10 m"]


def test_colours_are_off_by_default() -> None:
    """Without a terminal no sequence is written."""
    assert PLAIN.red("a") == "a"
    assert Style(colour=True).red("a") == "\x1b[31ma\x1b[0m"


def test_markdown_takes_nothing_for_markup() -> None:
    """Markup, HTML, cells, mentions and references to issues in foreign text stay text."""
    assert escaped("*a* <b> | `c` @team #1") == "\\*a\\* &lt;b&gt; \\| \\`c\\` @<!-- -->team #<!-- -->1"


def test_code_survives_backticks_and_cells() -> None:
    """Backticks get a longer fence; a bar would end the table's cell, so it is written as an entity."""
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert code("a|<b>") == "<code>a&#124;&lt;b&gt;</code>"


def test_number_columns_align_right() -> None:
    """The rule under the header says so."""
    assert table(("a", "b"), [("x", "1")], right=frozenset({1})) == ["| a | b |", "| --- | ---: |", "| x | 1 |"]
