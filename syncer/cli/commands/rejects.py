"""`syncer rejects`: what became of rejected rows, and what is to become of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.parser import one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.cli.request import Request
    from syncer.operations.ledger import Ledger

_ACTIONS = {
    "list": "[--spec SPEC] [--all]: imports with rejected rows that are neither repaired nor waived",
    "get": "IMPORT [--out FILE] [--show]: bring the rows to this machine",
    "waive": "IMPORT --reason TEXT [--rows N]: accept that the open rows, or N of them, stay out",
    "repair": "IMPORT [--file FIXED]: send the open rows once more, mended or as they were",
}
_OPTIONS = {
    "spec": ("--spec", "list"),
    "all": ("--all", "list"),
    "out": ("--out", "get"),
    "show": ("--show", "get"),
    "reason": ("--reason", "waive"),
    "rows": ("--rows", "waive"),
    "file": ("--file", "repair"),
}


def configure(parser: Parser) -> None:
    lines = "\n".join(f"  {name:<8} {about}" for name, about in _ACTIONS.items())
    parser.epilog = f"actions:\n{lines}"
    parser.add_argument("action", metavar="ACTION", type=one_of(*_ACTIONS), help=", ".join(_ACTIONS))
    parser.add_argument("ids", metavar="IMPORT", nargs="*", help="an import's id, its beginning, or the id of its job")
    shown = parser.add_argument_group("for list")
    shown.add_argument("--spec", metavar="SPEC", action="append", default=[], help="only this spec (repeatable)")
    shown.add_argument("--all", action="store_true", help="also imports of which no row is open")
    got = parser.add_argument_group("for get")
    got.add_argument("--out", metavar="FILE", type=Path, help="copy the rows to this new file: .csv, or .jsonl")
    got.add_argument("--show", action="store_true", help="print the rows themselves")
    waived = parser.add_argument_group("for waive")
    waived.add_argument("--reason", metavar="TEXT", help="why; it is recorded with your name")
    waived.add_argument("--rows", metavar="N", type=_positive, help="only so many (default: all that are open)")
    repaired = parser.add_argument_group("for repair")
    repaired.add_argument("--file", metavar="FIXED", type=Path, help="the rows as you mended them: .csv or .jsonl")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.ledger import open_ledger

    _check_options(arguments)
    request = request_of(arguments, console)
    if arguments.action == "repair":
        return _repair(request, arguments, console)
    ledger = open_ledger(request.root, environ=request.environ, overrides=request.overrides)
    return {"list": _list, "get": _get, "waive": _waive}[arguments.action](ledger, arguments, console)


def _check_options(arguments: Namespace) -> None:
    """Refuse an option that would be without effect."""
    from syncer.errors import UsageError

    for name, (option, action) in _OPTIONS.items():
        if getattr(arguments, name) and action != arguments.action:
            raise UsageError(
                f"{option} is no option of `syncer rejects {arguments.action}`", next_step="see: syncer rejects --help"
            )
    if arguments.action == "list" and arguments.ids:
        raise UsageError(
            "`syncer rejects list` takes no ids", next_step="choose a spec: syncer rejects list --spec SPEC"
        )


def _one_id(arguments: Namespace) -> str:
    from syncer.errors import UsageError

    if len(arguments.ids) != 1:
        raise UsageError(
            f"`syncer rejects {arguments.action}` needs the id of one import", next_step="find it: syncer rejects list"
        )
    (given,) = arguments.ids
    return str(given)


def _list(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.operations.rejects import rejects_list
    from syncer.render.rejects import rejects_json, rejects_markdown, rejects_text

    entries = rejects_list(ledger, arguments.spec, everything=arguments.all)
    if console.format == "json":
        console.data(rejects_json(entries))
    elif console.format == "markdown":
        console.data(rejects_markdown(entries))
    else:
        console.data(rejects_text(entries, style=console.style))
    return 0


def _get(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.cli.watching import tracer_of
    from syncer.operations.rejects_get import get, shown_lines
    from syncer.render.rejects import got_json, got_markdown, got_text

    got = get(ledger, _one_id(arguments), out=arguments.out, tracer=tracer_of(console))
    if arguments.show:
        console.note(got_text(got))
        for line in shown_lines(got.files):
            console.data(line)
    elif console.format == "json":
        console.data(got_json(got))
    elif console.format == "markdown":
        console.data(got_markdown(got))
    else:
        console.data(got_text(got))
    return 0


def _waive(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.cli.changes import reason_of
    from syncer.operations.rejects_waive import waive
    from syncer.render.rejects import waiver_json, waiver_markdown, waiver_text

    done = waive(ledger, _one_id(arguments), reason=reason_of(arguments), rows=arguments.rows)
    if console.format == "json":
        console.data(waiver_json(done))
    elif console.format == "markdown":
        console.data(waiver_markdown(done))
    else:
        console.data(waiver_text(done))
    return 0


def _repair(request: Request, arguments: Namespace, console: Console) -> int:
    from syncer.apply.context import Stop
    from syncer.cli.github import group
    from syncer.cli.signals import stopping
    from syncer.cli.watching import Watcher, show_end, tracer_of
    from syncer.operations.rejects_repair import repair

    given = _one_id(arguments)
    stop, watcher = Stop(), Watcher(console)
    with stopping(stop), group(console, "syncer rejects repair"), watcher:
        made, outcome = repair(
            request.root,
            given,
            environ=request.environ,
            overrides=request.overrides,
            fixed=arguments.file,
            reporter=watcher.watch,
            tell=console.note,
            stop=stop,
            tracer=tracer_of(console),
        )
    return show_end(made, outcome, console, stop)
