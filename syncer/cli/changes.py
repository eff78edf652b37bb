"""What the verbs that write to the log share: the reason that each of them needs, and showing what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.render.change import Change


def reason_of(arguments: Namespace) -> str:
    """Return the reason. Raises UsageError when there is none: a year later somebody asks."""
    reason = (arguments.reason or "").strip()
    if not reason:
        raise UsageError(
            "say why: --reason TEXT", why="it is recorded with your name, for whoever asks later what happened"
        )
    return str(reason)


def show_change(change: Change, console: Console) -> None:
    from syncer.render.change import change_json, change_markdown, change_text

    if console.format == "json":
        console.data(change_json(change))
    elif console.format == "markdown":
        console.data(change_markdown(change))
    else:
        console.data(change_text(change, style=console.style))
