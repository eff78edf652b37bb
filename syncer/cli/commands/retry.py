"""`syncer retry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("what", metavar="SPEC|ID", help="a spec, or an import's id, its beginning, or its job's id")
    parser.add_argument("--reason", metavar="TEXT", help="why; it is recorded with your name")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.changes import reason_of, show_change
    from syncer.cli.request import request_of
    from syncer.operations.closing import retry
    from syncer.operations.ledger import open_ledger

    reason = reason_of(arguments)
    request = request_of(arguments, console)
    ledger = open_ledger(request.root, environ=request.environ, overrides=request.overrides)
    show_change(retry(ledger, arguments.what, reason=reason), console)
    return 0
