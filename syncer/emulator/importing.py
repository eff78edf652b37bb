"""Run one import job: read, validate, stage, then merge everything in one transaction with the job's change of state.

Until that transaction commits, a killed emulator has written nothing, and the job is run again from its uploaded file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from syncer.emulator.csv_reader import CsvReader
from syncer.emulator.envelope import LIST_UNAVAILABLE, SIZE_MISMATCH
from syncer.emulator.jobs import Counts
from syncer.emulator.jsonl_reader import JsonlReader
from syncer.emulator.object_tables import Stage
from syncer.emulator.parquet_reader import ParquetReader
from syncer.emulator.reading import JobFailedError, Row, format_of, unreadable
from syncer.emulator.rules import INVALID_EMAIL, REQUIRED_MISSING, RejectedValueError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    import duckdb

    from syncer.emulator.catalogue import ObjectDefinition
    from syncer.emulator.jobs import Job
    from syncer.emulator.reading import Reader
    from syncer.emulator.rules import Rule
    from syncer.emulator.world import World

_BATCH = 20_000


class StoppedError(Exception):
    """The emulator is shutting down; the job stays `running` and is taken up again by the next start."""


def run_job(world: World, job: Job, stop: threading.Event, progress: Callable[[Counts], None]) -> None:
    """Bring a running job to its end. Raises StoppedError, with nothing changed, when `stop` is set meanwhile."""
    session = world.store.session()
    try:
        if job.scripted_failure is not None:
            raise JobFailedError(job.scripted_failure["code"], job.scripted_failure["message"])  # noqa: TRY301 - it fails as any job does
        validated = _Validation(world, job, session)
        counts = validated.run(stop, progress)
        with world.store.write(session):
            _merge(world, job, validated.stage, counts)
    except JobFailedError as error:
        world.jobs.errors_path(job.id).unlink(missing_ok=True)
        world.jobs.change(
            job.id, state="failed", finished_at=world.clock.now(), error_code=error.code, error_message=error.message
        )
    finally:
        session.close()


@dataclass(frozen=True, slots=True)
class _Check:
    """One mapped column: where it goes, and the rule for what is in it."""

    column: str
    field: str
    required: bool
    rule: Rule

    def apply(self, value: object) -> str | None:
        """The value as it is stored. Raises RejectedValueError with the whole reason."""
        if value is None:
            if self.required:
                raise RejectedValueError(f"{self.field}: {REQUIRED_MISSING}")
            return None
        try:
            return self.rule(value)
        except RejectedValueError as error:
            prefix = self.column if error.args[0] == INVALID_EMAIL else self.field  # as the guide shows both
            raise RejectedValueError(f"{prefix}: {error.args[0]}") from None


class _Validation:
    """Judges every row of a job's file: valid ones go to the stage, the others to the file of rejected rows."""

    def __init__(self, world: World, job: Job, session: duckdb.DuckDBPyConnection) -> None:
        definition = world.catalogue.get(job.object_name)
        if definition is None or job.field_map is None or not set(job.field_map.values()) <= set(definition.fields):
            raise unreadable(f"the catalogue no longer has {job.object_name!r} as it was mapped")
        self.stage = Stage(session, definition, list(job.field_map.values()))
        self._field_map = job.field_map
        self._definition = definition
        self._errors_path = world.jobs.errors_path(job.id)
        self._reader = _reader(world, job, definition, session)

    def run(self, stop: threading.Event, progress: Callable[[Counts], None]) -> Counts:
        """Judge all rows. Raises JobFailedError, or StoppedError between two batches."""
        rows = self._reader.rows()
        read = valid = 0
        checks: list[_Check] = []
        with self._errors_path.open("w", encoding="utf-8", newline="\n") as rejects:
            while batch := list(islice(rows, _BATCH)):
                if stop.is_set():
                    raise StoppedError
                checks = checks or self._checks()
                valid += self._judge(batch, read, checks, rejects)
                read += len(batch)
                progress(Counts(read, valid, read - valid))
        return Counts(read, valid, read - valid)

    def _checks(self) -> list[_Check]:
        fields = {name: self._definition.fields[name] for name in self._field_map.values()}
        return [
            _Check(column, name, fields[name].required, self._reader.rule(column, fields[name]))
            for column, name in self._field_map.items()
        ]

    def _judge(self, batch: Sequence[Row], before: int, checks: Sequence[_Check], rejects: TextIO) -> int:
        """Judge rows `before + 1`, …; give how many of them are valid."""
        numbers: list[int] = []
        accepted: list[list[str | None]] = []
        rejected: list[tuple[int, Row, str]] = []
        for number, row in enumerate(batch, before + 1):
            if row.error is not None:
                rejected.append((number, row, row.error))
                continue
            try:
                accepted.append([check.apply(value) for check, value in zip(checks, row.values, strict=True)])
                numbers.append(number)
            except RejectedValueError as error:
                rejected.append((number, row, error.args[0]))
        self.stage.load(numbers, accepted)
        if rejected:
            originals = self._reader.originals([row for _, row, _ in rejected])
            for (number, _, reason), source in zip(rejected, originals, strict=True):
                rejects.write(rejected_line(number, source, reason))
        return len(accepted)


def rejected_line(number: int, source: dict[str, object], reason: str) -> str:
    """One line of the rejected rows file, in the guide's format."""
    line = json.dumps({"rowNumber": number, "sourceRow": source, "error": reason}, ensure_ascii=False)
    return line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"  # JSON may hold half a surrogate pair


def _reader(world: World, job: Job, definition: ObjectDefinition, session: duckdb.DuckDBPyConnection) -> Reader:
    path = world.jobs.upload_path(job.id)
    size = path.stat().st_size if path.exists() else 0
    if size != job.file_size:
        raise JobFailedError(SIZE_MISMATCH, f"{job.file_size} bytes were announced, {size} were uploaded")
    field_map = job.field_map or {}
    compressed = job.file_name.endswith(".gz")
    match format_of(job.file_name):
        case "csv":
            return CsvReader(path, list(field_map), compressed=compressed)
        case "jsonl":
            return JsonlReader(path, list(field_map), compressed=compressed)
        case _:
            return ParquetReader(path, {column: definition.fields[to] for column, to in field_map.items()}, session)


def _merge(world: World, job: Job, stage: Stage, counts: Counts) -> None:
    """Write the rows, then the list and the audience, then the end of the job: all of it or nothing."""
    merged = stage.merge(job.object_name, job.id)
    _fill_list(world, job, stage)
    if job.options.create_audience:
        world.audiences.create_staged(job.options.audience_name or "", job, stage)
    world.jobs.change(
        job.id,
        state="completed",
        finished_at=world.clock.now(),
        read_rows=counts.read_rows,
        valid_rows=counts.valid_rows,
        invalid_rows=counts.invalid_rows,
        merged_inserts=merged.inserts,
        merged_updates=merged.updates,
    )


def _fill_list(world: World, job: Job, stage: Stage) -> None:
    list_id = job.options.target_list_id
    if job.options.create_list:
        name = job.options.list_name or ""
        if world.lists.named(name) is not None:
            raise JobFailedError(LIST_UNAVAILABLE, "a list of that name was made after this job was initialized")
        list_id = world.lists.create(name, "", job.id)
    elif list_id is not None and not world.lists.exists(list_id):
        raise JobFailedError(LIST_UNAVAILABLE, f"the list {list_id!r} was deleted after this job was initialized")
    if list_id is not None:
        world.lists.add_staged(list_id, stage, job.id)
