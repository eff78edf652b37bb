"""Import jobs as the data file keeps them.

`pending` after init, `ready` after the mapping, `running` after start, then `completed` or `failed`, for good. Every
change of state happens inside a write of the store, so two requests never both make it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncer.emulator.envelope import not_found
from syncer.emulator.store import from_column, to_column

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.store import Store

_COLUMNS = (
    "id, object_name, file_name, file_size, options, state, requested_by, created_at, upload_expires_at, "
    "uploaded_bytes, source_fields, field_map, started_at, due_at, scripted_failure, finished_at, read_rows, "
    "valid_rows, invalid_rows, merged_inserts, merged_updates, error_code, error_message"
)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What an init may ask for besides the import itself."""

    create_list: bool = False
    list_name: str | None = None
    target_list_id: str | None = None
    create_audience: bool = False
    audience_name: str | None = None
    auto_profile_after_import: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """A job's row counts, as its status shows them."""

    read_rows: int = 0
    valid_rows: int = 0
    invalid_rows: int = 0
    merged_inserts: int = 0
    merged_updates: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One import job at one moment. Times are aware UTC."""

    id: str
    object_name: str
    file_name: str
    file_size: int
    options: JobOptions
    state: str
    requested_by: str
    created_at: datetime
    upload_expires_at: datetime
    uploaded_bytes: int | None
    source_fields: dict[str, str] | None
    field_map: dict[str, str] | None
    started_at: datetime | None
    due_at: datetime | None
    scripted_failure: dict[str, str] | None
    finished_at: datetime | None
    counts: Counts
    error_code: str | None
    error_message: str | None

    @property
    def landing_path(self) -> str:
        return f"jobs/{self.id}/file"


class Jobs:
    """The jobs of one data folder, and where their files are."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._uploads = folder / "uploads"
        self._errors = folder / "errors"
        self._uploads.mkdir(parents=True, exist_ok=True)
        self._errors.mkdir(parents=True, exist_ok=True)

    def get(self, job_id: str) -> Job:
        """Raises RefusalError (404) if there is no such job."""
        rows = self._store.read(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", [job_id])  # noqa: S608 - a constant
        if not rows:
            raise not_found("import job", job_id)
        return _job(rows[0])

    def running(self) -> list[Job]:
        """The jobs that were started and are not finished, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM jobs WHERE state = 'running' ORDER BY started_at, id"  # noqa: S608 - a constant
        return [_job(row) for row in self._store.read(sql)]

    def add(self, job: Job) -> None:
        with self._store.write() as cursor:
            cursor.execute(
                """INSERT INTO jobs (id, object_name, file_name, file_size, options, state, requested_by, created_at,
                                     upload_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    job.id,
                    job.object_name,
                    job.file_name,
                    job.file_size,
                    json.dumps({name: getattr(job.options, name) for name in JobOptions.__slots__}),
                    job.state,
                    job.requested_by,
                    to_column(job.created_at),
                    to_column(job.upload_expires_at),
                ],
            )

    def change(self, job_id: str, **columns: object) -> None:
        """Set columns of one job. Datetimes are given aware, dicts become JSON."""
        assignments = ", ".join(f"{name} = ?" for name in columns)
        with self._store.write() as cursor:
            cursor.execute(
                f"UPDATE jobs SET {assignments} WHERE id = ?",  # noqa: S608 - the names are keyword arguments
                [*(_column(value) for value in columns.values()), job_id],
            )

    def upload_path(self, job_id: str) -> Path:
        return self._uploads / job_id

    def errors_path(self, job_id: str) -> Path:
        return self._errors / f"{job_id}.jsonl"


def _column(value: object) -> object:
    match value:
        case dict():
            return json.dumps(value)
        case datetime():
            return to_column(value)
    return value


def _job(row: tuple[Any, ...]) -> Job:
    (
        id_, object_name, file_name, file_size, options, state, requested_by, created_at, upload_expires_at,
        uploaded_bytes, source_fields, field_map, started_at, due_at, scripted_failure, finished_at, *counts,
        error_code, error_message,
    ) = row  # fmt: skip
    return Job(
        id=id_,
        object_name=object_name,
        file_name=file_name,
        file_size=file_size,
        options=JobOptions(**json.loads(options)),
        state=state,
        requested_by=requested_by,
        created_at=from_column(created_at),
        upload_expires_at=from_column(upload_expires_at),
        uploaded_bytes=uploaded_bytes,
        source_fields=_loaded(source_fields),
        field_map=_loaded(field_map),
        started_at=_moment(started_at),
        due_at=_moment(due_at),
        scripted_failure=_loaded(scripted_failure),
        finished_at=_moment(finished_at),
        counts=Counts(*counts),
        error_code=error_code,
        error_message=error_message,
    )


def _moment(value: datetime | None) -> datetime | None:
    return None if value is None else from_column(value)


def _loaded(text: str | None) -> dict[str, str] | None:
    return None if text is None else json.loads(text)
