"""The events of the state log: one JSON object a line, keys sorted, `"v": 1`.

Every event of an import names it in full (spec, workspace, object, path, fingerprint), so that a line can be understood
without the lines around it and in whatever order merges have left them. No event ever holds row contents, a presigned
URL or a token.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

VERSION = 1

Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A group of facts inside an event. Absent facts are left out of the line."""


class ListUse(Record, frozen=True, kw_only=True):
    """The list that an import fills: `create` when this job makes it, else `id` is the one it joins."""

    name: str | None = None
    id: str | None = None
    create: bool = False


class AudienceUse(Record, frozen=True, kw_only=True):
    """The audience of an import: `create` when this job makes it, else it was made by an earlier one."""

    name: str
    create: bool


class ArtifactFacts(Record, frozen=True, kw_only=True):
    """What was uploaded: the proof of what left.

    `rows` is None where nobody had to count them, `invalid` (the rows that were expected to be rejected) where nobody
    had to judge them. Rows that did not leave are counted for the whole source file, with its first part: `suppressed`
    by their match key, `quarantined` because the API would reject them, for the reasons in `held_back`.
    """

    digest: str
    size: Count
    columns: tuple[str, ...]
    file_name: str
    rows: Count | None = None
    invalid: Count | None = None
    suppressed: Count | None = None
    quarantined: Count | None = None
    held_back: tuple[Rejection, ...] | None = None


class RowCounts(Record, frozen=True, kw_only=True):
    """What the API counted, from the job's final status."""

    read: Count = 0
    valid: Count = 0
    invalid: Count = 0
    inserts: Count = 0
    updates: Count = 0


class Rejection(Record, frozen=True, kw_only=True):
    """One reason for which rows were rejected; `first_row` counts data rows of the uploaded file from 1."""

    reason: str
    count: Positive
    first_row: Count


class Failure(Record, frozen=True, kw_only=True):
    """Why an attempt failed.

    `final`: the same bytes and mapping would fail again. `counted`: trying again may help and uses up one of
    `retry.attempts`. `transient`: the API was not reached or not able; trying again costs nothing.
    """

    kind: Literal["final", "counted", "transient"]
    code: str
    message: str


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", rename={"import_id": "import"}):
    """What every event says. `id` and `seen` (the event before it in this spec's log) are given by the store."""

    v: int = VERSION
    id: str = ""
    seen: str = ""
    time: Moment
    run: str
    actor: str
    spec: str
    workspace: str
    object: str
    path: str
    fingerprint: str
    import_id: str
    generation: Positive
    part: Positive = 1
    attempt: Positive = 1


class Claimed(Event, frozen=True, kw_only=True, tag="claimed"):
    """A run is about to work on an import. It freezes what templates and the source resolved to.

    A file that is too large for one job is claimed anew for each of its `parts`, once they are made; `part_rows` are
    the rows of each, in their order, so that its row ranges are known.
    `tag` is the listing's own word for the version where the fingerprint is another one (`identity: content`).
    `repairs` is the import whose rejected rows are sent once more; its generation stands in the path.
    """

    epoch: Positive
    lease: Moment
    size: Count
    modified: Moment
    tag: str = ""
    preparation: str
    spec_digest: str
    parts: Positive = 1
    part_rows: tuple[Count, ...] | None = None
    repairs: str | None = None
    place: str = ""
    write_mode: Literal["upsert", "append"] | None = None
    batch: str | None = None
    list_use: ListUse | None = msgspec.field(default=None, name="list")
    audience: AudienceUse | None = None


class Submitted(Event, frozen=True, kw_only=True, tag="submitted"):
    """The permit: this job, and no other, may be started for this part, of `parts` where the file was split.

    Jobs that are permitted together are started one by one, by their `position`. `content` is `sha256:<hex>` of the
    source file's stored bytes as they were read: the evidence when a store's tag changes and the bytes did not.
    `version` is what held the read to one version of the object: a version id, a generation or an ETag. `repairs` is
    that of the claim. `via: records` says that the rows go as record batches: the API knows no such job,
    and its id is made up.
    """

    epoch: Positive
    position: Count = 0
    via: Literal["records"] | None = None
    parts: Positive | None = None
    job: str
    spec_digest: str
    preparation: str
    repairs: str | None = None
    artifact: ArtifactFacts
    content: str | None = None
    version: str = ""
    correlation_id: str = ""
    list_use: ListUse | None = msgspec.field(default=None, name="list")
    audience: AudienceUse | None = None


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    """An attempt came to its end. `job` is None when it failed before a job was permitted."""

    outcome: Literal["completed", "failed"]
    spec_digest: str
    preparation: str
    job: str | None = None
    rows: RowCounts | None = None
    rejections: tuple[Rejection, ...] = ()
    rejects_file: str | None = None
    failure: Failure | None = None
    correlation_id: str = ""
    seconds: dict[str, float] = {}
    residual: tuple[str, ...] = ()
    commit: str | None = None
    list_use: ListUse | None = msgspec.field(default=None, name="list")
    audience: AudienceUse | None = None


class Baselined(Event, frozen=True, kw_only=True, tag="baselined"):
    """An operator declared this file version as already in the platform."""

    reason: str


class Forgotten(Event, frozen=True, kw_only=True, tag="forgotten"):
    """An operator closed this generation, so that the file is imported again."""

    reason: str


class Waived(Event, frozen=True, kw_only=True, tag="waived"):
    """An operator accepted that some rejected rows of this import stay out."""

    reason: str
    rows: Count


class Resolved(Event, frozen=True, kw_only=True, tag="resolved"):
    """An operator decided what to believe of a permitted job that cannot be asked."""

    job: str
    decision: Literal["start", "abandon", "completed", "failed"]
    reason: str


class Notified(Event, frozen=True, kw_only=True, tag="notified"):
    """People were told how a spec stands. It is about no file: path, fingerprint and import are "".

    `causes` is what they were told of, so that it is told once: `<import>-<generation>`, or `source`, `overdue`,
    `run`.
    """

    standing: Literal["failed", "degraded", "recovered"]
    causes: tuple[str, ...] = ()


AnyEvent = Claimed | Submitted | Finished | Baselined | Forgotten | Waived | Resolved | Notified
