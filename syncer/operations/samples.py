"""Look at pending files before the fact, so that a plan can tell their rows: few of them, briefly, and each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from syncer.errors import PrepareError, SourceError, SyncerError
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.samples import RowEstimate, Sample
from syncer.model.spec import Spec
from syncer.plan import Filters, Plan, SpecInput
from syncer.plan.types import STARTING
from syncer.source.samples import Samples
from syncer.source.sources import Sources
from syncer.source.stopping import Stop

MOST_PER_SPEC: Final = 20
MOST_IN_ALL: Final = 400
"""How many files are looked at: of each spec, and of all together, though at least one of each spec and format."""
SIDE_BY_SIDE: Final = 8


def limits_rows(own: SpecInput, filters: Filters) -> bool:
    """Whether a run depends on how many rows the spec's files have."""
    limits = own.spec.limits
    return own.spec.name not in filters.over_limits and (limits.rows, limits.compute_rows) != (None, None)


def with_samples(
    specs: Sequence[SpecInput],
    plan: Plan,
    sources: Sources,
    remembered: Samples,
    *,
    in_full: bool,
    stop: Stop | None = None,
) -> tuple[SpecInput, ...]:
    """Give specs what samples of their pending files tell: all specs `in_full`, else those whose rows are limited.

    The largest files are looked at, and the rows of the others estimated from these. A file that cannot be looked at
    has a sample that says why; where rows are limited its spec does nothing, as where its source cannot be listed.
    Raises Interrupted if `stop` says so.
    """
    starting = {(item.spec, item.file.path) for item in plan.imports if item.action in STARTING and item.rows is None}
    pending = {
        own.spec.name: [file for file in own.files if (own.spec.name, file.path) in starting]
        for own in specs
        if in_full or limits_rows(own, plan.filters)
    }
    most = max(1, min(MOST_PER_SPEC, MOST_IN_ALL // max(1, sum(1 for files in pending.values() if files))))
    looks = [
        _Look(own, file, sources, remembered, stop)
        for own in specs
        for file in _largest(pending.get(own.spec.name, ()), most)
    ]
    seen: dict[str, dict[str, Sample]] = {}
    for look, sample in zip(looks, _taken(looks), strict=True):
        seen.setdefault(look.own.spec.name, {})[look.file.path] = sample
    remembered.save()
    return tuple(
        _sampled(own, pending[own.spec.name], seen[own.spec.name], is_limited=limits_rows(own, plan.filters))
        if own.spec.name in seen
        else own
        for own in specs
    )


def _taken(looks: Iterable[_Look]) -> list[Sample]:
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="sample")
    try:
        return list(pool.map(_Look.sample, looks))
    finally:
        pool.shutdown(cancel_futures=True)


def _sampled(
    own: SpecInput, pending: Iterable[SourceFile], seen: Mapping[str, Sample], *, is_limited: bool
) -> SpecInput:
    problem = next((sample.problem for sample in seen.values() if sample.problem), "")
    if problem and is_limited:
        over = f"its rows are limited and not known; mend it, or allow this one run: --over-limits {own.spec.name}"
        return replace(own, files=(), problem=f"{problem}; {over}")
    return replace(own, samples=_with_the_others(pending, seen))


def _kind(file: SourceFile) -> tuple[str, str | None]:
    """Name what files must share for the rows of one to tell of another's."""
    return file.format, file.compression


def _largest(files: Iterable[SourceFile], most: int) -> list[SourceFile]:
    """Return the largest files of each kind: what they tell is most of the whole."""
    by_kind: dict[tuple[str, str | None], list[SourceFile]] = {}
    for file in files:
        by_kind.setdefault(_kind(file), []).append(file)
    return [file for kind in by_kind.values() for file in sorted(kind, key=lambda file: -file.size)[:most]]


def _with_the_others(files: Iterable[SourceFile], seen: Mapping[str, Sample]) -> dict[str, Sample]:
    """Return what was seen, and for each other file of the same kind the rows that its size suggests."""
    rows: dict[tuple[str, str | None], int] = {}
    sizes: dict[tuple[str, str | None], int] = {}
    others = []
    for file in files:
        sample = seen.get(file.path)
        if sample is None:
            others.append(file)
        elif sample.rows is not None:
            rows[_kind(file)] = rows.get(_kind(file), 0) + sample.rows.rows
            sizes[_kind(file)] = sizes.get(_kind(file), 0) + file.size
    return {**seen, **{file.path: _by_size(file, rows.get(_kind(file)), sizes.get(_kind(file), 1)) for file in others}}


def _by_size(file: SourceFile, rows: int | None, size: int) -> Sample:
    if rows is None:
        return Sample(problem="no other file of its format could be looked at")
    return Sample(rows=RowEstimate(round(file.size * rows / size), exact=False))


@dataclass(frozen=True, slots=True)
class _Look:
    """One file of one spec that is to be looked at, in a thread of its own."""

    own: SpecInput
    file: SourceFile
    sources: Sources
    remembered: Samples
    stop: Stop | None

    def sample(self) -> Sample:
        reading = _reading(self.own.spec)
        known = self.remembered.get(self.file, reading)
        if known is not None:
            return known
        try:
            taken = self._taken()
        except (PrepareError, SourceError) as error:
            return Sample(problem=_in_words(error))
        self.remembered.remember(self.file, reading, taken)
        return taken

    def _taken(self) -> Sample:
        from syncer.prepare.sample import sample_of

        file = self.file
        if file.is_remote:
            held = self.sources.pin(file, self.own.spec.source, stop=self.stop)
            file = replace(file, opener=lambda: held.open(stop=self.stop))
        return sample_of(file, self.own.spec, stop=self.stop)


def _reading(spec: Spec) -> str:
    """Name what a sample depends on beside the file: how it is read, and by which columns its delimiter is told."""
    csv = spec.source.csv
    return digest([csv.model_dump(mode="json"), sorted(csv.model_fields_set), sorted(spec.mapping)])


def _in_words(error: SyncerError) -> str:
    return f"{error.what} ({error.why})" if error.why else error.what
