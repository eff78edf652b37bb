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
from typing import TYPE_CHECKING, Any, BinaryIO

from syncer.apply.context import Tools
from syncer.apply.private import private_folder
from syncer.apply.reasons import ROW, grouped
from syncer.errors import NotFound, RequestRejected, SyncerError
from syncer.model.events import Rejection, Submitted
from syncer.plan import PlannedImport

if TYPE_CHECKING:
    from syncer.api.client import ImportApi


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where the rejected rows are (relative to the project where possible) and why they were rejected."""

    file: str
    rejections: tuple[Rejection, ...]


def fetch(tools: Tools, item: PlannedImport, given: Submitted) -> Fetched | None:
    """Download the rejected rows of a completed job and group their reasons. None when the API has no such file.

    Raises SyncerError, and its kinds that come from the API, when the rows cannot be had or kept.
    """
    target = rows_file(tools.rejects_dir, item.spec, item.import_id, item.generation, given.attempt, part=given.part)
    if not download(tools.api, given.job, target):
        return None
    return kept(tools, item, given, target)


def kept(tools: Tools, item: PlannedImport, given: Submitted, target: Path) -> Fetched:
    """Bring a file of rejected rows on this machine to where they are kept, and group their reasons.

    Raises SyncerError when they cannot be kept.
    """
    with _kept_in(target.parent):
        rejections = grouped(target, field_names(tools, item, given))
    return Fetched(deposited(tools, target), rejections)


def deposited(tools: Tools, target: Path) -> str:
    """Bring a file of rows to where they are kept, and return what the log is told of the place.

    Raises SyncerError when the rejects store does not take it; then the file stays in the private folder.
    """
    if tools.deposit is None:
        return shown_path(target, tools.root)
    address = tools.deposit.put(target, target.relative_to(tools.rejects_dir).as_posix())
    target.unlink()
    return address


def rows_file(store: Path, spec: str, import_id: str, generation: int, attempt: int, *, part: int = 1) -> Path:
    """Return where the rejected rows of one attempt at a part are kept."""
    of_part = f"-part-{part}" if part > 1 else ""
    return store / spec / f"{import_id}-{generation}-{attempt}{of_part}.jsonl"


def quarantine_file(store: Path, spec: str, import_id: str, generation: int) -> Path:
    """Return where the rows of a file are kept that were not sent because they would be rejected."""
    return store / spec / f"{import_id}-{generation}-quarantined.jsonl"


def download(api: ImportApi, job: str, target: Path) -> bool:
    """Put a job's rejected rows into a private file, whole or not at all; False when the API has no such file.

    Raises SyncerError, and its kinds that come from the API.
    """
    errors = api.get_errors(job)
    if not errors.has_errors or not errors.url:
        return False
    try:
        _download(api, errors.url, target)
    except (NotFound, RequestRejected):  # the address ran out: the API gives a fresh one for the asking
        _download(api, api.get_errors(job).url, target)
    return True


@contextlib.contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SyncerError(f"the rejected rows cannot be kept: {error.strerror or error}", where=str(folder)) from error


def _download(api: ImportApi, url: str, target: Path) -> None:
    with whole(target) as file:
        api.download_errors(url, file)


@contextlib.contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Write a private file, which is there if the block ends well. Raises SyncerError when it cannot be kept."""
    partial = target.with_suffix(".partial")
    with _kept_in(target.parent):
        private_folder(target.parent)
        try:
            with _private_file(partial) as file:
                yield file
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


def shown_path(target: Path, root: Path) -> str:
    """Return a path as the project shows it: relative to its root where possible."""
    try:
        return target.relative_to(root).as_posix()
    except ValueError:
        return target.as_posix()


def field_names(tools: Tools, item: PlannedImport, given: Submitted) -> frozenset[str]:
    """Return the columns and fields that the API may name when it speaks of this import."""
    spec = tools.specs.get(item.spec)
    fields = {column.to for column in spec.mapping.values()} | set(spec.constants) if spec else set()
    return frozenset({ROW, *given.artifact.columns, *fields})
