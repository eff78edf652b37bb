"""A window gives an object's bytes in order, whatever the ranges do, within the memory that all reads share."""

from __future__ import annotations

import io
import math
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Interrupted
from syncer.source.stores.base import RetryableError
from syncer.source.window import ATTEMPTS, BLOCKS, FAST, LONGEST, Buffers, Window

NO_PAUSE = 0.0
PATTERN = bytes(range(251)) * 40


class Remote:
    """An object whose ranges fail as often as they are told to."""

    def __init__(self, data: bytes, faults: dict[int, int] | None = None) -> None:
        self.data = data
        self.faults = Counter(faults or {})
        self.asked: Counter[tuple[int, int]] = Counter()
        self._lock = threading.Lock()

    def fetch(self, start: int, into: memoryview) -> None:
        with self._lock:
            self.asked[start, len(into)] += 1
            self.faults[start] -= 1
            fails = self.faults[start] >= 0
        if fails:
            into[:] = bytes(len(into))  # what arrived of it before it failed
            raise RetryableError("cut off")
        into[:] = self.data[start : start + len(into)]


def all_free(buffers: Buffers, count: int) -> bool:
    """Whether every buffer can be had: none is lost, and none is there twice."""
    taken = [buffers.take(wait=False) for _ in range(count + 1)]
    kept = [run for run in taken if run is not None]
    for run in kept:
        buffers.give_back(run)
    return len({run.first for run in kept}) == count == len(kept)


@given(
    data=st.integers(0, 4000).map(lambda size: PATTERN[:size]),
    block=st.integers(1, 700),
    count=st.integers(1, 12),
    steps=st.lists(st.integers(1, 900), min_size=1),
    faults=st.dictionaries(st.integers(0, 4000), st.integers(0, ATTEMPTS - 1)),
    fast=st.sampled_from([0.0, FAST, math.inf]),
)
def test_the_bytes_are_the_objects(
    *, data: bytes, block: int, count: int, steps: list[int], faults: dict[int, int], fast: float
) -> None:
    """Any size, blocks, steps and faults give the same bytes, and only a range that failed is asked for again."""
    remote, buffers = Remote(data, faults), Buffers(count, block)
    read, turn = b"", 0

    with Window(remote.fetch, len(data), buffers=buffers, pause=NO_PAUSE, fast=fast) as window:
        while piece := window.read(steps[turn % len(steps)]):
            assert len(piece) <= steps[turn % len(steps)]
            read += piece
            turn += 1
            assert window.tell() == len(read)
        assert window.read(1) == b""

    assert read == data
    assert all_free(buffers, count)
    expected = {start: 1 + faults.get(start, 0) for start, _ in remote.asked}
    assert {start: times for (start, _), times in remote.asked.items()} == expected
    assert sum(length for _, length in remote.asked) == len(data)


@given(
    places=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 500)), max_size=6),
    block=st.integers(1, 700),
    count=st.integers(1, 4),
)
def test_a_reader_may_go_elsewhere(places: list[tuple[int, int]], block: int, count: int) -> None:
    """From any place that is sought, the bytes are those of that place."""
    data, buffers = PATTERN[:2500], Buffers(count, block)

    with Window(Remote(data).fetch, len(data), buffers=buffers) as window:
        for place, length in places:
            assert window.seek(place) == min(place, len(data))
            expected, read = data[place : place + length], b""
            while len(read) < len(expected):
                read += window.read(len(expected) - len(read))
            assert read == expected
        assert window.seek(-5, io.SEEK_END) == 2495
        assert window.readall() == data[-5:]
        assert window.seek(-7, io.SEEK_CUR) == 2493

    assert all_free(buffers, count)


def test_it_reads_as_any_file_does() -> None:
    """A window is a binary file: buffered readers and `readinto` work on it."""
    remote = Remote(b"first line\nsecond line\n")
    with io.BufferedReader(Window(remote.fetch, len(remote.data), buffers=Buffers(2, 4))) as lines:
        assert list(lines) == [b"first line\n", b"second line\n"]

    window = Window(remote.fetch, len(remote.data), buffers=Buffers(2, 4))
    target = bytearray(3)
    assert (window.readable(), window.seekable()) == (True, True)
    assert window.readinto(target) == 3
    assert target == b"fir"
    window.close()
    with pytest.raises(ValueError, match="closed"):
        window.read(1)


def test_ranges_are_fetched_side_by_side() -> None:
    """Once the reader wants more than the head, as many ranges are under way at once as there are buffers."""
    together = threading.Barrier(3, timeout=20)
    remote = Remote(PATTERN[:1300])

    def fetch(start: int, into: memoryview) -> None:
        if start >= 700:
            together.wait()
        remote.fetch(start, into)

    with Window(fetch, 1300, buffers=Buffers(3, 100)) as window:
        assert window.readall() == remote.data


