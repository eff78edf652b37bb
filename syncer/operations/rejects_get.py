"""Bring rejected rows to this machine, and out of the private store where a person asks for them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec

from syncer.apply.private import private_folder
from syncer.apply.rejects import download
from syncer.errors import NotFound, Refused, SyncerError
from syncer.operations import folders
from syncer.operations.connect import open_api, open_deposit
from syncer.operations.ledger import Ledger, spec_of
from syncer.operations.rejects import RowsFile, Subject, rows_files, subject_of

if TYPE_CHECKING:
    from syncer.api.client import ImportApi
    from syncer.api.wire import Tracer

NUMBER, REASON = "_row", "_error"
"""Columns that a CSV of rejected rows has besides: which row of the uploaded file it was, and why it was rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """Rejected rows that are on this machine now. `fetched` of the files were asked from the API for it."""

    spec: str
    path: str
    import_id: str
    generation: int
    files: tuple[RowsFile, ...]
    fetched: int
    out: str | None

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.files)


def get(ledger: Ledger, given: str, *, out: Path | None = None, tracer: Tracer | None = None) -> Got:
    """Fetch what is missing of an import's rejected rows, check the counts, and copy the rows to `out` if it is given.

    `out` is a new private file: CSV by its name, else the API's own lines. Raises Refused when the import has none or
    `out` exists, and what the API's client raises; a count that is not what the job reported is a SyncerError.
    """
    subject = subject_of(ledger, ledger.store.read(), given)
    if out is not None and out.exists():
        raise _exists(out)
    before = rows_files(ledger, subject.life)
    here = here_now(ledger, subject, tracer=tracer)
    if out is not None:
        _copy(here, subject, out)
    return Got(
        spec=subject.track.spec,
        path=subject.track.path,
        import_id=subject.life.import_id,
        generation=subject.life.number,
        files=here,
        fetched=sum(1 for each in before if not each.is_here),
        out=out.as_posix() if out is not None else None,
    )


def here_now(ledger: Ledger, subject: Subject, *, tracer: Tracer | None = None) -> tuple[RowsFile, ...]:
    """Return the private files of the rows, all of them on this machine and complete.

    What is not here is looked for in the rejects store, then asked from the API.
    """
    files = rows_files(ledger, subject.life)
    missing = [each for each in files if not each.is_here and not _from_store(ledger, each)]
    for each in missing:
        if not each.job or each.as_records:
            raise _only_elsewhere(subject, each)
    if missing:
        with open_api(ledger.project.root, ledger.project.settings, ledger.environ, tracer=tracer) as api:
            for each in missing:
                _fetch(api, each, subject)
    for each in files:
        _check_count(each)
    return rows_files(ledger, subject.life)


def _from_store(ledger: Ledger, file: RowsFile) -> bool:
    """Bring a file of rows here from the rejects store, where it is kept elsewhere and has it."""
    project = ledger.project
    deposit = open_deposit(project.root, project.settings, ledger.environ)
    if deposit is None:
        return False
    store = folders.rejects(project.root, project.settings)
    folders.private(project.root)
    private_folder(file.path.parent)
    return deposit.get(file.path.relative_to(store).as_posix(), file.path)


def _only_elsewhere(subject: Subject, file: RowsFile) -> SyncerError:
    track, import_id = subject.track, subject.life.import_id
    done, why = "held back", "rows that were never sent are not to be had from the API"
    if file.as_records:
        done, why = (
            "rejected",
            "of rows that were sent as record batches the API tells once, when it gets them",
        )
    return SyncerError(
        f"{file.rows} rows of {track.path} were {done} on another machine, which alone has them",
        where=file.shown,
        why=why,
        next_step=f"find them again in the source: syncer check {track.spec} --file {track.path}\n"
        f"then mend them in a file, and send that: syncer rejects repair {import_id} --file FILE",
    )


def _fetch(api: ImportApi, file: RowsFile, subject: Subject) -> None:
    where = f"spec {subject.track.spec}, import {subject.life.import_id}, job {file.job}"
    next_step = f'if they are lost: syncer rejects waive {subject.life.import_id} --reason "they are lost"'
    try:
        found = download(api, file.job, file.path)
    except NotFound as error:
        raise NotFound(
            f"the API does not know job {file.job} any more, nor its rejected rows",
            status=error.status,
            code=error.code,
            correlation_id=error.correlation_id,
            where=where,
            next_step=next_step,
        ) from error
    if not found:
        raise SyncerError(
            f"the API has no file of the rows that job {file.job} rejected", where=where, next_step=next_step
        )


def _check_count(file: RowsFile) -> None:
    try:
        with file.path.open("rb") as lines:
            count = sum(1 for line in lines if line.strip())
    except OSError as error:
        raise SyncerError(f"the rejected rows cannot be read: {error.strerror or error}", where=file.shown) from error
    if count != file.rows:
        raise SyncerError(
            f"{file.shown} holds {count} rows, and "
            + (f"job {file.job} rejected {file.rows}" if file.job else f"{file.rows} were held back"),
            where=file.shown,
            why="the file was changed, or the API gave another one than it counted",
            next_step="move it away, and run the same command again to have it fetched anew",
        )


def shown_lines(files: Sequence[RowsFile]) -> Iterator[str]:
    """Yield the rows as the API gave them, one JSON object each. They are for the eyes of whoever asked."""
    for each in files:
        with each.path.open(encoding="utf-8") as lines:
            yield from (line.rstrip("\n") for line in lines if line.strip())


def _copy(files: Sequence[RowsFile], subject: Subject, out: Path) -> None:
    with _new_private(out) as target:
        if out.suffix.lower() == ".csv":
            _write_csv(files, subject, target)
        else:
            target.writelines(f"{line}\n" for line in shown_lines(files))


def _write_csv(files: Sequence[RowsFile], subject: Subject, target: TextIO) -> None:
    """Write the columns that are mapped, ready to be mended and given back, and behind them number and reason."""
    spec = spec_of(subject.track)
    sent = [column for permit in subject.life.permits for column in permit.artifact.columns]
    columns = list(spec.mapping) if spec is not None else list(dict.fromkeys(sent))
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([*columns, NUMBER, REASON])
    for line in shown_lines(files):
        rejected = _object(line.encode())
        row = _object(bytes(rejected.get("sourceRow", b"")))
        told = (rejected.get("rowNumber"), rejected.get("error"))
        writer.writerow([*(_cell(row.get(column)) for column in columns), *map(_cell, told)])


def _object(text: bytes) -> dict[str, msgspec.Raw]:
    """Return the object's values as they are written, or none for what is no object."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return {}


def _cell(value: msgspec.Raw | None) -> str:
    text = bytes(value).decode() if value is not None else "null"
    if text.startswith('"'):
        return msgspec.json.decode(text, type=str)
    return "" if text == "null" else text


@contextmanager
def _new_private(out: Path) -> Iterator[TextIO]:
    """Make a file that only its owner can read; what is there is never overwritten, for somebody may have mended it."""
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _exists(out) from None
    except OSError as error:
        raise SyncerError(f"{out} cannot be written: {error.strerror or error}", where=out.as_posix()) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as target:
            yield target
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _exists(out: Path) -> Refused:
    return Refused(
        f"{out} exists already, and is left as it is",
        why="it may hold rows that somebody has mended",
        next_step="give another name, or move it away",
    )
