"""`syncer doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.cli.parser import DOCTOR_AREAS, one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.operations.doctor import Examination


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Changes nothing. Exits with 0 when nothing failed, 6 when the token is a problem, 65 for specs and settings, "
        "else 1."
    )
    parser.add_argument(
        "--only",
        metavar="AREA",
        type=one_of(*DOCTOR_AREAS),
        action="append",
        default=[],
        help=f"{', '.join(DOCTOR_AREAS)} (repeatable)",
    )


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.doctor import doctor

    request = request_of(arguments, console)
    found = doctor(request.root, environ=request.environ, overrides=request.overrides, only=arguments.only)
    console.data(_rendered(found, console))
    if console.in_github:
        _annotate(found, console)
    return found.exit_code


def _rendered(found: Examination, console: Console) -> str:
    from syncer.render.doctor import doctor_json, doctor_markdown, doctor_text

    if console.format == "json":
        return doctor_json(found.checks, found.exit_code)
    if console.format == "markdown":
        return doctor_markdown(found.checks)
    return doctor_text(found.checks, style=console.style)


def _annotate(found: Examination, console: Console) -> None:
    from syncer.cli.github import annotate_error, annotate_problems

    for check in found.checks:
        if check.status in ("failed", "warning"):
            level = "error" if check.status == "failed" else "warning"
            annotate_problems(console, check.problems, level)
            if not check.problems:
                annotate_error(console, f"{check.subject}: {check.what}", level)
