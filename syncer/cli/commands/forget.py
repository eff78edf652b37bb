"""`syncer forget`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="an import's id, its beginning, or the id of its job")
    parser.add_argument("--spec", metavar="SPEC", help="with --path: the spec of the file")
    parser.add_argument("--path", metavar="PATH", help="with --spec: the file, as `syncer state list` shows it")
    parser.add_argument("--reason", metavar="TEXT", help="why; it is recorded with your name")
    parser.add_argument(
        "--append-again", action="store_true", help="yes, insert the rows of an append object a second time"
    )


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.changes import reason_of, show_change
    from syncer.cli.request import request_of
    from syncer.errors import UsageError
    from syncer.operations.closing import TrackFinder, forget
    from syncer.operations.ledger import open_ledger

    by_path = bool(arguments.spec or arguments.path)
    if by_path == bool(arguments.id) or bool(arguments.spec) != bool(arguments.path):
        raise UsageError("say which import: its ID, or --spec with --path", next_step="find it: syncer state list")
    reason = reason_of(arguments)
    request = request_of(arguments, console)
    ledger = open_ledger(request.root, environ=request.environ, overrides=request.overrides)
    finder = TrackFinder(ledger, given=arguments.id or "", spec=arguments.spec or "", path=arguments.path or "")
    show_change(forget(ledger, finder, reason=reason, append_again=arguments.append_again), console)
    return 0
