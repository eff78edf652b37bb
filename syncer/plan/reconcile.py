"""The reconciler: (specs, source files, log, clock) → plan. Pure; it reads nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from syncer.model.events import Submitted
from syncer.model.repairs import repaired
from syncer.plan.decide import decide, planned
from syncer.plan.history import file_of, unsettled
from syncer.plan.imported import ImportedFiles
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.late import late_held
from syncer.plan.limits import refusals, throttled
from syncer.plan.neighbours import dependants_held, in_order, objects_held
from syncer.plan.notes import notes
from syncer.plan.repairs import asked_for, begun, stuck
from syncer.plan.same_bytes import behind_firsts, first_of_each
from syncer.plan.types import Action, Plan, PlannedImport, SpecPlan
from syncer.plan.verdict import Verdict


def make_plan(inputs: Inputs) -> Plan:
    """Decide about every file of every chosen spec, in the order in which apply works."""
    by_name = {own.spec.name: own for own in inputs.specs}
    left_in = inputs.filters.includes
    chosen = {own.spec.name for own in inputs.specs if left_in(own.spec.name, own.spec.tags, own.spec.target.object)}
    found = {name: _decided(inputs, by_name[name]) for name in _with_dependencies(chosen, by_name)}
    decided = {name: each.items for name, each in found.items()}
    shown = [own for own in inputs.specs if own.spec.name in chosen]
    orphaned = _undeclared(inputs)
    taken_up = [*orphaned, *(item for own in shown for item in decided[own.spec.name])]
    objects_held(inputs, decided, [item for item in taken_up if item.action is Action.RESUME])
    dependants_held(by_name, decided, chosen)
    for name, each in found.items():
        decided[name] = behind_firsts(decided[name], each.firsts)
    return Plan(
        created=inputs.now,
        workspace=inputs.workspace,
        filters=inputs.filters,
        specs=tuple(_spec_plan(own, inputs, decided[own.spec.name]) for own in shown),
        imports=(*orphaned, *(item for own in shown for item in decided[own.spec.name])),
        refusals=tuple(refusal for own in shown for refusal in refusals(inputs, own, decided[own.spec.name])),
        undecided=frozenset(by_name[name].spec.target.object for name, each in found.items() if each.needs_write_mode),
        unread=frozenset((name, path) for name, each in found.items() for path in each.unread),
    )


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is decided about the files of one spec, before other specs are looked at, and what that lacked.

    `firsts` are files that were left out for another one with the same bytes, with the path of that one.
    """

    items: list[PlannedImport]
    firsts: Mapping[str, str]
    unread: tuple[str, ...]
    needs_write_mode: bool


def _decided(inputs: Inputs, own: SpecInput) -> _Decided:
    if inputs.filters.repair:
        return _Decided(list(asked_for(inputs, own)), {}, (), needs_write_mode=False)
    imported = ImportedFiles(inputs, own)
    verdicts = [(file, decide(inputs, own, file, imported)) for file in own.files]
    items = _vanished(inputs, own) + [planned(own, inputs, file, verdict) for file, verdict in verdicts]
    items, firsts = first_of_each(inputs, own, items)
    is_undecided = any(verdict.needs_write_mode for _, verdict in verdicts)
    if keeps_order(own, inputs):
        ordered = in_order(items)
        items = late_held(inputs, own, ordered, imported)
        is_undecided |= items != ordered and own.spec.target.object not in inputs.write_modes
    unread = tuple(file.path for file, verdict in verdicts if verdict.needs_content)
    return _Decided([*begun(inputs, own), *throttled(own, items)], firsts, unread, is_undecided)


def keeps_order(own: SpecInput, inputs: Inputs) -> bool:
    """Whether a failed file holds later ones back: as the spec says, else unless the object is known to append."""
    choice = own.spec.on_failure
    if choice is not None:
        return choice == "block"
    return inputs.write_modes.get(own.spec.target.object) != "append"


