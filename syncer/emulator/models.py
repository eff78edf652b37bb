"""Request and answer bodies: camelCase JSON, strict types, no unknown keys.

The OpenAPI document is generated from these, so what is checked and what is documented cannot differ.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from syncer.emulator.catalogue import FieldType
from syncer.emulator.options import MAX_FILE_BYTES

ListName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Description = Annotated[str, Field(max_length=2000)]
Column = Annotated[str, Field(min_length=1)]
ContactKey = Annotated[str, Field(min_length=1, max_length=320)]
JobState = Literal["pending", "ready", "running", "completed", "failed"]


class Body(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
    )


class Page(BaseModel):
    """Query parameters of everything that is listed."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=200)


class InitRequest(Body):
    object_name: str = Field(min_length=1)
    file_name: str = Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f]+$")
    file_size: int = Field(gt=0, le=MAX_FILE_BYTES)
    create_list: bool = False
    list_name: ListName | None = None
    target_list_id: str | None = Field(None, min_length=1)
    create_audience: bool = False
    audience_name: ListName | None = None
    auto_profile_after_import: bool = False

    @model_validator(mode="after")
    def _options_agree(self) -> Self:
        if self.create_list and self.target_list_id is not None:
            raise ValueError("`createList` and `targetListId` contradict each other")
        if self.create_list != (self.list_name is not None):
            raise ValueError("`createList: true` and `listName` need each other")
        if self.create_audience != (self.audience_name is not None):
            raise ValueError("`createAudience: true` and `audienceName` need each other")
        return self


class InitAnswer(Body):
    job_id: str
    upload_url: str
    expires_at: str
    landing_path: str
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str]
    requested_by: str


class MappingRequest(Body):
    source_fields: dict[Column, FieldType] = Field(min_length=1)
    field_map: dict[Column, Column] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_are_declared_and_fields_unique(self) -> Self:
        undeclared = [column for column in self.field_map if column not in self.source_fields]
        if undeclared:
            raise ValueError(f"`fieldMap` names columns that `sourceFields` lacks: {', '.join(undeclared)}")
        fields = list(self.field_map.values())
        repeated = sorted({field for field in fields if fields.count(field) > 1})
        if repeated:
            raise ValueError(f"`fieldMap` fills a field from two columns: {', '.join(repeated)}")
        return self


class MappingAnswer(Body):
    job_id: str
    state: JobState
    source_fields: dict[str, str]
    field_map: dict[str, str]


class StartRequest(Body):
    """An empty object."""


class JobError(Body):
    code: str
    message: str


class JobStatus(Body):
    job_id: str
    object_name: str
    file_name: str
    file_size: int
    state: JobState
    read_rows: int
    valid_rows: int
    invalid_rows: int
    merged_inserts: int
    merged_updates: int
    requested_by: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: JobError | None


class ErrorsAnswer(Body):
    has_errors: bool
    error_file_url: str | None
    expires_at: str | None
    error_count: int


class Ingestion(Body):
    single: bool
    json_batch: bool
    file_import: bool
    default_write_mode: Literal["upsert", "append"]


class ObjectSummary(Body):
    object_name: str
    display_name: str
    plural_display_name: str
    object_type: str
    active_version: int
    primary_profile_root: bool
    match_key: str | None
    ingestion: Ingestion


class FieldMetadata(Body):
    name: str
    type: FieldType
    required: bool
    nullable: bool
    enum_values: list[str] | None


class ObjectDetail(ObjectSummary):
    description: str
    fields: list[FieldMetadata]


class ObjectPage(Body):
    items: list[ObjectSummary]


class ListCreate(Body):
    name: ListName
    description: Description = ""


class ListPatch(Body):
    """What is not given stays as it is; `model_fields_set` tells."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: ListName = ""
    description: Description = ""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a `name`, a `description` or both")
        return self


class ListAnswer(Body):
    id: str
    name: str
    description: str
    type: Literal["static"] = "static"
    status: Literal["active", "deleted"] = "active"
    member_count: int
    created_at: str


class ListPage(Body):
    items: list[ListAnswer]
    page: int
    page_size: int
    total: int


class Member(Body):
    contact_key: str
    added_at: str


class MemberPage(Body):
    items: list[Member]
    page: int
    page_size: int
    total: int


class MembersRequest(Body):
    contact_keys: list[ContactKey] = Field(min_length=1, max_length=10_000)
    normalization_mode: Literal["email_lower_trim"] | None = None


class MembersAnswer(Body):
    list_id: str
    requested: int
    added: int
    removed: int
    member_count: int


class PreviewRequest(Body):
    limit: int = Field(ge=1, le=1000)


class PreviewAnswer(Body):
    audience_id: str
    match_count: int
    is_exact: bool
    execution_time_ms: int
    fields_used: list[str]
    sample_records: list[dict[str, Any]]


class RecordsRequest(Body):
    records: list[dict[str, Any]] = Field(min_length=2, max_length=10_000)
    match_key: str | None = None


class RecordOutcome(Body):
    index: int
    status: Literal["inserted", "updated", "rejected"]
    error: str | None


class RecordsAnswer(Body):
    object_name: str
    received: int
    inserted: int
    updated: int
    rejected: int
    results: list[RecordOutcome]


class ErrorDetail(BaseModel):
    code: str
    message: str
    details: dict[str, Any] | None = None
    remediation: str | None = None


class ErrorEnvelope(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    success: Literal[False]
    correlation_id: str
    error: ErrorDetail
