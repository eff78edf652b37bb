"""Rejected rows: fetched into a private folder, and told in the log by their reasons alone.

The rows hold personal data. The file is readable by its owner only, in a folder of mode 0700 that git ignores; what
goes into the log and onto the screen is the reason, with everything that could be a value of the row taken out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncer.apply.context import Tools
from syncer.apply.private import private_folder
from syncer.errors import SyncerError
from syncer.model.events import Rejection, Submitted
from syncer.plan import PlannedImport

MOST_REASONS = 100
HIDDEN = "…"

# The reasons that the vendor guide and the API's row rules spell out. They hold no value of a row.
_KNOWN = re.compile(r"invalid email format|naive datetime — include timezone offset|expected \d+ columns, found \d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019")
_NUMBER_OR_ADDRESS = re.compile(r"\S+@\S+|[+-]?\d[\d.,:/+TZ-]*")
ROW = "row"


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
        _download(tools, errors.url, target)
        rejections = grouped(target, _field_names(tools, item, given))
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


def _field_names(tools: Tools, item: PlannedImport, given: Submitted) -> frozenset[str]:
    spec = tools.specs.get(item.spec)
    fields = {column.to for column in spec.mapping.values()} | set(spec.constants) if spec else set()
    return frozenset({ROW, *given.artifact.columns, *fields})


def grouped(path: Path, names: frozenset[str]) -> tuple[Rejection, ...]:
    """Count the reasons of a file of rejected rows, most frequent first; past a hundred the rest are counted as one.

    `names` are the columns and fields that a reason may begin with.
    """
    counts: dict[str, int] = {}
    first_rows: dict[str, int] = {}
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            reason, number = _reason(line, names)
            if reason not in counts and len(counts) >= MOST_REASONS:
                reason = "other reasons"
            counts[reason] = counts.get(reason, 0) + 1
            first_rows[reason] = min(first_rows.get(reason, number), number)
    ordered = sorted(counts, key=lambda reason: (-counts[reason], first_rows[reason], reason))
    return tuple(Rejection(reason=r, count=counts[r], first_row=first_rows[r]) for r in ordered)


def _reason(line: bytes, names: frozenset[str]) -> tuple[str, int]:
    try:
        rejected = json.loads(line)
        text, number = str(rejected["error"]), int(rejected["rowNumber"])
    except (ValueError, KeyError, TypeError):
        return "a rejection that cannot be read", 0
    row = rejected.get("sourceRow")
    return without_values(text, row if isinstance(row, dict) else {}, names), number


def without_values(reason: str, row: dict[str, Any], names: frozenset[str]) -> str:
    """Take out of a reason whatever could be a value of the row: quoted text, numbers, addresses, and its cells."""
    field, separator, rest = reason.partition(": ")
    if not separator or field not in names:
        field, separator, rest = "", "", reason
    elif _KNOWN.fullmatch(rest):
        return reason
    for value in sorted((str(v) for v in row.values() if v not in (None, "")), key=len, reverse=True):
        rest = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, rest)
    rest = _NUMBER_OR_ADDRESS.sub(HIDDEN, _QUOTED.sub(HIDDEN, rest))
    return f"{field}{separator}{rest}"[:300]
