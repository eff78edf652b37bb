"""What the API takes and gives, as plain frozen values; importing this module costs next to nothing.

Times are aware datetimes, sizes are bytes, counts are rows. A presigned URL is a secret: every type that carries one
hides it from its `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from syncer.errors import RequestRejected
from syncer.model.objects import FieldSchema, ObjectSchema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

JobState = Literal["pending", "ready", "running", "completed", "failed"]
WriteMode = Literal["upsert", "append"]

JOB_STATES: tuple[JobState, ...] = get_args(JobState)
_NEW_WORDS = frozenset({"inserted", "insert", "created", "new"})
TERMINAL_STATES: frozenset[JobState] = frozenset({"completed", "failed"})


def as_job_state(value: str) -> JobState:
    """Give the job state that the API's word means.

    A word that is not one ("queued", "validating") is a state that came after this was written. It counts as running:
    asked about again, and never taken for an end or for leave to start the job.
    """
    return next((state for state in JOB_STATES if state == value.lower()), "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class InitJob:
    """What `POST /import-jobs` is told. `create_list` and `create_audience` are the names of what is to be created.

    Raises RequestRejected when a list is to be created and joined at once: the API has no such import.
    """

    object_name: str
    file_name: str
    file_size: int
    create_list: str | None = None
    target_list_id: str | None = None
    create_audience: str | None = None
    auto_profile: bool = False

    def __post_init__(self) -> None:
        if self.create_list is not None and self.target_list_id is not None:
            raise RequestRejected(
                "an import cannot create a list and add to another one at once",
                why="create_list and target_list_id are both given",
                next_step="Keep either list.create or list.add_to in the spec.",
            )

    def body(self) -> dict[str, object]:
        """Give the JSON body, with the guide's keys and only the options that are wanted."""
        body: dict[str, object] = {
            "objectName": self.object_name,
            "fileName": self.file_name,
            "fileSize": self.file_size,
        }
        if self.create_list is not None:
            body |= {"createList": True, "listName": self.create_list}
        if self.target_list_id is not None:
            body["targetListId"] = self.target_list_id
        if self.create_audience is not None:
            body |= {"createAudience": True, "audienceName": self.create_audience}
        if self.auto_profile:
            body["autoProfileAfterImport"] = True
        return body


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where a job's file goes. `headers` are sent back as they are; `expires_at` is None where the API does not say."""

    url: str = field(repr=False)
    method: str
    headers: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class InitialisedJob:
    """A job in state `pending`: its id, and where its file goes."""

    job_id: str
    upload: UploadTarget
    landing_path: str
    requested_by: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What the API says of a job. `error_code` and `error_message` are "" unless it failed and said why."""

    job_id: str
    state: JobState
    read_rows: int
    valid_rows: int
    invalid_rows: int
    merged_inserts: int
    merged_updates: int
    error_code: str
    error_message: str
    started_at: datetime | None
    finished_at: datetime | None
    correlation_id: str

    @property
    def is_terminal(self) -> bool:
        """Say whether the job is final: nothing can change or re-run it."""
        return self.state in TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class JobErrors:
    """Where the rejected rows of a job can be fetched. `url` is "" when there are none; it is presigned and expires."""

    has_errors: bool
    url: str = field(repr=False)
    expires_at: datetime | None
    count: int
    correlation_id: str


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of an object. `nullable` is None where the API does not say; `enum_values` is () but for an enum."""

    name: str
    type: str
    required: bool
    nullable: bool | None
    enum_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object that records can be written to.

    `write_mode`, `file_import` (may an import job target it) and `match_key` are None where the API does not say.
    `fields` is () in a listing: `get_object` has them.
    """

    name: str
    object_type: str
    write_mode: WriteMode | None
    file_import: bool | None
    match_key: str | None
    fields: tuple[FieldInfo, ...]

    @property
    def schema(self) -> ObjectSchema:
        """What the rules of specs and rows need to know of it."""
        known = {
            each.name: FieldSchema(
                type=each.type, required=each.required, nullable=each.nullable is not False, enum=each.enum_values
            )
            for each in self.fields
        }
        return ObjectSchema(
            name=self.name,
            write_mode=self.write_mode,
            file_import=self.file_import,
            match_key=self.match_key,
            fields=known,
        )


@dataclass(frozen=True, slots=True)
class ListInfo:
    """A static list of contacts. `member_count` is None where the API does not say."""

    list_id: str
    name: str
    member_count: int | None
    created_at: datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class AudiencePreview:
    """How many records an audience matches now, and some of them: `sample_records` holds people's data."""

    audience_id: str
    match_count: int
    is_exact: bool
    execution_ms: int
    fields_used: tuple[str, ...]
    sample_records: tuple[Mapping[str, object], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What became of one record of a batch; `index` counts from 0 in the order they were sent.

    `status` is the API's word: inserted, updated or rejected.
    """

    index: int
    accepted: bool
    status: str
    code: str
    message: str

    @property
    def inserted(self) -> bool:
        """Whether the record was new to the object."""
        return self.accepted and self.status.lower() in _NEW_WORDS


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of the records of one batch, one outcome a record."""

    outcomes: tuple[RecordOutcome, ...]
    correlation_id: str

    @property
    def rejected(self) -> tuple[RecordOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if not outcome.accepted)
