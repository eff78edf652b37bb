"""`syncer history`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("names", metavar="SPEC", nargs="*", help="only these specs, by any name they ever had")
    parser.add_argument("--path", help="only this source file")
    parser.add_argument("--import", dest="import_id", metavar="ID", help="only this import: its id or the beginning")
    parser.add_argument("--limit", type=_positive, metavar="N", help="only the newest N")
    parser.add_argument("--events", action="store_true", help="every event, not only how attempts ended")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.history import history
    from syncer.render.history import history_json, history_markdown, history_text

    request = request_of(arguments, console)
    entries = history(
        request.root,
        environ=request.environ,
        overrides=request.overrides,
        names=arguments.names,
        path=arguments.path,
        import_id=arguments.import_id,
        limit=arguments.limit,
        events=arguments.events,
    )
    if console.format == "json":
        console.data(history_json(entries))
    elif console.format == "markdown":
        console.data(history_markdown(entries))
    else:
        console.data(history_text(entries, style=console.style, verbose=console.verbose > 0))
    return 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
