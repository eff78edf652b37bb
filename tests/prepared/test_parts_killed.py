"""A run that is killed outright at every request of an import in three parts: each row arrives exactly once."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.apply.killer import Effect, kill_one_run
from tests.apply.workspace import ERROR_FILE, INIT, MAPPING, PEOPLE, START, STATUS, UPLOAD, results
from tests.prepared.orders_files import shop, sick, well, write
from tests.rejects.ward import Ward

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = 3
ROWS = 30
MOST_REQUESTS = 80
CALLS = {INIT, UPLOAD, MAPPING, START, STATUS, ERROR_FILE}


def check_once(ward: Ward, name: str, files: int) -> None:
    """Each part of each file was completed by one job, no job is left, and no rule was broken."""
    assert "running" not in ward.jobs()
    assert ward.jobs().count("completed") == files * PARTS
    finished = [event for event in ward.log(name) if event["event"] == "finished"]
    assert set(Counter((each["path"], each["part"]) for each in finished).values()) == {1}
    assert sum(each["rows"]["read"] for each in finished) == files * (ROWS + 1)
    ward.check_clean()


class Sweep:
    """Kills one run after the other, each at a later request, until every call was met and a run came to its end."""

    def __init__(self, ward: Ward, name: str, effect: Effect) -> None:
        self._ward, self._name, self._effect = ward, name, effect
        self._killed_at: set[str] = set()
        self._request = 0
        self._is_over = False

    def runs(self) -> Iterator[int]:
        """Yield the number of each file, to be written and afterwards looked at."""
        for number in range(1, MOST_REQUESTS):
            yield number
            check_once(self._ward, self._name, number)
            if self._is_over:
                return
        pytest.fail(f"killed at no more than {sorted(self._killed_at)}")

    def kill(self) -> None:
        """Kill a run at the next request, and run again."""
        self._request += 1
        where = kill_one_run(self._ward, self._request, self._effect)
        outcome = self._ward.run()
        assert set(results(outcome).values()) <= {"completed"}, (self._request, where)
        self._is_over = where is None and self._killed_at >= CALLS
        if where is not None:
            self._killed_at.add(where)
        else:  # how often a job is asked for its state varies, so that a request may have been passed over
            self._request = 3


slow = pytest.mark.slow
unhurried = pytest.mark.timeout(900)
effects = pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="processes start too slowly there")


@slow
@unhurried
@effects
@not_on_windows
def test_each_row_of_each_part_is_appended_once_wherever_the_run_is_killed(ward: Ward, effect: Effect) -> None:
    """For every request up to the end of the last part: kill the run there, run again, count the rows."""
    ward.spec("shop", shop("csv", "prepare: {split: 400B}"))
    sweep = Sweep(ward, "shop", effect)
    expected: list[str] = []
    for number in sweep.runs():
        ids = [f"f{number:02}r{row:02}" for row in range(ROWS)]
        write(ward, f"{number:02}.csv", [*well(*ids), *sick(f"bad{number}")])
        expected += ids
        sweep.kill()
        assert ward.merged("orders", "order_id") == expected


@slow
@unhurried
@effects
@not_on_windows
def test_the_list_of_all_parts_is_made_once_wherever_the_run_is_killed(ward: Ward, effect: Effect) -> None:
    """Wherever it is: the first part's job makes the file's list and audience, and the others join."""
    spec = PEOPLE + 'list: {create: "List {file.stem}"}\naudience: {create: "Audience {file.stem}"}\n'
    ward.spec("crm", spec + "prepare: {split: 280B}\n")
    sweep = Sweep(ward, "crm", effect)
    for number in sweep.runs():
        ward.people(f"{number:02}.csv", *(f"f{number:02}r{row:02}@example.com" for row in range(ROWS)), "nobody")
        sweep.kill()
        assert ward.emulator.query("SELECT count(*) FROM lists") == [(number,)]
        assert ward.emulator.query("SELECT count(*) FROM audiences") == [(number,)]
        assert ward.emulator.query("SELECT count(*) FROM list_members") == [(number * ROWS,)]
