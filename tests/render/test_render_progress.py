"""What a run tells while it works."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

from syncer.apply.outcome import ImportOutcome
from syncer.apply.progress import Reporter, Step
from syncer.model.events import RowCounts
from syncer.plan import Action, PlannedImport
from syncer.render.layout import display_width
from syncer.render.progress import LineProgress, LiveProgress, SilentProgress

MakeItem = Callable[..., PlannedImport]


class Screen:
    """A terminal that understands what the live display sends: "up n lines, clear to the end"."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.writes = 0

    def write(self, text: str) -> None:
        self.writes += 1
        if match := re.match(r"\x1b\[(\d+)F\x1b\[J", text):
            del self.lines[-int(match[1]) :]
            text = text[match.end() :]
        assert "\x1b[" not in text
        self.lines += text.splitlines()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def completed(item: PlannedImport) -> ImportOutcome:
    rows = RowCounts(read=10, valid=9, invalid=1, inserts=9, updates=0)
    return ImportOutcome(item=item, result="completed", job="imp_1", rows=rows)


def test_every_change_of_state_is_a_line(item: MakeItem) -> None:
    """Without a terminal each step and each end is told once, with its spec and file."""
    one, told = item(Action.IMPORT, "a.csv", "new file"), list[str]()
    progress = LineProgress(told.append, clock=Clock())

    progress.step(one, Step.CLAIMED)
    progress.step(one, Step.UPLOADING, "imp_1, 1.2 MB")
    progress.sent(one, 500_000, 1_200_000)
    progress.finished(one, completed(one))

    assert told == [
        "crm-profiles: a.csv: claimed\n",
        "crm-profiles: a.csv: uploading (imp_1, 1.2 MB)\n",
        "crm-profiles: a.csv: completed: 9 rows imported, 1 rejected\n",
    ]


def test_a_job_that_goes_on_is_told_once_a_minute(item: MakeItem) -> None:
    """However often it is polled, a log gets at most one line a minute."""
    one, told, clock = item(Action.IMPORT, "a.csv", "new file"), list[str](), Clock()
    progress = LineProgress(told.append, clock=clock)
    progress.step(one, Step.RUNNING, "imp_1")

    for second in range(0, 185, 5):
        clock.now = float(second)
        progress.polled(one, "imp_1", RowCounts(read=second), float(second))

    assert len(told) == 1 + 3
    assert told[1] == "crm-profiles: a.csv: running for 1 m 00 s, 60 rows read (imp_1)\n"


def test_a_terminal_shows_what_runs_and_keeps_what_ended(item: MakeItem) -> None:
    """Lines at work are drawn again in place; what ended stays above them."""
    first, second = item(Action.IMPORT, "a.csv", "new file"), item(Action.IMPORT, "b.csv", "new file")
    screen = Screen()
    progress = LiveProgress(screen.write, width=lambda: 80, clock=Clock())

    progress.step(first, Step.CLAIMED)
    progress.step(second, Step.PREPARING)
    progress.finished(first, completed(first))
    progress.polled(second, "imp_2", RowCounts(), 4.0)

    assert screen.lines == [
        "crm-profiles: a.csv: completed: 9 rows imported, 1 rejected",
        "crm-profiles: b.csv: running for 4.0 s (imp_2)",
    ]
    progress.close()
    assert len(screen.lines) == 1


def test_an_upload_has_a_bar_and_is_not_drawn_too_often(item: MakeItem) -> None:
    """The bar shows the share that was sent, and a thousand chunks are not a thousand drawings."""
    one, screen, clock = item(Action.IMPORT, "a.csv", "new file"), Screen(), Clock()
    progress = LiveProgress(screen.write, width=lambda: 100, clock=clock)

    for done in range(1_000):
        clock.now += 0.001
        progress.sent(one, done * 1_000, 1_000_000)
    clock.now += 1
    progress.sent(one, 500_000, 1_000_000)

    assert screen.lines == ["crm-profiles: a.csv: [##########..........] uploading 500.0 KB of 1.0 MB"]
    assert screen.writes < 20


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_live_line_wraps(item: MakeItem, width: int) -> None:
    """A line of two screen lines could not be drawn again, so it is shortened."""
    one, screen = item(Action.IMPORT, "exports/" + "顧客" * 80 + ".csv", "new file"), Screen()
    progress = LiveProgress(screen.write, width=lambda: width, clock=Clock())

    progress.step(one, Step.UPLOADING, "imp_" + "1" * 80)

    assert all(display_width(line) < width for line in screen.lines)


def test_threads_do_not_mix_lines(item: MakeItem) -> None:
    """Sixteen imports that report at once leave whole lines."""
    items = [item(Action.IMPORT, f"{number}.csv", "new file") for number in range(16)]
    told: list[str] = []
    progress = LineProgress(told.append)

    def report(one: PlannedImport) -> None:
        for _ in range(50):
            progress.step(one, Step.RUNNING, "imp_1")

    threads = [threading.Thread(target=report, args=(one,)) for one in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 16 * 50
    assert all(re.fullmatch(r"crm-profiles: \d+\.csv: running \(imp_1\)\n", line) for line in told)


def test_every_reporter_takes_every_report_and_quiet_tells_nothing(item: MakeItem) -> None:
    """The three are exchangeable; only the silent one keeps all of it to itself."""
    one, told = item(Action.IMPORT, "a.csv", "new file"), list[str]()
    reporters: tuple[Reporter, ...] = (
        SilentProgress(),
        LineProgress(told.append),
        LiveProgress(told.append, width=lambda: 80),
    )
    lengths = []
    for reporter in reporters:
        reporter.step(one, Step.CLAIMED)
        reporter.sent(one, 0, 0)
        reporter.polled(one, "imp_1", RowCounts(), 1.0)
        reporter.finished(one, completed(one))
        lengths.append(len(told))
    assert lengths[0] == 0
    assert lengths[0] < lengths[1] < lengths[2]
