"""What the reconciler is given. It fetches nothing itself, not even the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncer.model.events import Claimed, Submitted
from syncer.model.files import SourceFile
from syncer.model.log import Generation, Lineage, Log, WriteMode
from syncer.model.samples import Sample
from syncer.model.spec import Spec
from syncer.plan.types import Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRepair:
    """The prepared rows of a repair, kept on this machine until their import has ended.

    `file.path` is the repair's path in the log, `repairs` the import whose rejected rows these are.
    """

    file: SourceFile
    repairs: str
    preparation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecInput:
    """One spec with the files its source holds now, in the order in which they are to be imported.

    `settled` counts those that are left out because the log says that they are imported (`Log.is_settled`). `problem`
    says why the source could not be listed; the spec then does nothing, and the others go on. `repairs` are those whose
    rows are kept on this machine. `samples` holds by path what is known of files beside what their listing tells.
    """

    spec: Spec
    path: str
    digest: str
    preparation: str
    files: tuple[SourceFile, ...]
    settled: int = 0
    problem: str = ""
    repairs: tuple[KeptRepair, ...] = ()
    samples: Mapping[str, Sample] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a plan is a function of.

    `specs` are all specs of the project; `filters` choose among them. `write_modes` holds what is known of the target
    objects, `closed` names those that take no import jobs. `exclusive` says that no other run can be alive on this
    log, `place` that none of this clone of the project can.
    """

    specs: tuple[SpecInput, ...]
    log: Log
    now: datetime
    workspace: str
    filters: Filters = field(default_factory=Filters)
    write_modes: Mapping[str, WriteMode] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    exclusive: bool = False
    place: str = ""

    def may_be_alive(self, claim: Claimed) -> bool:
        """Whether the run behind a claim may still be at work. Only says when to try; the log decides what is safe."""
        is_ours = self.place != "" and claim.place == self.place
        return not (self.exclusive or is_ours) and claim.lease > self.now

    def lineage(self, spec: Spec) -> Lineage:
        return Lineage(spec.lineage, self.workspace, spec.target.object)

    def history_of(self, permit: Submitted) -> Generation | None:
        """Return the import that a permit belongs to, under every name that its spec has had."""
        names = next((own.spec.lineage for own in self.specs if permit.spec in own.spec.lineage), (permit.spec,))
        lineage = Lineage(names, self.workspace, permit.object)
        return self.log.find(lineage, permit.path, permit.generation, permit.import_id)