def test_the_head_costs_little() -> None:
    """A reader that takes the first bytes and no more has one small range fetched."""
    remote = Remote(bytes(40 << 20))

    with Window(remote.fetch, len(remote.data), buffers=Buffers(4, 8 << 20)) as window:
        assert window.read(100) == bytes(100)

    assert sum(length for _, length in remote.asked) <= 1 << 20


@pytest.mark.parametrize("place", [1 << 20, (2 << 20) - 5, (3 << 20) + 12345])
def test_a_reader_of_the_head_may_go_elsewhere(place: int) -> None:
    """Whoever has read only of the head finds the bytes of any other place, also beside the end of a block."""
    remote = Remote(PATTERN * 500)

    with Window(remote.fetch, len(remote.data), buffers=Buffers(4, 1 << 20)) as window:
        assert window.read(100) == remote.data[:100]
        window.seek(place)
        assert window.readall() == remote.data[place:]


def test_ranges_end_where_blocks_do() -> None:
    """After the head every range ends at a multiple of a block: it opens as few of a store's pieces as can be."""
    remote = Remote(PATTERN * 500)

    with Window(remote.fetch, len(remote.data), buffers=Buffers(4, 1 << 20)) as window:
        assert window.readall() == remote.data

    ends = sorted(start + length for start, length in remote.asked)
    assert ends[0] < 1 << 20
    assert [end % (1 << 20) for end in ends[1:-1]] == [0] * (len(ends) - 2)


def test_a_range_that_keeps_failing_ends_the_read() -> None:
    """When a range's attempts are used up its error is raised, every time it is read, and the buffers come back."""
    remote, buffers = Remote(PATTERN[:500], {100: ATTEMPTS}), Buffers(3, 100)

    with Window(remote.fetch, 500, buffers=buffers, pause=NO_PAUSE) as window:
        assert window.read(100) == remote.data[:100]
        for _ in range(2):
            with pytest.raises(RetryableError, match="cut off"):
                window.read(100)

    assert remote.asked[100, 100] == ATTEMPTS
    assert all_free(buffers, 3)


def test_what_is_given_up_is_said_by_the_owner() -> None:
    """The owner of a window says what a failure that stays means."""
    remote = Remote(b"12", {0: ATTEMPTS})

    with (
        Window(remote.fetch, 2, buffers=Buffers(1, 9), gave_up=lambda e: KeyError(e.why), pause=NO_PAUSE) as window,
        pytest.raises(KeyError, match="cut off"),
    ):
        window.read(2)


@pytest.mark.parametrize("error", [ValueError("changed"), TimeoutError("its own")])
def test_any_other_error_is_not_tried_again(error: Exception) -> None:
    """What is no passing failure comes out at once, and as it is."""
    asked = []

    def fetch(start: int, _into: memoryview) -> None:
        asked.append(start)
        raise error

    buffers = Buffers(2, 10)
    with Window(fetch, 10, buffers=buffers) as window, pytest.raises(type(error), match=str(error)):
        window.read(10)

    assert asked == [0]
    assert all_free(buffers, 2)


def test_closing_ends_the_attempts() -> None:
    """A window that is closed early waits for no further attempt, and gives every buffer back."""
    failed = threading.Event()

    def fetch(start: int, into: memoryview) -> None:
        if start == 20:
            failed.set()
            raise RetryableError("busy")
        into[:] = bytes(len(into))

    buffers = Buffers(3, 10)
    with Window(fetch, 1000, buffers=buffers, pause=3600) as window:
        window.read(10)
        window.read(5)
        assert failed.wait(20)

    assert all_free(buffers, 3)
    window.close()
    assert all_free(buffers, 3)


def test_readers_share_a_tiny_store_of_buffers() -> None:
    """With two buffers for eight readers everybody gets through, and memory stays what it was said to be."""
    buffers = Buffers(2, 50)
    remotes = [Remote(PATTERN[number:2000], {50: 1}) for number in range(8)]

    def read(remote: Remote) -> bytes:
        with Window(remote.fetch, len(remote.data), buffers=buffers, pause=NO_PAUSE) as window:
            return window.readall()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, remotes)) == [remote.data for remote in remotes]

    assert all_free(buffers, 2)


