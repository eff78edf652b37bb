"""The log's files: one torn end is forgiven and kept, everything else that is not as it was written stops."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncer.errors import Conflict, SyncerError
from syncer.model.events import AnyEvent
from syncer.state.lines import encode
from syncer.state.segments import pasted, segment_path, segments
from syncer.state.store import LocalStore
from tests.model.making import WORKSPACE, Making, file

TORN = [
    pytest.param(b'{"actor": "mara", "attempt": 1, "art', id="half a line"),
    pytest.param(b'{"actor": "mara", "att\n', id="half a line with a newline"),
    pytest.param(b"\x00\x00\x00\x00", id="zeros"),
    pytest.param(b"\xff garbage \xfe\n", id="garbage"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def log(folder: Path) -> Path:
    """Write a log of two lines, a claim and its permit, and return its file."""
    m = Making()
    LocalStore(folder).transact(lambda _: [m.claimed(), m.submitted()])
    return folder / "crm.jsonl"


def events_of(folder: Path) -> int:
    return len(LocalStore(folder).read())


def write(store: LocalStore, event: AnyEvent) -> None:
    store.transact(lambda _: [event])


@pytest.mark.parametrize("tail", TORN)
def test_a_torn_end_counts_for_nothing(log: Path, tail: bytes) -> None:
    """What an append that was cut off has left is no event; reading says so and changes nothing."""
    log.write_bytes(log.read_bytes() + tail)
    before = log.read_bytes()
    store = LocalStore(log.parent)
    assert len(store.read()) == 2
    (warning,) = store.warnings()
    assert warning.startswith("state/crm.jsonl:3: the last line is torn")
    assert log.read_bytes() == before


@pytest.mark.parametrize("tail", TORN)
def test_a_torn_end_is_set_aside_at_the_next_append(log: Path, tail: bytes) -> None:
    """It is moved to a file of its own, byte for byte, and everything before it stays as it was."""
    whole = log.read_bytes()
    log.write_bytes(whole + tail)
    store = LocalStore(log.parent)
    write(store, Making().completed())
    assert log.read_bytes().startswith(whole + b"{")
    assert events_of(log.parent) == 3
    assert store.warnings() == []
    (aside,) = log.parent.glob(".*.torn-*")
    assert aside.name == f".crm.jsonl.torn-{len(whole)}"
    assert aside.read_bytes() == tail


def test_a_torn_permit_is_no_permit(folder: Path) -> None:
    """A start that was not durably permitted never happened, and may be permitted anew."""
    m = Making()
    write(LocalStore(folder), m.claimed())
    with (folder / "crm.jsonl").open("ab") as log:
        log.write(encode(m.submitted())[:-2])
    assert LocalStore(folder).read().open_permits(WORKSPACE) == []


def test_a_whole_line_without_its_newline_counts_and_is_terminated(log: Path) -> None:
    """Only the newline is missing, so the event is believed, and the next append starts on a line of its own."""
    whole = log.read_bytes()
    log.write_bytes(whole[:-1])
    store = LocalStore(log.parent)
    assert len(store.read()) == 2
    assert store.warnings() == []
    write(store, Making().completed())
    assert log.read_bytes().startswith(whole)
    assert events_of(log.parent) == 3


@pytest.mark.parametrize("garbage", [b"garbage\n", b'{"half\n', b"\x00\x00\n", b'{"v": 1}\n'])
def test_garbage_elsewhere_stops_the_command(log: Path, garbage: bytes) -> None:
    """A line that is no event and not the last one is exit 5, at its file and line, with the way back."""
    first, second = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + garbage + second)
    with pytest.raises(Conflict, match=r"^state/crm\.jsonl:2: ") as caught:
        LocalStore(log.parent).read()
    assert caught.value.exit_code == 5
    assert "git log -p" in caught.value.next_step


@pytest.mark.parametrize("line", [b"<<<<<<< HEAD\n", b"=======\n", b">>>>>>> topic\n", b"||||||| base\n"])
@pytest.mark.parametrize("last", [True, False])
def test_conflict_markers_are_named_with_their_cure(log: Path, line: bytes, last: bool) -> None:
    """An unfinished merge is told from a torn line even at the end, and is never set aside."""
    first, second = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + second + line if last else first + line + second)
    with pytest.raises(Conflict, match="conflict markers") as caught:
        LocalStore(log.parent).read()
    assert f"crm.jsonl:{3 if last else 2}" in caught.value.what
    assert "git add" in caught.value.next_step


def test_a_newer_line_is_refused_at_its_place(log: Path) -> None:
    """The refusal names both versions, the file and the line, also for a last line."""
    log.write_bytes(log.read_bytes() + b'{"v": 2, "event": "undreamt"}\n')
    with pytest.raises(Conflict, match="format 2, and this syncer reads format 1") as caught:
        LocalStore(log.parent).read()
    assert caught.value.where == "state/crm.jsonl:3"


def test_blank_lines_and_carriage_returns_mean_nothing(log: Path) -> None:
    """A checkout that changes line ends, or an editor's last blank line, loses no event."""
    log.write_bytes(log.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\n")
    store = LocalStore(log.parent)
    assert len(store.read()) == 2
    write(store, Making().completed())
    assert events_of(log.parent) == 3


def test_a_line_that_stands_twice_counts_once(log: Path) -> None:
    """A union merge may leave a line twice."""
    log.write_bytes(log.read_bytes() * 2)
    assert events_of(log.parent) == 2


def test_a_file_that_shrinks_is_noticed(log: Path) -> None:
    """The log is append-only: a run does not go on with a past that somebody cut off."""
    store = LocalStore(log.parent)
    store.read()
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(Conflict, match="became shorter"):
        store.read()


def test_a_file_that_was_replaced_is_noticed(log: Path) -> None:
    """A checkout or an editor that puts another file in its place stops the run, even if the new one is longer."""
    store = LocalStore(log.parent)
    store.read()
    other = log.with_name("other")
    other.write_bytes(log.read_bytes() + log.read_bytes())
    other.replace(log)
    with pytest.raises(Conflict, match="was rewritten"):
        store.read()


def test_a_file_that_was_rewritten_in_place_is_noticed(log: Path) -> None:
    """What begins in the middle of a line is never taken for a torn end, which would be cut off."""
    store = LocalStore(log.parent)
    store.read()
    content = log.read_bytes()
    with log.open("r+b") as same:
        same.write(b" " + content)
    with pytest.raises(Conflict, match="was rewritten"):
        write(store, Making().completed())
    assert log.read_bytes() == b" " + content


def test_a_file_that_vanishes_is_noticed(log: Path) -> None:
    """A run does not begin a new log where the old one was removed."""
    store = LocalStore(log.parent)
    store.read()
    log.unlink()
    with pytest.raises(Conflict, match="vanished"):
        write(store, Making().completed())
    assert not log.exists()


# --- segments --------------------------------------------------------------------------------------------------------


def test_a_full_file_is_followed_by_the_next(folder: Path) -> None:
    """Past its size a file is left alone for good, and all of them are read."""
    store = LocalStore(folder, segment_bytes=1)
    for number in range(3):
        write(store, Making(source=file(f"data/{number}.csv")).claimed())
    names = ["crm.0002.jsonl", "crm.0003.jsonl", "crm.jsonl"]
    assert sorted(path.name for path in folder.glob("*.jsonl")) == names
    assert all(path.read_bytes().count(b"\n") == 1 for path in folder.glob("*.jsonl"))
    assert len(store.read()) == events_of(folder) == 3
    assert LocalStore(folder).read().holes() == {}


def test_numbers_grow_past_four_digits(tmp_path: Path) -> None:
    """The file after the 9999th is named, found and ordered like every other."""
    for number in range(1, 10_001):
        segment_path(tmp_path, "crm", number).touch()
    assert [segment.number for segment in segments(tmp_path)] == list(range(1, 10_001))


def test_a_torn_end_is_mended_before_a_new_file_is_begun(log: Path) -> None:
    """A full file with a torn end gets one more line, so that it is whole for good."""
    log.write_bytes(log.read_bytes() + b"torn")
    store = LocalStore(log.parent, segment_bytes=1)
    write(store, Making().completed())
    assert not (log.parent / "crm.0002.jsonl").exists()
    write(store, Making().waived())
    assert (log.parent / "crm.0002.jsonl").exists()
    assert LocalStore(log.parent).warnings() == []
    assert events_of(log.parent) == 4


@pytest.mark.parametrize("missing", ["crm.jsonl", "crm.0002.jsonl"])
def test_a_missing_file_between_others_stops_the_command(folder: Path, missing: str) -> None:
    """What stood in it would be imported again, so nothing goes on without it."""
    store = LocalStore(folder, segment_bytes=1)
    for number in range(3):
        write(store, Making(source=file(f"data/{number}.csv")).claimed())
    (folder / missing).unlink()
    with pytest.raises(Conflict, match=f"^state/{missing} is missing"):
        LocalStore(folder).read()


def test_other_files_of_the_folder_are_left_alone(log: Path) -> None:
    """Only files named like a log are read."""
    for name in ("notes.md", "crm.jsonl.orig", ".hidden.jsonl", "crm.2.jsonl", "a b.jsonl"):
        (log.parent / name).write_text("not a log\n", encoding="utf-8")
    assert events_of(log.parent) == 2


# --- disks that refuse -----------------------------------------------------------------------------------------------


def test_a_failed_fsync_stops_the_store_for_good(folder: Path) -> None:
    """What is on the disk is unknown then: the failure is never retried and nothing more is written."""
    calls: list[int] = []

    def refuse(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(5, "Input/output error")

    store = LocalStore(folder, sync=refuse)
    m = Making()
    with pytest.raises(SyncerError, match="Input/output error") as first:
        write(store, m.claimed())
    assert first.value.exit_code == 1
    size = (folder / "crm.jsonl").stat().st_size
    with pytest.raises(SyncerError, match="Input/output error"):
        write(store, m.submitted())
    assert len(calls) == 1
    assert (folder / "crm.jsonl").stat().st_size == size


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
def test_a_full_disk_leaves_a_log_that_can_be_read(log: Path) -> None:
    """A line that the disk took in part is taken back: the next run reads and goes on."""
    whole = log.read_bytes()
    script = f"""
import resource
from pathlib import Path
from syncer.errors import SyncerError
from syncer.state.store import LocalStore
from tests.model.making import Making
store = LocalStore(Path({str(log.parent)!r}))
store.read()
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) + 100}, {len(whole) + 100}))
for _ in range(2):
    try:
        store.transact(lambda _: [Making().completed()])
    except SyncerError as error:
        print(error.what)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.count("the state log could not be written") == 2
    assert log.read_bytes() == whole
    store = LocalStore(log.parent)
    assert len(store.read()) == 2
    write(store, Making().completed())
    assert log.read_bytes().startswith(whole + b"{")
    assert events_of(log.parent) == 3


def test_commands_name_the_log_from_where_the_person_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They can be pasted as they are: relative below the current folder, else absolute."""
    assert pasted(folder / "crm.jsonl") == (folder / "crm.jsonl").as_posix()
    monkeypatch.chdir(folder.parent)
    assert pasted(folder / "crm.jsonl") == "state/crm.jsonl"
