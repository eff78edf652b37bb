"""`syncer apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.filters import add_filters, any_given

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import timedelta
    from typing import Self

    from syncer.api.wire import Trace, Tracer
    from syncer.apply.outcome import RunOutcome
    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.plan import Plan
    from syncer.render.progress import Progress

_TRACE = 2


def configure(parser: Parser) -> None:
    parser.add_argument("plan", metavar="PLAN", nargs="?", help="a plan that `syncer plan --out` saved")
    add_filters(parser)
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument(
        "--max-wait",
        metavar="TIME",
        help="leave jobs running after so long, such as 20m, and exit with 75; the next apply goes on",
    )
    waiting.add_argument(
        "--no-wait", action="store_true", help="start one job an object, leave them running and exit with 75"
    )


def run(arguments: Namespace, console: Console) -> int:
    from syncer.apply.context import Stop
    from syncer.cli.github import group
    from syncer.cli.request import filters_of, request_of
    from syncer.cli.signals import stopping
    from syncer.errors import UsageError
    from syncer.operations.apply import apply

    if arguments.plan and any_given(arguments):
        raise UsageError(
            "a saved plan and filters exclude each other",
            why="the plan holds the filters that it was made with",
            next_step=f"leave them out: syncer apply {arguments.plan}",
        )
    max_wait = _max_wait(arguments.max_wait)
    request = request_of(arguments, console)
    filters = filters_of(arguments)
    stop, watcher = Stop(), _Watcher(console)
    with stopping(stop), group(console, "syncer apply"), watcher:
        made, outcome = apply(
            request.root,
            environ=request.environ,
            overrides=request.overrides,
            filters=filters,
            saved=Path(arguments.plan) if arguments.plan else None,
            stop=stop,
            reporter=watcher.watch,
            tracer=_tracer(console),
            max_wait=max_wait,
            wait_for_jobs=not arguments.no_wait,
        )
    console.data(rendered(made, outcome, console))
    if console.in_github:
        _tell_github(made, outcome, console)
    return outcome.exit_code if stop.signal_number is None else 128 + stop.signal_number


def _max_wait(text: str | None) -> timedelta | None:
    from syncer.errors import UsageError
    from syncer.values import parse_duration

    try:
        return parse_duration(text) if text is not None else None
    except ValueError as error:
        raise UsageError(f"--max-wait: {error}", next_step="syncer apply --max-wait 20m") from error


class _Watcher:
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


def _tracer(console: Console) -> Tracer | None:
    """Tell of every request with -vv: its template, never its body."""
    if console.verbose < _TRACE:
        return None

    def tell(trace: Trace) -> None:
        status = trace.status or "no answer"
        again = f", attempt {trace.attempt}" if trace.attempt > 1 else ""
        console.note(f"{trace.method} {trace.path}: {status} in {trace.seconds:.2f} s{again} {trace.correlation_id}")

    return tell


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
    from syncer.cli.github import add_to_summary, annotate_error
    from syncer.render.outcome_markdown import outcome_markdown

    for each in outcome.imports:
        if each.result in ("failed", "attention") or each.systematic:
            annotate_error(console, f"{each.item.spec}: {each.item.file.path}: {each.message}")
        elif each.rejections:
            annotate_error(console, f"{each.item.spec}: {each.item.file.path}: rows were rejected", "warning")
    add_to_summary(console, outcome_markdown(made, outcome))
