"""Checks side by side, and the exit code that they come to."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from syncer.errors import AuthError, SourceError
from syncer.operations.doctor.check import Check, exit_code_of, failed_by
from syncer.operations.doctor.together import WORKERS, Task, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator


def passed(subject: str) -> Check:
    return Check(area="disk", subject=subject, status="ok", what="well")


def test_checks_come_in_the_order_of_their_tasks() -> None:
    """Even if the first task ends last, and there are more tasks than threads."""
    last = threading.Event()

    def first() -> Iterator[Check]:
        assert last.wait(20)
        yield passed("0")

    def other(number: int) -> Iterator[Check]:
        if number == WORKERS + 4:
            last.set()
        yield passed(str(number))

    tasks = [Task("disk", "0", first)]
    tasks += [Task("disk", str(number), partial(other, number)) for number in range(1, WORKERS + 5)]

    assert [check.subject for check in side_by_side(tasks, 30)] == [str(number) for number in range(WORKERS + 5)]


def test_an_error_ends_its_own_task_alone() -> None:
    """What came before it is kept, and it is told as the task's last check."""

    def breaks() -> Iterator[Check]:
        yield passed("before")
        raise SourceError("it is gone", why="nobody knows", next_step="look for it; test it: syncer doctor")

    found = side_by_side([Task("disk", "one", breaks), Task("disk", "two", lambda: [passed("two")])], 30)

    assert [(check.subject, check.status) for check in found] == [("before", "ok"), ("one", "failed"), ("two", "ok")]
    assert (found[1].what, found[1].why, found[1].next_step) == ("it is gone", "nobody knows", "look for it")


def test_a_task_without_an_end_keeps_what_it_came_to() -> None:
    """The others' checks are there too, and the time that was waited is named."""
    held = threading.Event()

    def hangs() -> Iterator[Check]:
        yield passed("before")
        held.wait(60)

    found = side_by_side([Task("api", "slow", hangs), Task("disk", "quick", lambda: [passed("quick")])], 1)
    held.set()

    assert [check.subject for check in found] == ["before", "slow", "quick"]
    assert "within 1 seconds" in found[1].what


def test_a_defect_is_not_taken_for_a_finding() -> None:
    """It reaches whoever waits, as any defect does."""

    def defect() -> Iterator[Check]:
        yield passed("before")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        side_by_side([Task("disk", "one", defect)], 30)


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([1], 1), ([1, 65], 65), ([65, 6, 1], 6)], ids=["well", "one", "specs", "token"]
)
def test_the_token_comes_first_in_the_exit_code(codes: list[int], expected: int) -> None:
    """Then specs and settings, then everything else; warnings and what was skipped count for nothing."""
    failed = [Check(area="api", subject="x", status="failed", what="no", exit_code=code) for code in codes]
    harmless = [
        Check(area="api", subject="x", status=status, what="hm", exit_code=6) for status in ("warning", "skipped")
    ]

    assert exit_code_of([*failed, *harmless]) == expected
    assert failed_by("api", "x", AuthError("no")).exit_code == 6
