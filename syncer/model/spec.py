"""The spec: what one YAML document under `specs/` may say.

These models are the only definition. The JSON Schema that editors use is generated from them, and every default that a
person can leave out is written here. Rules that need more than one key are in `syncer.spec.rules`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from syncer.values import Day, Duration, Percent, Size

FieldType = Literal["string", "integer", "number", "boolean", "date", "datetime"]
Format = Literal["csv", "jsonl", "parquet"]
Text = Annotated[str, Field(min_length=1)]
SpecName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
SpecNames = Annotated[tuple[SpecName, ...], Field(strict=False)]


class Strict(BaseModel):
    """Unknown keys are errors, nothing is coerced, and a loaded value never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Suspend(Strict):
    reason: Text | None = Field(None, description="Why; shown in every plan")
    until: Day | None = Field(None, description="Work resumes at 00:00 UTC of this day")


class CsvOptions(Strict):
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Text = "utf-8"


class Ready(Strict):
    marker: Text | None = Field(None, description="A file beside the data that says it is complete, such as _SUCCESS")
    min_age: Duration | None = Field(None, description="Do not read a file younger than this; local files ignore it")


class Source(Strict):
    uri: Text | Annotated[tuple[Text, ...], Field(min_length=1, strict=False)] = Field(
        description="Where the files are: a path or URL, or a list; globs and {date:%Y-%m-%d} are understood"
    )
    connection: Text | None = Field(None, description="A connection named in syncer.yaml")
    format: Format | None = Field(None, description="Default: from the extension")
    csv: CsvOptions = CsvOptions()
    since: Day | None = Field(None, description="Files before this day are not imported")
    lookback: Duration | None = Field(None, description="How far back from the last finished date files are looked for")
    ready: Ready | None = None
    identity: Literal["tag", "content", "path"] = Field("tag", description="What tells two versions of a file apart")
    on_change: Literal["import", "ignore", "fail"] | None = Field(
        None, description="What a changed file does. Default: import; fail for append objects"
    )
    order: Literal["path", "modified"] = "path"

    @property
    def uris(self) -> tuple[str, ...]:
        return (self.uri,) if isinstance(self.uri, str) else self.uri


class Target(Strict):
    object: Text = Field(description="The object that the rows go into, such as profiles")
    match_key: Text | None = Field(None, description="The destination field by which rows are merged")
    via: Literal["import", "records", "auto"] = "import"


class Column(Strict):
    """Where one source column goes. In YAML the short form `column: field` means `{to: field}`."""

    to: Text = Field(description="The destination field")
    type: FieldType = "string"
    timezone: Text | None = Field(None, description="The zone of datetimes that carry no offset")
    clean: Annotated[tuple[Literal["trim", "lower", "upper", "empty_to_null"], ...], Field(strict=False)] = ()
    mask: Literal["hmac"] | None = None


def _expand_short_form(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


MappedColumn = Annotated[Column, BeforeValidator(_expand_short_form, json_schema_input_type=Text | Column)]


class ListByName(Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)]


class ListOptions(Strict):
    create: Text | None = Field(None, description="Create a list of this name from the valid rows; later files join it")
    add_to: Text | ListByName | None = Field(None, description="Add the valid rows to this existing list: id or name")


class AudienceOptions(Strict):
    create: Text = Field(description="Create a dynamic audience of this name from the import")


class Batch(Strict):
    field: Text = Field(description="The destination field that every row's batch is written into")
    value: Text = "{spec}-{import}"


class Prepare(Strict):
    mode: Literal["auto", "rewrite", "passthrough"] = "auto"
    format: Format | None = None
    sort: bool = False
    split: Size | None = None


class Checks(Strict):
    max_invalid: Percent | None = None
    min_rows: Annotated[int, Field(ge=0)] | None = None
    never_send: Texts = ()
    new_columns: Literal["ignore", "warn", "fail"] | None = None
    missing_columns: Literal["ignore", "warn", "fail"] | None = None


class Suppress(Strict):
    keys: Text = Field(description="A file of SHA-256 hashes of match keys; rows that match never leave")


class Retry(Strict):
    attempts: Annotated[int, Field(ge=1, le=100)] = 3


class Limits(Strict):
    files: Annotated[int, Field(ge=1)] | None = Field(None, description="A run with more files than this is refused")
    rows: Annotated[int, Field(ge=1)] | None = Field(None, description="A run with more rows than this is refused")
    compute_rows: Annotated[int, Field(ge=1)] | None = Field(
        None, description="A run past this merge compute (twice the rows) is refused"
    )
    max_files_per_run: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Only so many files a run; the next run goes on"
    )


class Spec(Strict):
    """One declared import: which files go into which object, how, and under which conditions."""

    version: Literal[1]
    name: SpecName = Field("", validate_default=False, description="Default: the file's stem")
    description: str | None = None
    owner: Text | None = None
    tags: Texts = ()
    formerly: SpecNames = Field((), description="Names this spec had before, oldest first: its history follows it")
    suspend: bool | Suspend = False
    timezone: Text = Field("UTC", description="The zone of dates and templates")
    source: Source
    target: Target
    mapping: Annotated[dict[Text, MappedColumn], Field(min_length=1)] = Field(
        description="Source column to destination field. What is not listed never leaves this machine"
    )
    constants: dict[Text, str | bool | int | float] = Field({}, description="Destination field to a fixed value")
    list_options: ListOptions | None = Field(None, alias="list")
    audience: AudienceOptions | None = None
    auto_profile: bool = Field(default=False, description="autoProfileAfterImport of the Import Jobs API")
    batch: Batch | None = None
    prepare: Prepare = Prepare()
    checks: Checks = Checks()
    on_invalid: Literal["send", "quarantine", "abort"] = "send"
    on_failure: Literal["block", "continue"] | None = Field(
        None, description="Whether a failed file holds later ones back. Default: block; continue for append objects"
    )
    suppress: Suppress | None = None
    retry: Retry = Retry()
    depends_on: SpecNames = ()
    limits: Limits = Limits()
    expect_every: Duration | None = Field(None, description="status calls the spec stale past this")

    @property
    def oldest_name(self) -> str:
        """The name that import ids are made from, so that a renamed spec keeps them."""
        return self.formerly[0] if self.formerly else self.name

    @property
    def lineage(self) -> tuple[str, ...]:
        """Every name whose log belongs to this spec."""
        return (*self.formerly, self.name)
