"""`syncer preview`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Sends nothing, reads no more of the file than these rows need, and keeps none of them. Of a value its shape "
        "is shown: letters as x, digits as 9. The API is asked only for the fields of the object, where there are "
        "credentials. Exits with 1 when the file cannot be prepared."
    )
    parser.add_argument("spec", metavar="SPEC", help="whose first pending file is shown, or its newest")
    parser.add_argument("--file", metavar="PATH", default="", help="show this file or URL as one of the spec's")
    parser.add_argument("--rows", metavar="N", type=_number, default=5, help="how many rows (default: 5)")
    parser.add_argument("--unmasked", action="store_true", help="show the values themselves")


def _number(text: str) -> int:
    from argparse import ArgumentTypeError

    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a number of rows")
    return int(text)


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.preview import preview
    from syncer.render.preview import preview_json, preview_markdown, preview_text

    request = request_of(arguments, console)
    shown = preview(
        request.root,
        arguments.spec,
        environ=request.environ,
        overrides=request.overrides,
        file=arguments.file,
        rows=arguments.rows,
        masked=not arguments.unmasked,
    )
    if console.format == "json":
        console.data(preview_json(shown))
    elif console.format == "markdown":
        console.data(preview_markdown(shown))
    else:
        console.data(preview_text(shown, style=console.style))
    return shown.exit_code
