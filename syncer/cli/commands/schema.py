"""`syncer schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.cli.parser import one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser
    from syncer.operations.schema_snapshot import Drifts

FAILED = 1
CHANGES = 2
_ACTIONS = {
    "pull": "[OBJECT ...]: write schemas/<object>.json, the committed snapshot of each object that a spec\n"
    "        writes into; without credentials, validate, check and plan go by it",
    "diff": "[OBJECT ...]: what the platform has now against the snapshots, and which specs it concerns",
}


def configure(parser: Parser) -> None:
    lines = "\n".join(f"  {name:<4}  {about}" for name, about in _ACTIONS.items())
    parser.epilog = f"actions (without one, the JSON Schema of a spec is printed):\n{lines}"
    parser.add_argument("action", metavar="ACTION", nargs="?", type=one_of(*_ACTIONS), help=", ".join(_ACTIONS))
    parser.add_argument("objects", metavar="OBJECT", nargs="*", help="only these objects")
    parser.add_argument(
        "--write",
        action="store_true",
        help="refresh specs/.schema.json and specs/.tests.schema.json, which editors read, and print nothing",
    )
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="for diff: exit with 2 when anything differs, 0 when nothing"
    )


def run(arguments: Namespace, console: Console) -> int:
    """Without an action, print the schema as it is whatever the format: it is JSON, and its `$id` names its version."""
    _check_options(arguments)
    if arguments.action is not None:
        return _snapshots(arguments, console)
    if arguments.write:
        return _write(arguments, console)
    from syncer.spec.schema import schema_text

    console.data(schema_text())
    return 0


def _check_options(arguments: Namespace) -> None:
    """Refuse an option that would be without effect."""
    from syncer.errors import UsageError

    if arguments.write and arguments.action is not None:
        raise UsageError("--write takes no action", why="`syncer schema pull` refreshes specs/.schema.json, too")
    if arguments.detailed_exitcode and arguments.action != "diff":
        raise UsageError("--detailed-exitcode is an option of `syncer schema diff`")


def _write(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.editor_schema import copies, refresh

    known = refresh(request_of(arguments, console).root, create=True)
    console.note(f"{' and '.join(copies())} {'were written' if known == 'written' else 'are current'}")
    return 0


def _snapshots(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.schema_snapshot import diff_schemas, pull_schemas

    request = request_of(arguments, console)
    do = pull_schemas if arguments.action == "pull" else diff_schemas
    found = do(request.root, environ=request.environ, overrides=request.overrides, names=arguments.objects)
    console.data(_rendered(found, console))
    if arguments.action == "pull":
        return FAILED if found.missing else 0
    return CHANGES if arguments.detailed_exitcode and found.differs else 0


def _rendered(found: Drifts, console: Console) -> str:
    from syncer.render import schema_drift as render

    if console.format == "json":
        return render.drift_json(found.objects, found.editors, pulled=found.pulled)
    if console.format == "markdown":
        return render.drift_markdown(found.objects, found.editors, pulled=found.pulled)
    return render.drift_text(found.objects, found.editors, pulled=found.pulled, style=console.style)
