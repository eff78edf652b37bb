"""`syncer check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Sends nothing. The API is asked only for the fields of the objects; without credentials the mapping's types "
        "are all that is judged. Exits with 3 when a file does not pass its spec's checks, 1 when one cannot be read."
    )
    parser.add_argument("specs", metavar="SPEC", nargs="*", help="whose pending files are checked (default: all)")
    parser.add_argument("--file", metavar="PATH", default="", help="check this file or URL as one of the spec's")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.check import check
    from syncer.render.check import check_json, check_markdown, check_text

    request = request_of(arguments, console)
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
