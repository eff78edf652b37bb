"""`syncer state`: read, check and mend the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.parser import one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.operations.ledger import Ledger

_CONFLICT = 5
_ACTIONS = {
    "list": "[SPEC ...] [--open] [--attention]: where every import stands",
    "show": "ID: everything the log says of one import",
    "verify": "check every line and every rule of exactly-once; exits with 5 when something is wrong",
    "resolve": "ID (--start | --abandon | --completed | --failed) --reason TEXT [--job JOB]:\n"
    "           say what to believe of a permitted job that cannot be asked",
    "merge": "FILE ...: take over the events of other logs that this one lacks",
}
_WORDS = {
    "start": "the job may be started as it was permitted",
    "abandon": "the job never ran and never will; another may take its place",
    "completed": "the job imported the file",
    "failed": "the job imported nothing; it is tried again",
}
_OWN = {"list": ("open", "attention"), "resolve": ("word", "job", "reason")}
_OPTIONS = {"open": "--open", "attention": "--attention", "word": "--WORD", "job": "--job", "reason": "--reason"}


def configure(parser: Parser) -> None:
    lines = "\n".join(f"  {name:<8} {about}" for name, about in _ACTIONS.items())
    parser.epilog = f"actions:\n{lines}"
    parser.add_argument("action", metavar="ACTION", type=one_of(*_ACTIONS), help=", ".join(_ACTIONS))
    parser.add_argument("names", metavar="NAME", nargs="*", help="specs, an import's id or its beginning, or files")
    shown = parser.add_argument_group("for list")
    shown.add_argument("--open", action="store_true", help="only what is neither done, failed nor forgotten")
    shown.add_argument("--attention", action="store_true", help="only what a person must look at")
    resolved = parser.add_argument_group("for resolve")
    for word, about in _WORDS.items():
        resolved.add_argument(f"--{word}", dest="word", action="append_const", const=word, help=about)
    resolved.add_argument("--job", metavar="JOB", help="which job, where more than one is open")
    resolved.add_argument("--reason", metavar="TEXT", help="why; it is recorded with your name")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.ledger import open_ledger

    _check_options(arguments)
    request = request_of(arguments, console)
    ledger = open_ledger(request.root, environ=request.environ, overrides=request.overrides)
    do = {"list": _list, "show": _show, "verify": _verify, "resolve": _resolve, "merge": _merge}
    return do[arguments.action](ledger, arguments, console)


def _check_options(arguments: Namespace) -> None:
    """Refuse an option that would be without effect."""
    from syncer.errors import UsageError

    for name, option in _OPTIONS.items():
        if getattr(arguments, name) and name not in _OWN.get(arguments.action, ()):
            given = f"--{arguments.word[0]}" if name == "word" else option
            raise UsageError(
                f"{given} is no option of `syncer state {arguments.action}`", next_step="see: syncer state --help"
            )


def _one_id(arguments: Namespace) -> str:
    from syncer.errors import UsageError

    if len(arguments.names) != 1:
        raise UsageError(
            f"`syncer state {arguments.action}` needs the id of one import", next_step="find it: syncer state list"
        )
    (given,) = arguments.names
    return str(given)


def _list(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.operations.state_read import state_list
    from syncer.render.state import list_json, list_markdown, list_text

    entries = state_list(ledger, arguments.names, only_open=arguments.open, attention=arguments.attention)
    if console.format == "json":
        console.data(list_json(entries))
    elif console.format == "markdown":
        console.data(list_markdown(entries))
    else:
        console.data(list_text(entries, style=console.style))
    return 0


def _show(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.operations.state_read import state_show
    from syncer.render.state import record_json, record_markdown, record_text

    record = state_show(ledger, _one_id(arguments))
    if console.format == "json":
        console.data(record_json(record))
    elif console.format == "markdown":
        console.data(record_markdown(record))
    else:
        console.data(record_text(record, style=console.style))
    return 0


def _verify(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.errors import UsageError
    from syncer.operations.state_verify import state_verify
    from syncer.render.state_verify import (
        verification_json,
        verification_markdown,
        verification_text,
    )

    if arguments.names:
        raise UsageError("`syncer state verify` checks the whole log and takes no names")
    found = state_verify(ledger)
    if console.format == "json":
        console.data(verification_json(found))
    elif console.format == "markdown":
        console.data(verification_markdown(found))
    else:
        console.data(verification_text(found, style=console.style))
    return 0 if found.clean else _CONFLICT


def _resolve(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.cli.changes import reason_of, show_change
    from syncer.errors import UsageError
    from syncer.operations.state_write import resolve

    given = _one_id(arguments)
    if len(arguments.word or ()) != 1:
        raise UsageError(
            f"say one of --{', --'.join(_WORDS)}",
            why="what became of the job decides whether the file is imported again",
            next_step=f"see what is known of it: syncer state show {given}",
        )
    show_change(resolve(ledger, given, arguments.word[0], reason=reason_of(arguments), job=arguments.job), console)
    return 0


def _merge(ledger: Ledger, arguments: Namespace, console: Console) -> int:
    from syncer.errors import UsageError
    from syncer.operations.state_write import merge
    from syncer.render.change import merge_json, merge_markdown, merge_text

    if not arguments.names:
        raise UsageError("`syncer state merge` needs the files to take over", next_step="see: syncer state --help")
    done = merge(ledger, [Path(name) for name in arguments.names])
    if console.format == "json":
        console.data(merge_json(done))
    elif console.format == "markdown":
        console.data(merge_markdown(done))
    else:
        console.data(merge_text(done, style=console.style))
    return 0
