"""`syncer status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.cli.filters import add_selection

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    add_selection(parser)


def run(arguments: Namespace, console: Console) -> int:
    """Show it and exit with 0 whatever it is: `status` reports, it does not judge."""
    from syncer.cli.request import request_of, selection_of
    from syncer.operations.status import status
    from syncer.render.status import status_json, status_markdown, status_text

    request = request_of(arguments, console)
    specs = status(request.root, environ=request.environ, overrides=request.overrides, filters=selection_of(arguments))
    if console.format == "json":
        console.data(status_json(specs))
    elif console.format == "markdown":
        console.data(status_markdown(specs))
    else:
        console.data(status_text(specs, style=console.style))
    return 0
