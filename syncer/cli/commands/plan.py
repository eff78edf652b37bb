"""`syncer plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.filters import add_filters

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.plan import Plan

FAILED, CHANGES, REFUSED = 1, 2, 4
MOST_SHARDS = 256
"""A matrix may have so many jobs."""


def configure(parser: Parser) -> None:
    add_filters(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="save the plan, for `syncer apply FILE`")
    parser.add_argument(
        "--shards", metavar="N", type=int, help="for -o github-matrix: split among so many jobs, no object in two"
    )
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when changes are pending")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import filters_of, request_of
    from syncer.operations.plan import plan, save

    _check_shards(arguments, console)
    request = request_of(arguments, console)
    made = plan(
        request.root,
        environ=request.environ,
        overrides=request.overrides,
        filters=filters_of(arguments),
        in_full=console.verbose > 0,
    )
    console.data(rendered(made, console) if arguments.shards is None else _matrix(made, arguments.shards))
    if arguments.out is not None and not made.refusals:
        save(made, arguments.out)
        console.note(f"Saved. Apply exactly this with:\n\n    syncer apply {arguments.out}")
    if console.in_github:
        _tell_github(made, console)
    return _exit_code(made, detailed=arguments.detailed_exitcode)


def _check_shards(arguments: Namespace, console: Console) -> None:
    from syncer.errors import UsageError

    is_matrix = console.format == "github-matrix"
    if is_matrix != (arguments.shards is not None) or (is_matrix and not 1 <= arguments.shards <= MOST_SHARDS):
        raise UsageError(
            f"-o github-matrix and --shards go together, with 1 to {MOST_SHARDS} shards",
            next_step="syncer plan -o github-matrix --shards 4",
        )


def _matrix(made: Plan, count: int) -> str:
    """Return the shards of the plan; where a rail holds the run there are none, and the exit code tells."""
    from syncer.plan.shards import shards
    from syncer.render.github_matrix import github_matrix

    return github_matrix(() if made.refusals else shards(made, count))


def rendered(made: Plan, console: Console) -> str:
    """Return the plan in the format that was asked for."""
    if console.format == "json":
        from syncer.plan.document import to_document
        from syncer.render.json_text import json_text

        return json_text(to_document(made))
    if console.format == "markdown":
        from syncer.render.plan_markdown import plan_markdown

        return plan_markdown(made)
    from syncer.render.plan_text import plan_text

    return plan_text(made, style=console.style, width=console.width, verbose=console.verbose > 0)


def _tell_github(made: Plan, console: Console) -> None:
    from syncer.cli.github import add_to_summary, annotate_error, set_outputs
    from syncer.render.plan_markdown import plan_markdown

    for refusal in made.refusals:
        annotate_error(console, f"{refusal.spec}: {refusal.setting}: {refusal.reason}")
    for item in made.attention:
        annotate_error(console, f"{item.spec}: {item.file.path}: {item.reason}", "warning")
    add_to_summary(console, plan_markdown(made))
    set_outputs(console, digest=made.digest, pending=len(made.runnable), attention=len(made.attention))


def _exit_code(made: Plan, *, detailed: bool) -> int:
    if made.refusals:
        return REFUSED
    if made.problems:
        return FAILED
    return CHANGES if detailed and made.has_changes else 0
