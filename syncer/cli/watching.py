"""What the verbs that import have in common: the progress while they do, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from syncer.api.wire import Trace, Tracer
    from syncer.apply.context import Stop
    from syncer.apply.outcome import RunOutcome
    from syncer.cli.console import Console
    from syncer.plan import Plan
    from syncer.render.progress import Progress

_TRACE = 2


class Watcher:
    """Shows the plan's summary when it is made, then the progress, which ends with the block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None

    def watch(self, made: Plan) -> Progress:
        from syncer.render.plan_words import summary

        self._console.note(summary(made))
        self._progress = self._fitting()
        return self._progress

    def _fitting(self) -> Progress:
        from syncer.render.progress import (
            LineProgress,
            LiveProgress,
            SilentProgress,
        )

        console = self._console
        if console.quiet:
            return SilentProgress()
        if console.live and console.verbose < _TRACE:
            return LiveProgress(console.raw, width=lambda: console.message_width or 80, style=console.message_style)
        return LineProgress(console.raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.close()


def tracer_of(console: Console) -> Tracer | None:
    """Tell of every request with -vv: its template, never its body."""
    if console.verbose < _TRACE:
        return None

    def tell(trace: Trace) -> None:
        status = trace.status or "no answer"
        again = f", attempt {trace.attempt}" if trace.attempt > 1 else ""
        console.note(f"{trace.method} {trace.path}: {status} in {trace.seconds:.2f} s{again} {trace.correlation_id}")

    return tell


def warner_of(console: Console) -> Callable[[str], None]:
    """Return what shows a warning that changes nothing about how the run ended."""

    def warn(text: str) -> None:
        from syncer.cli.github import annotate_error

        if console.in_github:
            annotate_error(console, text, "warning")
        else:
            console.note(f"warning: {text}")

    return warn


def show_end(made: Plan, outcome: RunOutcome, console: Console, stop: Stop) -> int:
    """Print the run's end in the format that was asked for, and return the exit code."""
    console.data(rendered(made, outcome, console))
    if console.in_github:
        _tell_github(made, outcome, console)
    return outcome.exit_code if stop.signal_number is None else 128 + stop.signal_number


def rendered(made: Plan, outcome: RunOutcome, console: Console) -> str:
    """Return the run's end in the format that was asked for."""
    if console.format == "json":
        from syncer.render.outcome_json import outcome_json

        return outcome_json(made, outcome)
    if console.format == "markdown":
        from syncer.render.outcome_markdown import outcome_markdown

        return outcome_markdown(made, outcome)
    from syncer.render.outcome_text import outcome_text

    return outcome_text(made, outcome, style=console.style, width=console.width)


def _tell_github(made: Plan, outcome: RunOutcome, console: Console) -> None:
    from syncer.cli.github import add_to_summary, annotate_error, set_outputs
    from syncer.render.outcome_markdown import outcome_markdown

    for each in outcome.imports:
        if each.result in ("failed", "attention") or each.systematic:
            annotate_error(console, f"{each.item.spec}: {each.item.file.path}: {each.message}")
        elif each.rejections:
            annotate_error(console, f"{each.item.spec}: {each.item.file.path}: rows were rejected", "warning")
    add_to_summary(console, outcome_markdown(made, outcome))
    set_outputs(
        console,
        digest=made.digest,
        pending=len(made.runnable) - len(outcome.of("completed")),
        imported=len(outcome.of("completed")),
        failed=len(outcome.of("failed")),
        attention=len(outcome.of("attention")),
        rejected_rows=sum(each.rows.invalid for each in outcome.imports if each.rows),
    )
