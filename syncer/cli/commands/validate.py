"""`syncer validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.operations.validate import Validation

BAD_SPEC = 65


def configure(parser: Parser) -> None:
    parser.add_argument("names", metavar="SPEC", nargs="*", help="only these specs")
    parser.add_argument(
        "--spec", dest="more_names", metavar="SPEC", action="append", default=[], help="the same (repeatable)"
    )
    parser.add_argument("--online", action="store_true", help="also ask the platform about objects and fields")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.validate import validate

    request = request_of(arguments, console)
    checked = validate(
        request.root,
        environ=request.environ,
        overrides=request.overrides,
        online=arguments.online,
        names=(*arguments.names, *arguments.more_names),
    )
    console.data(_rendered(checked, console))
    if console.in_github:
        _show_in_github(checked, console)
    return BAD_SPEC if checked.problems else 0


def _show_in_github(checked: Validation, console: Console) -> None:
    from syncer.cli.github import add_to_summary, annotate_problems

    annotate_problems(console, checked.problems)
    annotate_problems(console, checked.warnings, "warning")
    if checked.problems:
        add_to_summary(console, _markdown(checked))


def _rendered(checked: Validation, console: Console) -> str:
    from syncer.render import problems as render

    if console.format == "json":
        return render.validation_json(
            checked.specs, checked.problems, checked.warnings, online=checked.online, by_snapshot=checked.by_snapshot
        )
    if console.format == "markdown":
        return _markdown(checked)
    return render.validation_text(
        checked.specs,
        checked.problems,
        checked.warnings,
        online=checked.online,
        by_snapshot=checked.by_snapshot,
        style=console.style,
    )


def _markdown(checked: Validation) -> str:
    from syncer.render.problems import validation_markdown

    return validation_markdown(
        checked.specs, checked.problems, checked.warnings, online=checked.online, by_snapshot=checked.by_snapshot
    )