def test_whoever_has_none_comes_first() -> None:
    """A reader that holds a buffer gets no further one while another reader waits for its first."""
    buffers = Buffers(2, 10)
    first, second = buffers.take(wait=False), buffers.take(wait=False)
    assert first is not None
    assert second is not None
    waiter = ThreadPoolExecutor(1)
    try:
        waiting = waiter.submit(buffers.take, wait=True)
        until(lambda: buffers._waiting == 1)
        with buffers._changed:  # before the waiting one can move
            buffers.give_back(first)
            assert buffers.take(wait=False) is None
        assert waiting.result(20) == first
        buffers.give_back(second)
        assert buffers.take(wait=False) == second
    finally:
        waiter.shutdown()


@pytest.mark.parametrize("waits_for", ["a range", "a buffer"])
def test_a_stop_is_heard_while_waiting(waits_for: str) -> None:
    """A reader that waits, for a range or for a buffer, leaves as soon as it is asked to stop."""
    stop, asked, go_on = threading.Event(), threading.Event(), threading.Event()

    def asked_to_stop() -> bool:
        asked.set()
        return stop.is_set()

    def fetch(_start: int, into: memoryview) -> None:
        assert go_on.wait(20)
        into[:] = bytes(len(into))

    buffers = Buffers(1, 10)
    held = buffers.take(wait=False) if waits_for == "a buffer" else None
    window = Window(fetch, 10, buffers=buffers, stop=asked_to_stop)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(window.read, 10)
        assert asked.wait(20)
        stop.set()
        with pytest.raises(Interrupted):
            reading.result(20)
    go_on.set()
    window.close()
    if held is not None:
        buffers.give_back(held)
    assert all_free(buffers, 1)


def test_a_stop_is_heard_while_data_flows() -> None:
    """A reader that never has to wait is stopped too."""
    stop = threading.Event()

    with Window(Remote(PATTERN[:1000]).fetch, 1000, buffers=Buffers(2, 10), stop=stop.is_set) as window:
        assert window.read(10)
        stop.set()
        with pytest.raises(Interrupted):
            window.read(10)


def test_a_window_is_never_wider_than_its_threads() -> None:
    """However many buffers there are, no more ranges are asked for at once than there are threads to fetch them."""
    under_way, most, lock = 0, 0, threading.Lock()
    remote = Remote(PATTERN[:9000])

    def fetch(start: int, into: memoryview) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        remote.fetch(start, into)
        with lock:
            under_way -= 1

    with Window(fetch, 9000, buffers=Buffers(50, 10)) as window:
        assert window.readall() == remote.data

    assert most <= BLOCKS


def lengths(fast: float, *, buffers: Buffers) -> list[int]:
    """Read an object of 4000 bytes to its end, and return how long its ranges were, in their order."""
    remote = Remote(PATTERN[:4000])
    with Window(remote.fetch, 4000, buffers=buffers, fast=fast) as window:
        assert window.readall() == remote.data
    return [length for _, length in sorted(remote.asked)]


def test_a_fast_store_is_asked_for_longer_ranges() -> None:
    """Where single ranges are fast they grow, as long as three fit the buffers; where they are slow they stay short."""
    assert set(lengths(math.inf, buffers=Buffers(12, 50))) == {50}
    assert max(lengths(0, buffers=Buffers(12, 50))) == LONGEST * 50
    assert max(lengths(0, buffers=Buffers(6, 50))) == 2 * 50
    assert max(lengths(0, buffers=Buffers(5, 50))) == 50


def test_ranges_get_short_again() -> None:
    """A store that is slow after a fast beginning is asked for short ranges again."""
    remote = Remote(PATTERN[:9000])

    with Window(remote.fetch, 9000, buffers=Buffers(12, 50), fast=0) as window:
        while window.tell() < 2000:
            window.read(100)
        window._fast = math.inf
        assert window.readall()

    assert max(length for _, length in remote.asked) == LONGEST * 50
    assert {length for start, length in remote.asked if start >= 6000} == {50}


def test_runs_are_given_back_in_any_order() -> None:
    """Blocks that come back make long runs again; whoever has to wait takes a shorter one, whoever has not, none."""
    buffers = Buffers(4, 10)
    singles = [buffers.take(wait=False) for _ in range(4)]
    runs = [run for run in singles if run is not None]
    buffers.give_back(runs[1])
    assert buffers.take(4, wait=False) is None
    shorter = buffers.take(4, wait=True)
    assert shorter is not None
    assert (shorter.first, len(shorter.memory)) == (1, 10)
    for run in (runs[3], shorter, runs[0], runs[2]):
        buffers.give_back(run)
    whole = buffers.take(4, wait=False)
    assert whole is not None
    assert len(whole.memory) == 40


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to come to a point that it cannot announce."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")
