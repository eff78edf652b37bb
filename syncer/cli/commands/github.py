"""`syncer github`: what its workflows need beside the other verbs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.filters import add_selection
from syncer.cli.github_comment import keep_comment
from syncer.cli.github_issues import keep_issues
from syncer.cli.parser import one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

_ACTIONS = {
    "comment": "--pr N (--plan | --validation | --markdown) FILE: write the one comment, or edit it where it is there",
    "issues": "keep one issue open for each spec that fails or is overdue, and close it on recovery",
    "overdue": "annotate each spec that imported nothing for longer than expect_every; exits with 1 if there is one",
    "result": "CODE: say as an annotation what syncer's exit code means; exits with CODE, and with 0 where\n"
    "           nothing is wrong: jobs that were left running go on in the next run",
}
_OVERDUE = 1
_FINE = frozenset({0, 2, 75})
_MEANINGS = {
    1: ("error", "Something failed", "The summary and the log above say what; the next run tries again what it may."),
    3: ("error", "Rejected rows", "More rows were rejected than the checks allow: see syncer rejects list."),
    4: ("error", "Refused", "A safety rail held before anything was sent; the message names the setting."),
    5: ("error", "Conflict", "The plan is stale or the log contradicts itself: see syncer state verify."),
    6: ("error", "Authentication", "The platform did not accept the token: see syncer doctor --only api."),
    64: ("error", "Wrong usage", "The command line is wrong; the log above says where."),
    65: ("error", "Wrong spec or setting", "The annotations stand at their lines."),
    130: ("error", "Interrupted", "The run was told to stop; the next one goes on from the log."),
    143: ("error", "Stopped", "The job was cancelled or ran out of time; the next run goes on from the log."),
    75: ("notice", "Not finished yet", "Jobs are still running, here or in another run; the next run goes on."),
}


def configure(parser: Parser) -> None:
    lines = "\n".join(f"  {name:<8} {about}" for name, about in _ACTIONS.items())
    parser.epilog = (
        f"actions:\n{lines}\n\n"
        "`comment` and `issues` read GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL, as jobs have them."
    )
    parser.add_argument("action", metavar="ACTION", type=one_of(*_ACTIONS), help=", ".join(_ACTIONS))
    parser.add_argument("code", metavar="CODE", nargs="?", type=int, help="for result: how syncer exited")
    group = parser.add_argument_group("for comment")
    group.add_argument("--pr", metavar="N", type=int, help="the pull request's number")
    content = group.add_mutually_exclusive_group()
    content.add_argument("--plan", type=Path, metavar="FILE", help="what `syncer plan -o json` printed")
    content.add_argument(
        "--validation",
        type=Path,
        metavar="FILE",
        help="where nothing could be planned: what `syncer validate -o json` printed, if anything",
    )
    content.add_argument("--markdown", type=Path, metavar="FILE", help="any Markdown")
    group.add_argument(
        "--changed",
        type=Path,
        metavar="FILE",
        help="changed paths, a line each, as `git diff --name-only --relative` prints them: other specs are counted",
    )
    group.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="what `syncer check --against REF -o json` printed, to go with --plan",
    )
    group.add_argument("--artifact", metavar="NAME", default="", help="the artifact that holds the full plan")
    group.add_argument("--commit", metavar="SHA", default="", help="the commit that it is about, to be named")
    group = parser.add_argument_group("for comment and issues")
    group.add_argument("--key", metavar="KEY", default="", help="tells several projects of one repository apart")
    group.add_argument("--author", metavar="LOGIN", default="", help="who writes them (default: any bot)")
    group.add_argument("--if-allowed", action="store_true", help="only warn where the token may not write, or not now")
    group = parser.add_argument_group("for issues")
    group.add_argument(
        "--label",
        metavar="NAME",
        action="append",
        default=[],
        help="what a new issue is labelled with (default: syncer; repeatable; '' for none)",
    )
    add_selection(parser)


def run(arguments: Namespace, console: Console) -> int:
    do = {"comment": keep_comment, "issues": keep_issues, "overdue": _overdue, "result": _result}
    return do[arguments.action](arguments, console)


def _overdue(arguments: Namespace, console: Console) -> int:
    from syncer.cli.github import annotate_problems
    from syncer.cli.request import request_of, selection_of
    from syncer.errors import Problem
    from syncer.operations.status import status

    request = request_of(arguments, console)
    filters = selection_of(arguments)
    specs = status(request.root, environ=request.environ, overrides=request.overrides, filters=filters)
    stale = [each for each in specs if each.state == "stale"]
    annotate_problems(console, [Problem(each.path, 1, 1, f"{each.name} is overdue: {each.reason}") for each in stale])
    return _OVERDUE if stale else 0


def _result(arguments: Namespace, console: Console) -> int:
    from syncer.errors import UsageError

    if arguments.code is None:
        raise UsageError("`syncer github result` needs the exit code", next_step='syncer github result "$code"')
    code: int = arguments.code
    if code in _MEANINGS:
        level, title, text = _MEANINGS[code]
        console.error(f"::{level} title=syncer: {title}::{text}")
    return 0 if code in _FINE else code
