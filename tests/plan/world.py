"""A project as the reconciler sees it: specs, files, a log and a time, with the usual filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.plan import Inputs, Plan, PlannedImport, SpecInput, make_plan
from tests.model.making import NOW, WORKSPACE, file, spec

UPSERT = {"profiles": "upsert", "orders": "upsert"}
APPEND = {"profiles": "append"}


def spec_input(own: Spec | None = None, *files: SourceFile, **more: Any) -> SpecInput:
    """Give a spec its files; its digest follows its text, and its preparation is the one that test events have."""
    own = own or spec()
    facts = {"path": f"specs/{own.name}.yaml", "digest": digest(own.model_dump(mode="json")), "preparation": "prep"}
    return SpecInput(spec=own, files=files, **{**facts, **more})


def inputs(specs: SpecInput | Iterable[SpecInput], events: Iterable[AnyEvent] = (), **more: Any) -> Inputs:
    """Make the inputs of a plan; no run is alive and all objects upsert unless `more` says otherwise."""
    facts: dict[str, Any] = {"now": NOW, "workspace": WORKSPACE, "write_modes": UPSERT, "exclusive": True}
    own = (specs,) if isinstance(specs, SpecInput) else tuple(specs)
    return Inputs(specs=own, log=Log(events), **{**facts, **more})


def plan_of(own: Spec | None, *files: SourceFile, events: Iterable[AnyEvent] = (), **more: Any) -> Plan:
    """Plan for one spec."""
    return make_plan(inputs(spec_input(own, *files), events, **more))


def decided(own: Spec | None = None, source: SourceFile | None = None, **more: Any) -> PlannedImport:
    """Plan for one spec with one file and return what is decided about it."""
    (item,) = plan_of(own, source or file(), **more).imports
    return item


def actions(plan: Plan) -> list[str]:
    """Return what the plan does, as `action path`, in its order."""
    return [f"{item.action} {item.file.path}" for item in plan.imports]
