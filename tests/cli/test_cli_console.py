"""Where text leaves the process."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from typing import Any

import pytest

from syncer.cli.console import Console
from syncer.cli.parser import defaults
from syncer.cli.terminal import is_live, shows_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def console(**common: Any) -> tuple[Console, Terminal, Terminal]:
    out, err = Terminal(), Terminal()
    arguments = argparse.Namespace(**{**vars(defaults()), **common})
    return Console(arguments, environ={}, stdout=out, stderr=err), out, err


def test_data_and_messages_are_apart() -> None:
    """Data goes to stdout and messages to stderr, each line ended once."""
    made, out, err = console()

    made.data("data")
    made.note("note\n")

    assert out.getvalue() == "data\n"
    assert err.getvalue() == "note\n"


def test_quiet_keeps_data_and_errors() -> None:
    """-q silences messages, and neither data nor errors."""
    made, out, err = console(quiet=True)

    made.data("data")
    made.note("note")
    made.error("error")

    assert (out.getvalue(), err.getvalue()) == ("data\n", "error\n")


@pytest.mark.parametrize(
    ("environ", "forbidden", "expected"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_colour_on_a_terminal(environ: dict[str, str], expected: bool, forbidden: bool) -> None:
    """The flag wins, then NO_COLOR, then FORCE_COLOR, then TERM."""
    assert shows_colour(Terminal(), environ, forbidden=forbidden) is expected


def test_colour_elsewhere() -> None:
    """A pipe gets none unless it is forced."""
    assert not shows_colour(io.StringIO(), {})
    assert shows_colour(io.StringIO(), {"FORCE_COLOR": "1"})
    assert not shows_colour(io.StringIO(), {"FORCE_COLOR": "0"})


def test_live_lines_need_a_person() -> None:
    """Lines are drawn again on a terminal only, and never in CI."""
    assert is_live(Terminal(), {})
    assert not is_live(Terminal(), {"CI": "true"})
    assert not is_live(Terminal(), {"TERM": "dumb"})
    assert not is_live(io.StringIO(), {})


def test_pipes_get_utf8_whatever_the_code_page() -> None:
    """On a machine of another code page, data that is piped is UTF-8."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")

    Console(defaults(), environ={}, stdout=stream).data("→ 顧客")

    assert raw.getvalue().decode("utf-8").strip() == "→ 顧客"


def test_a_terminal_of_another_code_page_gets_a_stand_in() -> None:
    """What a terminal cannot show is replaced rather than an error."""

    class OldTerminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    stream = OldTerminal(raw, encoding="cp437")

    Console(defaults(), environ={}, stdout=stream).data("a → 顧")

    assert raw.getvalue().strip() == b"a ? ?"


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`syncer schema | head` ends quietly, with the exit code of what the command did."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; from syncer.cli import run; input(); raise SystemExit(run(['schema']))"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.close()

    child.stdout = None
    _, err = child.communicate(b"\n", timeout=60)

    assert (child.returncode, err) == (0, b"")
