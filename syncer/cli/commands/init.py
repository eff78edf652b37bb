"""`syncer init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

_FOR_SPECS = {"object": "--object", "name": "--name", "connection": "--connection"}


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Without --from, makes a repository in DIR: settings, an example, workflows, and what git and editors need.\n"
        "With it, writes a first draft of a spec for a file, in the project that is here. Never overwrites: what\n"
        "exists is left and named."
    )
    parser.add_argument("folder", metavar="DIR", nargs="?", help="the repository's folder (default: here)")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be made")
    drafted = parser.add_argument_group("a spec from a file")
    drafted.add_argument("--from", dest="source", metavar="FILE", help="a path or URL of CSV, JSONL or Parquet")
    drafted.add_argument("--object", metavar="NAME", help="the object that the rows are to go into")
    drafted.add_argument("--name", metavar="SPEC", help="the spec's name (default: after the file)")
    drafted.add_argument("--connection", metavar="NAME", help="the connection of syncer.yaml by which a bucket is read")


def run(arguments: Namespace, console: Console) -> int:
    _check_options(arguments)
    return _draft(arguments, console) if arguments.source else _scaffold(arguments, console)


def _check_options(arguments: Namespace) -> None:
    from syncer.errors import UsageError

    if arguments.source and arguments.folder:
        raise UsageError("--from writes a spec into the project that is here", next_step="name another: -C DIR")
    if arguments.source and not arguments.object:
        raise UsageError(
            "say which object the rows are to go into", next_step=f"syncer init --from {arguments.source} --object NAME"
        )
    for name, option in _FOR_SPECS.items():
        if getattr(arguments, name) and not arguments.source:
            raise UsageError(f"{option} is for a spec from a file", next_step="name the file: --from FILE")


def _scaffold(arguments: Namespace, console: Console) -> int:
    from syncer.operations.init.scaffold import is_in_git, scaffold
    from syncer.render.init import init_json, init_markdown, init_text

    folder = Path(arguments.project or ".", arguments.folder or ".")
    in_git = is_in_git(folder)
    files = scaffold(folder, dry_run=arguments.dry_run)
    if console.format == "json":
        console.data(init_json(files, dry_run=arguments.dry_run))
    elif console.format == "markdown":
        console.data(init_markdown(files, dry_run=arguments.dry_run))
    else:
        console.data(init_text(files, dry_run=arguments.dry_run, in_git=in_git, style=console.style))
    return 0


def _draft(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.init.infer import infer
    from syncer.render.draft import draft_json, draft_markdown, draft_text

    request = request_of(arguments, console)
    draft = infer(
        request.root,
        arguments.source,
        arguments.object,
        environ=request.environ,
        overrides=request.overrides,
        name=arguments.name or "",
        connection=arguments.connection or "",
        dry_run=arguments.dry_run,
    )
    if console.format == "json":
        console.data(draft_json(draft))
    elif console.format == "markdown":
        console.data(draft_markdown(draft))
    else:
        console.data(draft_text(draft, style=console.style))
    return draft.exit_code