def _with_dependencies(chosen: set[str], by_name: dict[str, SpecInput]) -> list[str]:
    """Return the chosen specs and all that they depend on, dependencies first."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in ordered or name in visiting or name not in by_name:
            return
        visiting.add(name)
        for dependency in by_name[name].spec.depends_on:
            visit(dependency)
        ordered.append(name)

    visiting: set[str] = set()
    for name in by_name:
        if name in chosen:
            visit(name)
    return ordered


def _spec_plan(own: SpecInput, inputs: Inputs, items: list[PlannedImport]) -> SpecPlan:
    spec = own.spec
    return SpecPlan(
        name=spec.name,
        path=own.path,
        digest=own.digest,
        object=spec.target.object,
        depends_on=spec.depends_on,
        keep_order=keeps_order(own, inputs),
        settled=own.settled,
        problem=own.problem,
        warnings=tuple(_spec_warnings(inputs, own)),
        notes=tuple(notes(inputs, own, items)),
    )


def _spec_warnings(inputs: Inputs, own: SpecInput) -> Iterator[str]:
    if inputs.filters.repair:
        return
    yield from stuck(inputs, own)
    if not (own.files or own.settled or own.problem):
        yield f"no file matches {', '.join(own.spec.source.uris)}"
    if own.spec.prepare.mode == "passthrough":
        yield "prepare.mode is passthrough: every column of the file is sent, also what is not mapped"


def _vanished(inputs: Inputs, own: SpecInput) -> list[PlannedImport]:
    """Return what to do with permitted jobs whose source file is gone: the job is asked all the same."""
    lineage = inputs.lineage(own.spec)
    permits = inputs.log.open_permits(lineage.workspace, lineage.object)
    gone = {permit.path for permit in permits if permit.spec in lineage.names} - {file.path for file in own.files}
    items = []
    for path in sorted(gone):
        life = next((life for life in inputs.log.generations(lineage, path) if life.open_permits), None)
        if life is not None:
            items.append(planned(own, inputs, file_of(life), unsettled(inputs, life)))
    return items if inputs.filters.selects else [*items, *_half_imported(inputs, own, gone)]


def _half_imported(inputs: Inputs, own: SpecInput, told: Collection[str]) -> Iterator[PlannedImport]:
    """Yield files of which only some parts were imported, and that their source does not list any more."""
    lineage = inputs.lineage(own.spec)
    if own.problem:
        return
    for path in sorted(inputs.log.unfinished(lineage) - {file.path for file in own.files} - set(told)):
        life = inputs.log.generations(lineage, path)[-1]
        if life.is_partial and life.forgotten is None and repaired(path) is None:
            reason = (
                f"{life.parts_left} never came to an import, and the "
                "source does not list the file any more: put it back, or close the import with syncer forget"
            )
            verdict = Verdict(
                action=Action.BLOCKED, reason=reason, generation=life.number, attention=True, import_id=life.import_id
            )
            yield planned(own, inputs, file_of(life), verdict)


def _undeclared(inputs: Inputs) -> list[PlannedImport]:
    """Return jobs that were permitted under a spec which no longer exists, so that their end is recorded too."""
    declared = {(name, own.spec.target.object) for own in inputs.specs for name in own.spec.lineage}
    if inputs.filters.selects:
        return []
    lives = {
        (permit.spec, permit.object, permit.path, permit.generation, permit.import_id): permit
        for permit in inputs.log.open_permits(inputs.workspace)
        if (permit.spec, permit.object) not in declared and inputs.filters.concerns(permit.object)
    }
    return [_orphaned(inputs, permit) for _, permit in sorted(lives.items(), key=lambda entry: entry[0])]


def _orphaned(inputs: Inputs, permit: Submitted) -> PlannedImport:
    life = inputs.history_of(permit)
    if life is None:
        raise AssertionError(f"permit {permit.id} belongs to no import")
    verdict = unsettled(inputs, life)
    if verdict.action is Action.RESUME:
        reason = f"job {verdict.job} was permitted by a spec that no longer imports into {permit.object}"
        verdict = replace(verdict, reason=reason)
    return PlannedImport(
        action=verdict.action,
        reason=verdict.reason,
        spec=permit.spec,
        spec_digest="",  # no spec allows the job now: one that has not started yet is not to be started
        preparation=permit.preparation,
        object=permit.object,
        file=file_of(life),
        import_id=permit.import_id,
        generation=permit.generation,
        attempt=verdict.attempt,
        job=verdict.job,
        attention=verdict.attention,
    )


def stale(saved: Mapping[str, str], now: Plan) -> list[str]:
    """Return those saved decisions (cover to words) that would not be taken now; empty means that the plan is fresh."""
    current = {item.cover for item in now.runnable}
    return [words for cover, words in saved.items() if cover not in current]


def only(plan: Plan, covers: Collection[str]) -> Plan:
    """Return the plan with just the runnable imports of these covers: what came since is left to the next plan."""
    kept = tuple(item for item in plan.imports if item.cover in covers and item.runnable)
    return replace(plan, imports=kept)
