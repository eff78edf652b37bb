"""What a run tells while it works: one line a change of state, or on a terminal a few lines that are drawn again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from syncer.apply.outcome import ImportOutcome
from syncer.apply.progress import Step
from syncer.model.events import RowCounts
from syncer.plan import PlannedImport
from syncer.plan.types import Key
from syncer.render.layout import display_width, shorten
from syncer.render.progress_words import finished_words, name_of, polled_words, sent_words, step_words
from syncer.render.style import PLAIN, Style

HEARTBEAT_SECONDS = 60.0
_REDRAW_SECONDS = 0.1
_BAR = 20
_UP_AND_CLEAR = "\x1b[{}F\x1b[J"

Write = Callable[[str], None]


class LineProgress:
    """For logs: a line a change of state, and at most one a minute for an import that goes on. Thread-safe."""

    def __init__(self, write: Write, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[Key, float] = {}

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        self._tell(item, step_words(step, detail))

    def sent(self, item: PlannedImport, done: int, total: int) -> None:
        self._heartbeat(item, sent_words(done, total))

    def polled(self, item: PlannedImport, job: str, rows: RowCounts, seconds: float) -> None:
        self._heartbeat(item, polled_words(job, rows, seconds))

    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        self._tell(item, finished_words(outcome))

    def close(self) -> None:
        """Every line stands already."""

    def _tell(self, item: PlannedImport, words: str) -> None:
        with self._lock:
            self._told[item.key] = self._clock()
            self._write(f"{name_of(item)}: {words}\n")

    def _heartbeat(self, item: PlannedImport, words: str) -> None:
        with self._lock:
            now = self._clock()
            if now - self._told.setdefault(item.key, now) >= HEARTBEAT_SECONDS:
                self._told[item.key] = now
                self._write(f"{name_of(item)}: {words}\n")


@dataclass(slots=True)
class _Running:
    name: str
    words: str
    share: float | None = None


class LiveProgress:
    """For a terminal: a line an import at work, with a bar while it uploads; what ended stays above. Thread-safe."""

    def __init__(
        self,
        write: Write,
        *,
        width: Callable[[], int],
        style: Style = PLAIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._width = width
        self._style = style
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[Key, _Running] = {}
        self._drawn = 0
        self._drawn_at = float("-inf")

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        self._change(item, step_words(step, detail))

    def sent(self, item: PlannedImport, done: int, total: int) -> None:
        self._change(item, sent_words(done, total), done / total if total else 1.0, often=True)

    def polled(self, item: PlannedImport, job: str, rows: RowCounts, seconds: float) -> None:
        self._change(item, polled_words(job, rows, seconds))

    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        good = outcome.result == "completed"
        line = f"{name_of(item)}: {finished_words(outcome)}"
        with self._lock:
            self._running.pop(item.key, None)
            self._draw(self._style.green(line) if good else self._style.red(line))

    def close(self) -> None:
        """Take the lines of what is still at work away."""
        with self._lock:
            self._running.clear()
            self._draw()

    def _change(self, item: PlannedImport, words: str, share: float | None = None, *, often: bool = False) -> None:
        with self._lock:
            self._running[item.key] = _Running(name_of(item), words, share)
            if not often or self._clock() - self._drawn_at >= _REDRAW_SECONDS:
                self._draw()

    def _draw(self, above: str = "") -> None:
        lines = [self._line(each) for each in self._running.values()]
        cleared = _UP_AND_CLEAR.format(self._drawn) if self._drawn else ""
        kept = [above] if above else []
        self._write(cleared + "".join(f"{line}\n" for line in kept + lines))
        self._drawn = len(lines)
        self._drawn_at = self._clock()

    def _line(self, running: _Running) -> str:
        """Fit one import into one line: a line that wraps could not be drawn again."""
        words = running.words
        if running.share is not None:
            filled = round(_BAR * min(1.0, running.share))
            words = f"[{'#' * filled}{'.' * (_BAR - filled)}] {words}"
        room = max(0, self._width() - 1)
        name = shorten(running.name, max(12, room - display_width(words) - 2))
        return shorten(f"{name}: {words}", room)


class SilentProgress:
    """For -q."""

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None: ...
    def sent(self, item: PlannedImport, done: int, total: int) -> None: ...
    def polled(self, item: PlannedImport, job: str, rows: RowCounts, seconds: float) -> None: ...
    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None: ...
    def close(self) -> None: ...


Progress = LineProgress | LiveProgress | SilentProgress
