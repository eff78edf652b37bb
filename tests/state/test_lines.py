"""Events on disk: the golden files are the format, in both directions, and what is no event is told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from syncer.errors import Conflict
from syncer.model.events import VERSION, AnyEvent
from syncer.state.lines import UnreadableLine, decode, encode
from tests.state.events import EVENTS

GOLDEN = Path(__file__).parent / "golden"


def altered(**changes: Any) -> bytes:
    """Return the minimal golden `claimed` line with some keys changed; None takes a key out."""
    facts = {**json.loads(encode(EVENTS["claimed"][1])), **changes}
    return json.dumps({key: value for key, value in facts.items() if value is not None}).encode()


def test_every_kind_of_event_has_a_golden_file() -> None:
    """A new kind of event is a change of the format, and has to be seen as one."""
    kinds = {kind.__struct_config__.tag for kind in get_args(AnyEvent)}
    assert kinds == EVENTS.keys() == {path.stem for path in GOLDEN.glob("*.jsonl")}


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_events_are_written_as_the_golden_file_has_them(kind: str) -> None:
    """Logs of earlier versions and of this one are the same bytes for the same facts."""
    assert b"".join(map(encode, EVENTS[kind])) == (GOLDEN / f"{kind}.jsonl").read_bytes()


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_golden_files_are_read_in_full(kind: str) -> None:
    """Every fact of every line comes back."""
    assert [decode(line) for line in (GOLDEN / f"{kind}.jsonl").read_bytes().splitlines()] == EVENTS[kind]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.jsonl")), ids=lambda path: path.stem)
def test_lines_have_sorted_keys_their_version_and_no_absent_facts(path: Path) -> None:
    """A diff of the log shows what happened and no more."""
    for line in path.read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        assert list(facts) == sorted(facts)
        assert facts["v"] == 1
        assert None not in facts.values()
        assert line == json.dumps(facts, sort_keys=True, ensure_ascii=False)


@pytest.mark.parametrize("line", [altered(v=2), altered(v=2, event="undreamt"), altered(v=99, epoch="x")])
def test_a_newer_line_is_refused_with_both_versions(line: bytes) -> None:
    """A log that is only partly understood is not acted on; the message says which version reads it."""
    with pytest.raises(Conflict, match=rf"format \d+, and this syncer reads format {VERSION}") as caught:
        decode(line)
    assert caught.value.exit_code == 5
    assert "upgrade" in caught.value.next_step


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="torn"),
        pytest.param(encode(EVENTS["claimed"][0])[:-40], id="half an event"),
        pytest.param(b"\x00" * 64, id="zeros that a power cut leaves"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b"[]", id="no object"),
        pytest.param(altered(event="undreamt"), id="unknown kind"),
        pytest.param(altered(event=None), id="no kind"),
        pytest.param(altered(v=0), id="version that never was"),
        pytest.param(altered(v="2"), id="version of a wrong type"),
        pytest.param(altered(id=None), id="no id"),
        pytest.param(altered(id=""), id="empty id"),
        pytest.param(altered(epoch="1"), id="number as text"),
        pytest.param(altered(epoch=0), id="epoch below one"),
        pytest.param(altered(size=-1), id="negative size"),
        pytest.param(altered(path=None), id="no path"),
        pytest.param(altered(lease="tomorrow"), id="no time"),
        pytest.param(altered(lease="2026-11-23T02:00:00"), id="time without zone"),
    ],
)
def test_what_is_no_event_is_told_apart(line: bytes) -> None:
    """Nothing is guessed into an event: not a kind, not a type, not a zone."""
    with pytest.raises(UnreadableLine):
        decode(line)
