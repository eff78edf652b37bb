"""`syncer check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.cli.request import Request


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Sends nothing. The API is asked only for the fields of the objects; without credentials the mapping's types\n"
        "are all that is judged. Exits with 3 when a file does not pass its spec's checks, 1 when one cannot be read.\n"
        "\n"
        "With --against, each spec that prepares or judges rows otherwise than at that git revision has its last\n"
        "imported file checked under both, and the difference in rejected rows is told. More of them fail nothing,\n"
        "nor does a file that is gone, changed or out of reach. Exits with 3 when a file does not pass the checks\n"
        "now, with 1 when it cannot be prepared any more, or the specs of that revision cannot be read."
    )
    parser.add_argument("specs", metavar="SPEC", nargs="*", help="whose pending files are checked (default: all)")
    parser.add_argument("--file", metavar="PATH", default="", help="check this file or URL as one of the spec's")
    parser.add_argument("--against", metavar="REF", help="compare the specs with those at a git revision")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of

    request = request_of(arguments, console)
    if arguments.against is not None:
        return _against(arguments, request, console)
    from syncer.operations.check import check
    from syncer.render.check import check_json, check_markdown, check_text

    checked = check(
        request.root,
        environ=request.environ,
        overrides=request.overrides,
        names=arguments.specs,
        file=arguments.file,
    )
    if console.format == "json":
        console.data(check_json(checked.files, checked.problems, checked.exit_code))
    elif console.format == "markdown":
        console.data(check_markdown(checked.files, checked.problems))
    else:
        console.data(check_text(checked.files, checked.problems, style=console.style))
    return checked.exit_code


def _against(arguments: Namespace, request: Request, console: Console) -> int:
    from syncer.errors import UsageError
    from syncer.operations.recheck import recheck
    from syncer.render.recheck import recheck_document, recheck_json, recheck_markdown, recheck_text

    if arguments.file:
        raise UsageError(
            "--against checks the last imported file, so --file does not go with it",
            next_step=f"syncer check SPEC --file {arguments.file}",
        )
    found = recheck(
        request.root,
        against=arguments.against,
        environ=request.environ,
        overrides=request.overrides,
        names=arguments.specs,
    )
    document = recheck_document(found)
    if console.format == "json":
        console.data(recheck_json(found))
    elif console.format == "markdown":
        console.data(recheck_markdown(document))
    else:
        console.data(recheck_text(document, style=console.style))
    if console.in_github:
        _tell_github(document, console)
    return found.exit_code


def _tell_github(document: dict[str, Any], console: Console) -> None:
    """Write the summary, and warn at every spec that makes less of its file than before."""
    from syncer.cli.github import add_to_summary, annotate_problems
    from syncer.errors import Problem
    from syncer.render.recheck import recheck_markdown, worse

    problems = [Problem(each["path"], 1, 1, words) for each in document["specs"] if (words := worse(each))]
    annotate_problems(console, problems, "warning")
    add_to_summary(console, recheck_markdown(document))
