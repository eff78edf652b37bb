"""The plan: data that fully decides what apply does. Nothing is decided again later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from syncer.errors import Refusal
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.log import WriteMode
from syncer.model.samples import RowEstimate, Sample


class Action(StrEnum):
    """What happens to one import, and why nothing does."""

    IMPORT = "import"
    REIMPORT = "reimport"
    RETRY = "retry"
    RESUME = "resume"
    WAIT = "wait"
    BLOCKED = "blocked"
    SKIP = "skip"


Key = tuple[str, str, int]
STARTING = frozenset({Action.IMPORT, Action.REIMPORT, Action.RETRY})
"""What begins a job, and can be held back; a job that was permitted is brought to its end in any case."""
RUNNABLE = STARTING | {Action.RESUME}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImport:
    """One import with the action chosen for it and a reason that a person understands.

    `job` is set when the action is to resume a job that was already permitted. `attention` marks what will not mend
    itself, `not_ready` what may still be being written, `imported` a version that is in the platform already.
    `repairs` is the import whose rejected rows this one sends once more; `file` then holds just these, prepared.
    `sample` is what was learnt of the file before it is prepared, None where nobody looked; no decision rests on it.
    """

    action: Action
    reason: str
    spec: str
    spec_digest: str
    preparation: str
    object: str
    file: SourceFile
    import_id: str
    generation: int
    attempt: int = 1
    job: str | None = None
    after: tuple[str, ...] = ()
    attention: bool = False
    not_ready: bool = False
    imported: bool = False
    repairs: str = ""
    advice: str = ""
    sample: Sample | None = None

    @property
    def runnable(self) -> bool:
        return self.action in RUNNABLE

    @property
    def rows(self) -> RowEstimate | None:
        """How many rows the file has, None where that is not known or nobody looked."""
        if self.file.rows is not None:
            return RowEstimate(self.file.rows, exact=True)
        return self.sample.rows if self.sample is not None else None

    @property
    def key(self) -> Key:
        """Tell this import from every other one of the plan."""
        return (self.spec, self.file.path, self.generation)

    @property
    def cover(self) -> str:
        """Name everything this decision rests on.

        The spec, how its files are prepared, the file's version, where the log stands for it, and what comes first.
        """
        return digest(
            [
                self.action,
                self.spec,
                self.spec_digest,
                self.preparation,
                self.file.path,
                self.file.fingerprint,
                self.import_id,
                self.generation,
                self.attempt,
                self.job,
                self.after,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecPlan:
    """What is true of a whole spec in this plan. `settled` counts imported files that are not listed one by one.

    `warnings` ask for a change, `notes` tell what was seen in the files.
    """

    name: str
    path: str
    digest: str
    object: str
    depends_on: tuple[str, ...] = ()
    keep_order: bool = True
    settled: int = 0
    problem: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which part of the project a plan is made for. `since` and `until` are days of a backfill, both inclusive.

    The specs of `over_limits` may pass their limits, those of `out_of_order` import files older than what they have.
    `repair` is the path of a repair: then the plan is for it alone, and no source is looked at. `repair_rows` is the
    fingerprint of the kept rows that it is to send. `objects` leaves in all that is written into these.
    """

    specs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    over_limits: tuple[str, ...] = ()
    out_of_order: tuple[str, ...] = ()
    repair: str = ""
    repair_rows: str = ""
    objects: tuple[str, ...] = ()

    @property
    def selects(self) -> bool:
        """Whether some part of an object's work is left out. Letting a rail be passed leaves nothing out."""
        return self != Filters(over_limits=self.over_limits, out_of_order=self.out_of_order, objects=self.objects)

    def concerns(self, name: str) -> bool:
        """Whether work for this object is left in."""
        return not self.objects or name in self.objects

    def includes(self, name: str, tags: tuple[str, ...], target: str) -> bool:
        """Whether a spec is left in: any of the names, the tags and the target objects, and none of the excluded."""
        named = not self.specs or name in self.specs
        tagged = not self.tags or any(tag in self.tags for tag in tags)
        return named and tagged and self.concerns(target) and name not in self.exclude


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run would do, in order, and what it leaves alone.

    `undecided` names objects whose write mode was needed and not known, `unread` files, by spec and path, of which the
    bytes have to be read to tell whether they changed. With that known, planning again decides about them.
    """

    created: datetime
    workspace: str
    filters: Filters
    specs: tuple[SpecPlan, ...]
    imports: tuple[PlannedImport, ...]
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    undecided: frozenset[str] = field(default_factory=frozenset)
    unread: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    write_modes: Mapping[str, WriteMode] = field(default_factory=dict)

    @property
    def runnable(self) -> tuple[PlannedImport, ...]:
        return tuple(item for item in self.imports if item.runnable)

    @property
    def attention(self) -> tuple[PlannedImport, ...]:
        return tuple(item for item in self.imports if item.attention)

    @property
    def problems(self) -> tuple[str, ...]:
        """Sources that could not be listed; the other specs go on."""
        return tuple(f"{spec.name}: {spec.problem}" for spec in self.specs if spec.problem)

    @property
    def settled(self) -> int:
        """How many files are imported already and stand in no line of this plan."""
        return sum(spec.settled for spec in self.specs)

    @property
    def has_changes(self) -> bool:
        return bool(self.runnable)

    def count(self, action: Action) -> int:
        return sum(1 for item in self.imports if item.action is action)

    @property
    def digest(self) -> str:
        """Name the decisions of this plan: equal digests mean that the same would be done for the same reasons."""
        return digest([self.workspace, [item.cover for item in self.runnable]])
