"""GitHub Actions: annotations that point into files, groups, and the job's summary page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import Problem

if TYPE_CHECKING:
    from syncer.cli.console import Console

MOST_ANNOTATIONS = 50
_LEAST_BYTES = 200


def annotate_problems(console: Console, problems: Sequence[Problem], level: str = "error") -> None:
    """Show each problem beside its line in the pull request."""
    prefix = prefix_in_repository(console)
    for problem in problems[:MOST_ANNOTATIONS]:
        message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
        place = f"file={_property(prefix + problem.path)},line={problem.line},col={problem.column}"
        console.error(f"::{level} {place}::{_message(console.redact(message))}")


def annotate_error(console: Console, message: str, level: str = "error") -> None:
    console.error(f"::{level}::{_message(console.redact(message))}")


@contextmanager
def group(console: Console, title: str) -> Iterator[None]:
    """Fold what is printed inside, in GitHub Actions; elsewhere do nothing."""
    if not console.in_github or console.quiet:
        yield
        return
    console.error(f"::group::{_message(title)}")
    try:
        yield
    finally:
        console.error("::endgroup::")


def add_to_summary(console: Console, markdown: str) -> None:
    """Append to the job's summary page as much as it takes; a summary that cannot be written fails nothing."""
    from syncer.render.github_cut import SUMMARY_BYTES, cut

    name = console.environ.get("GITHUB_STEP_SUMMARY")
    if not console.in_github or not name:
        return
    text = console.redact(markdown)
    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as file:
            room = SUMMARY_BYTES - file.tell()
            if room > _LEAST_BYTES:
                file.write(cut(text, room, "The rest did not fit: `-o json` has all of it.") + "\n")
    except OSError as error:
        console.note(f"warning: the job summary cannot be written: {error.strerror}")


def set_outputs(console: Console, **outputs: str | int) -> None:
    """Hand values without line breaks to the steps that follow; `_` in a name becomes `-`."""
    name = console.environ.get("GITHUB_OUTPUT")
    if not console.in_github or not name:
        return
    lines = [f"{key.replace('_', '-')}={value}" for key, value in outputs.items()]
    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as file:
            file.write("".join(f"{console.redact(line)}\n" for line in lines))
    except OSError as error:
        console.note(f"warning: the step's outputs cannot be written: {error.strerror}")


def prefix_in_repository(console: Console) -> str:
    """Return what stands before the project's own paths where the project is a folder of the repository."""
    workspace = console.environ.get("GITHUB_WORKSPACE")
    if not workspace or console.root is None:
        return ""
    try:
        relative = os.path.relpath(console.root, workspace).replace(os.sep, "/")
    except ValueError:  # another drive
        return ""
    return "" if relative == "." or relative.startswith("..") else f"{relative}/"


def run_url(environ: Mapping[str, str]) -> str:
    """Return the page of this job's run, or "" outside of GitHub Actions."""
    server, repository, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if not repository or not run.isdigit() or not server.startswith(("https://", "http://")):
        return ""
    return f"{server.rstrip('/')}/{repository}/actions/runs/{run}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
