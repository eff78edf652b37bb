"""`syncer baseline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="the spec whose pending files are in the platform already")
    parser.add_argument(
        "--path", metavar="GLOB", action="append", default=[], help="only files whose path matches (repeatable)"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why; it is recorded with your name")
    parser.add_argument("--dry-run", action="store_true", help="show what would be recorded, and record nothing")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.changes import reason_of, show_change
    from syncer.cli.request import request_of
    from syncer.operations.baseline import baseline
    from syncer.operations.ledger import open_ledger

    reason = reason_of(arguments)
    request = request_of(arguments, console)
    ledger = open_ledger(request.root, environ=request.environ, overrides=request.overrides)
    done = baseline(ledger, arguments.spec, patterns=arguments.path, reason=reason, dry_run=arguments.dry_run)
    show_change(done, console)
    return 0
