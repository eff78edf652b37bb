"""The spec: what one YAML document under `specs/` may say.

These models are the only definition. The JSON Schema that editors use is generated from them, and every default that a
person can leave out is written here. Rules that need more than one key are in `syncer.spec.rules`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict

from syncer.model.spec_tests import SpecTest
from syncer.model.strict import WHOLE, Strict, Text, Texts
from syncer.values import Day, Duration, Percent, Size

FieldType = Literal["string", "integer", "number", "boolean", "date", "datetime"]
Format = Literal["csv", "jsonl", "parquet"]
UploadFormat = Literal["csv", "jsonl", "parquet", "auto"]
SpecName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
SpecNames = Annotated[tuple[SpecName, ...], Field(strict=False)]


class Suspend(Strict):
    reason: Text | None = Field(None, description="Why; shown in every plan")
    until: Day | None = Field(None, description="Work resumes at 00:00 UTC of this day")


class CsvOptions(Strict):
    delimiter: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1,
            description="One character. Where it is left out, a header may show another than a comma",
            examples=[";", "\t"],
        ),
    ] = ","
    encoding: Text = Field("utf-8", description="How the file's text is encoded", examples=["utf-8", "windows-1252"])


class Ready(Strict):
    marker: Text | None = Field(
        None, description="A file beside the data that says it is complete, such as _SUCCESS or {file.name}.done"
    )
    min_age: Duration | None = Field(None, description="Do not read a file younger than this; local files ignore it")


class Source(Strict):
    uri: Text | Annotated[tuple[Text, ...], Field(min_length=1, strict=False)] = Field(
        description="Where the files are: a path or URL, or a list; globs and {date:%Y-%m-%d} are understood",
        examples=["data/orders-*.jsonl.gz", "s3://bucket/crm/dt={date:%Y-%m-%d}/part-*.csv.gz"],
    )
    connection: Text | None = Field(None, description="A connection named in syncer.yaml")
    format: Format | None = Field(None, description="Default: from the extension")
    csv: CsvOptions = Field(CsvOptions(), description="How CSV files are written")
    since: Day | None = Field(None, description="Files before this day are not imported")
    lookback: Duration | None = Field(None, description="How far back from the last finished date files are looked for")
    ready: Ready | None = Field(None, description="When a file counts as completely written")
    identity: Literal["tag", "content", "path"] = Field("tag", description="What tells two versions of a file apart")
    on_change: Literal["import", "ignore", "fail"] | None = Field(
        None, description="What a changed file does. Default: import; fail for append objects"
    )
    order: Literal["path", "modified"] = Field("path", description="What decides which file is imported first")

    @property
    def uris(self) -> tuple[str, ...]:
        return (self.uri,) if isinstance(self.uri, str) else self.uri


class Target(Strict):
    object: Text = Field(description="The object that the rows go into, such as profiles")
    match_key: Text | None = Field(None, description="The destination field by which rows are merged")
    via: Literal["import", "records", "auto"] = Field(
        "import",
        description="Import jobs; record batches, for objects that upsert; or auto: batches for files of fewer than "
        "10,000 rows, jobs for others",
    )


class Column(Strict):
    """Where one source column goes. In YAML the short form `column: field` means `{to: field}`."""

    to: Text = Field(description="The destination field")
    type: FieldType = Field("string", description="The column's data type, as the Import Jobs API is told it")
    timezone: Text | None = Field(None, description="The zone of datetimes that carry no offset, which they are given")
    clean: Annotated[tuple[Literal["trim", "lower", "upper", "empty_to_null"], ...], Field(strict=False)] = Field(
        (), description="What is done to every value, in this order"
    )
    mask: Literal["hmac"] | None = Field(
        None, description="Send a keyed hash instead of the value; the key is SYNCER_MASK_KEY in the environment"
    )


def _expand_short_form(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


MappedColumn = Annotated[Column, BeforeValidator(_expand_short_form, json_schema_input_type=Text | Column)]


class ListByName(Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="The existing list's unique name")


class ListOptions(Strict):
    create: Text | None = Field(None, description="Create a list of this name from the valid rows; later files join it")
    add_to: Text | ListByName | None = Field(None, description="Add the valid rows to this existing list: id or name")


class AudienceOptions(Strict):
    create: Text = Field(description="The audience's name; created once for each name the template gives")


class Batch(Strict):
    field: Text = Field(description="The destination field that every row's batch is written into")
    value: Text = Field("{spec}-{import}", description="What is written; a template")


class Prepare(Strict):
    mode: Literal["auto", "rewrite", "passthrough"] = Field(
        "auto", description="Whether the uploaded file is written anew; passthrough sends the source's bytes"
    )
    format: UploadFormat | None = Field(
        None, description="The format that is uploaded; auto makes Parquet of large files. Default: the source's"
    )
    sort: bool = Field(default=False, description="Sort by the match key, which makes the merge faster")
    split: Size | None = Field(None, description="Upload a larger file as several parts of about this size")


class Checks(Strict):
    max_invalid: Percent | None = Field(None, description="The share of invalid rows that is tolerated")
    min_rows: Annotated[int, Field(ge=0), WHOLE] | None = Field(None, description="A file with fewer rows is refused")
    never_send: Texts = Field((), description="Source columns that must never be mapped")
    new_columns: Literal["ignore", "warn", "fail"] | None = Field(
        None, description="What a source column that nothing mentions does"
    )
    missing_columns: Literal["ignore", "warn", "fail"] | None = Field(
        None, description="What a mapped column that the file lacks does"
    )


class Suppress(Strict):
    keys: Text = Field(description="A file of SHA-256 hashes of match keys; rows that match never leave")


class Retry(Strict):
    attempts: Annotated[int, Field(ge=1, le=100), WHOLE] = Field(3, description="How many jobs one import may take")


class Limits(Strict):
    files: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        None, description="A run with more files than this is refused"
    )
    rows: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        None, description="A run with more rows than this is refused"
    )
    compute_rows: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        None, description="A run past this merge compute (twice the rows) is refused"
    )
    max_files_per_run: Annotated[int, Field(ge=1), WHOLE] | None = Field(
        None, description="Only so many files a run; the next run goes on"
    )


def _without_default(schema: JsonDict) -> None:
    """Leave out the empty name, which stands for one that the loader computes and is not valid in a file."""
    del schema["default"]


class Spec(Strict):
    """One declared import: which files go into which object, how, and under which conditions."""

    version: Annotated[Literal[1], WHOLE] = Field(description="The version of this format")
    name: SpecName = Field(
        "",
        validate_default=False,
        description="Default: the file's stem",
        json_schema_extra=_without_default,
    )
    description: str | None = Field(None, description="What this import is for")
    owner: Text | None = Field(None, description="Who is asked about it, such as a GitHub team")
    tags: Texts = Field((), description="Words to select specs by")
    formerly: SpecNames = Field((), description="Names this spec had before, oldest first: its history follows it")
    suspend: bool | Suspend = Field(default=False, description="Nothing is imported while suspended")
    timezone: Text = Field("UTC", description="The zone of dates and templates")
    source: Source
    target: Target
    mapping: Annotated[dict[Text, MappedColumn], Field(min_length=1)] = Field(
        description="Source column to destination field. What is not listed never leaves this machine"
    )
    constants: dict[Text, str | bool | int | float] = Field({}, description="Destination field to a fixed value")
    list_options: ListOptions | None = Field(None, alias="list", description="The static list that valid rows join")
    audience: AudienceOptions | None = Field(None, description="A dynamic audience made from the import")
    auto_profile: bool = Field(default=False, description="autoProfileAfterImport of the Import Jobs API")
    batch: Batch | None = Field(None, description="A tag written into every row, which makes an import findable")
    prepare: Prepare = Field(Prepare(), description="How the uploaded file is made from the source file")
    checks: Checks = Field(Checks(), description="What must hold before anything is sent")
    on_invalid: Literal["send", "quarantine", "abort"] = Field(
        "send", description="Send rows that are known to be invalid, hold them back, or send nothing"
    )
    on_failure: Literal["block", "continue"] | None = Field(
        None, description="Whether a failed file holds later ones back. Default: block; continue for append objects"
    )
    suppress: Suppress | None = Field(None, description="Rows that never leave, whatever the file holds")
    retry: Retry = Field(Retry(), description="How often a failed import is tried")
    depends_on: SpecNames = Field((), description="Specs whose pending imports finish first")
    limits: Limits = Field(Limits(), description="How much one run may do")
    expect_every: Duration | None = Field(None, description="status calls the spec stale past this")
    tests: Annotated[tuple[SpecTest, ...], Field(strict=False)] = Field(
        (),
        exclude=True,  # what is tested is not what is imported: a new test changes no digest
        description="Made-up source files and what must become of them; `syncer test` runs them",
    )

    @property
    def oldest_name(self) -> str:
        """The name that import ids are made from, so that a renamed spec keeps them."""
        return self.formerly[0] if self.formerly else self.name

    @property
    def lineage(self) -> tuple[str, ...]:
        """Every name whose log belongs to this spec."""
        return (*self.formerly, self.name)
