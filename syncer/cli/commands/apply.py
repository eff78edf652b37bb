"""`syncer apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.filters import add_filters, any_given

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import timedelta

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


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
    from syncer.cli.watching import Watcher, show_end, tracer_of, warner_of
    from syncer.errors import UsageError
    from syncer.operations.apply import apply
    from syncer.operations.notify import Outlet

    if arguments.plan and any_given(arguments):
        raise UsageError(
            "a saved plan and filters exclude each other",
            why="the plan holds the filters that it was made with",
            next_step=f"leave them out: syncer apply {arguments.plan}",
        )
    max_wait = _max_wait(arguments.max_wait)
    request = request_of(arguments, console)
    filters = filters_of(arguments)
    stop, watcher = Stop(), Watcher(console)
    with stopping(stop), group(console, "syncer apply"), watcher:
        made, outcome = apply(
            request.root,
            environ=request.environ,
            overrides=request.overrides,
            filters=filters,
            saved=Path(arguments.plan) if arguments.plan else None,
            stop=stop,
            reporter=watcher.watch,
            tracer=tracer_of(console),
            max_wait=max_wait,
            wait_for_jobs=not arguments.no_wait,
            outlet=Outlet(redact=console.redact, warn=warner_of(console)),
        )
    return show_end(made, outcome, console, stop)


def _max_wait(text: str | None) -> timedelta | None:
    from syncer.errors import UsageError
    from syncer.values import parse_duration

    try:
        return parse_duration(text) if text is not None else None
    except ValueError as error:
        raise UsageError(f"--max-wait: {error}", next_step="syncer apply --max-wait 20m") from error
