"""Rejected rows: fetched into a private folder, and told in the log by their reasons alone.

The rows hold personal data. The file is readable by its owner only, in a folder of mode 0700 that git ignores; what
goes into the log and onto the screen is the reason, with everything that could be a value of the row taken out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncer.apply.context import Tools
from syncer.apply.private import private_folder
from syncer.apply.reasons import ROW, grouped
from syncer.errors import NotFound, RequestRejected, SyncerError
from syncer.model.events import Rejection, Submitted
from syncer.plan import PlannedImport


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where the rejected rows are (relative to the project where possible) and why they were rejected."""

    file: str
    rejections: tuple[Rejection, ...]


def fetch(tools: Tools, item: PlannedImport, given: Submitted) -> Fetched | None:
    """Download the rejected rows of a completed job and group their reasons. None when the API has no such file.

    Raises SyncerError, and its kinds that come from the API, when the rows cannot be had or kept.
    """
    errors = tools.api.get_errors(given.job)
    if not errors.has_errors or not errors.url:
        return None
    folder = tools.rejects_dir / item.spec
    target = folder / f"{item.import_id}-{item.generation}-{given.attempt}.jsonl"
    try:
        private_folder(folder)
        try:
            _download(tools, errors.url, target)
        except (NotFound, RequestRejected):  # the address ran out: the API gives a fresh one for the asking
            _download(tools, tools.api.get_errors(given.job).url, target)
        rejections = grouped(target, field_names(tools, item, given))
    except OSError as error:
        raise SyncerError(f"the rejected rows cannot be kept: {error.strerror or error}", where=str(folder)) from error
    return Fetched(_shown_path(target, tools.root), rejections)


def _download(tools: Tools, url: str, target: Path) -> None:
    """Put the rows there whole or not at all."""
    partial = target.with_suffix(".partial")
    try:
        with _private_file(partial) as file:
            tools.api.download_errors(url, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _private_file(path: Path) -> Iterator[Any]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        yield file


def _shown_path(target: Path, root: Path) -> str:
    try:
        return target.relative_to(root).as_posix()
    except ValueError:
        return target.as_posix()


def field_names(tools: Tools, item: PlannedImport, given: Submitted) -> frozenset[str]:
    """Return the columns and fields that the API may name when it speaks of this import."""
    spec = tools.specs.get(item.spec)
    fields = {column.to for column in spec.mapping.values()} | set(spec.constants) if spec else set()
    return frozenset({ROW, *given.artifact.columns, *fields})
