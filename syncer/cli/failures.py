"""How an error ends a command: what happened, where, why, the next command; and the exit code."""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import ApiError, Interrupted, InvalidInput, Refused, SyncerError
from syncer.render.next_step import next_step_lines
from syncer.render.problems import problem_document, problems_text

if TYPE_CHECKING:
    from syncer.cli.console import Console

_DEFECT = 1


def show(error: BaseException, console: Console) -> int:
    """Show the error, as JSON on stdout too where that was asked for, and return the exit code."""
    if not isinstance(error, SyncerError):
        return _show_defect(error, console)
    if console.format == "json":
        console.data(_as_json(error))
    console.error(error_text(error, console))
    if console.in_github:
        _annotate(error, console)
    return exit_code(error)


def exit_code(error: SyncerError) -> int:
    return 128 + error.signal_number if isinstance(error, Interrupted) else error.exit_code


def error_text(error: SyncerError, console: Console) -> str:
    """Return the message for people; its first line says what happened."""
    style = console.message_style
    lines = [f"{style.red(style.bold('error:'))} {error.what}"]
    correlation_id = error.correlation_id if isinstance(error, ApiError) else ""
    if error.where:
        lines.append(f"  where: {error.where}")
    if error.why:
        lines.append(f"  why: {error.why}")
    if correlation_id and correlation_id not in error.where:
        lines.append(f"  correlation id: {correlation_id}")
    if isinstance(error, InvalidInput):
        lines += ["", problems_text(error.problems, style=style)]
    if isinstance(error, Refused) and len(error.refusals) > 1:
        lines += ["", *(line for each in error.refusals for line in (f"  {each}", f"      {each.override}"))]
    if error.next_step:
        lines += ["", *(line for step in error.next_step.splitlines() for line in next_step_lines(step))]
    return "\n".join(lines).rstrip()


def _as_json(error: SyncerError) -> str:
    from syncer.render.json_text import json_text

    document: dict[str, Any] = {
        "type": type(error).__name__,
        "exit_code": exit_code(error),
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "next_step": error.next_step,
    }
    if isinstance(error, ApiError):
        document |= {"status": error.status, "code": error.code, "correlation_id": error.correlation_id}
    if isinstance(error, InvalidInput):
        document["problems"] = [problem_document(problem) for problem in error.problems]
    if isinstance(error, Refused):
        document["refusals"] = [
            {"spec": each.spec, "setting": each.setting, "reason": each.reason, "override": each.override}
            for each in error.refusals
        ]
    return json_text({"error": document})


def _annotate(error: SyncerError, console: Console) -> None:
    from syncer.cli.github import annotate_error, annotate_problems

    if isinstance(error, InvalidInput):
        annotate_problems(console, error.problems)
    else:
        annotate_error(console, error.what)


def _show_defect(error: BaseException, console: Console) -> int:
    """Keep the traceback in a private file: a screen that people share is no place for it."""
    kept = _keep_crash(error, console)
    where = f"the details are in {kept}" if kept else "the details could not be kept in a file"
    console.error(
        f"error: a defect in syncer ({type(error).__name__})\n"
        f"  {where}\n"
        "  why: this is not something that your specs or files should be able to cause\n\n"
        "next: report it with that file; it may hold values of your data, so read it before you share it.\n"
        "What was begun is in the log, and this continues it:\n\n    syncer apply"
    )
    return _DEFECT


def _keep_crash(error: BaseException, console: Console) -> Path | None:
    from syncer import __version__

    text = f"syncer {__version__}\n{''.join(traceback.format_exception(error))}"
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    for folder in (_private(console.root), Path(tempfile.gettempdir())):
        try:
            path = folder / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(console.redact(text))
        except OSError:
            continue
        return path
    return None


def _private(root: Path | None) -> Path:
    if root is None:
        return Path(tempfile.gettempdir())
    from syncer.operations.folders import private

    try:
        return private(root)
    except OSError:
        return Path(tempfile.gettempdir())
