"""What samples of a spec's files tell people: once a spec, however many files it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from syncer.model.effort import FEW_ROWS
from syncer.model.spec import Spec
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import STARTING, PlannedImport


def notes(inputs: Inputs, own: SpecInput, items: Sequence[PlannedImport]) -> Iterator[str]:
    """Yield what is worth knowing of the files that this plan would import."""
    starting = [item for item in items if item.action in STARTING and not item.repairs]
    yield from _how_written(own.spec, starting)
    yield from _never_records(inputs, own.spec)
    yield from _few_rows(inputs, own.spec, starting)
    unknown = [(item, item.sample.problem) for item in starting if item.sample is not None and item.sample.problem]
    if unknown:
        item, problem = unknown[0]
        others = len(unknown) - 1
        more = f", and {others:,} {'file' if others == 1 else 'files'} more" if others else ""
        yield f"rows unknown: {problem if item.file.path in problem else f'{item.file.path}: {problem}'}{more}"


def _few_rows(inputs: Inputs, spec: Spec, starting: Sequence[PlannedImport]) -> Iterator[str]:
    """Say of small files that record batches would do, or that they take that way."""
    few = sum(1 for item in starting if item.rows is not None and item.rows.rows < FEW_ROWS)
    mode = inputs.write_modes.get(spec.target.object)
    if not few or mode == "append" or not _may_be_records(spec):
        return
    whose = f"{few:,} files have" if few > 1 else "1 file has"
    rows = f"{whose} fewer than {FEW_ROWS:,} rows"
    if spec.target.via == "import":
        yield f"{rows}, which the vendor's guide would send as record batches"
    elif spec.target.via == "auto" and not spec.auto_profile:
        yield f"{rows} and will go as record batches" + ("" if mode == "upsert" else ", if the object merges rows")


def _how_written(spec: Spec, starting: Sequence[PlannedImport]) -> Iterator[str]:
    seen = [item.sample for item in starting if item.sample is not None]
    for name, count in Counter(sample.separated_by for sample in seen if sample.separated_by).items():
        shown = "its header shows" if count == 1 else f"the headers of {count:,} files show"
        but = ", and not as source.csv.delimiter says" if "delimiter" in spec.source.csv.model_fields_set else ""
        yield f"separated by {name}, as {shown}{but}"
    for encoding in dict.fromkeys(sample.encoding for sample in seen if sample.encoding):
        yield f"read as {encoding}, as source.csv.encoding says"


def _never_records(inputs: Inputs, spec: Spec) -> Iterator[str]:
    """Say why import jobs take every file of a spec that leaves the way to its files' sizes."""
    if spec.target.via != "auto":
        return
    if inputs.write_modes.get(spec.target.object) == "append":
        yield f"target.via is auto, and object {spec.target.object} appends: all files go by import jobs"
    options = {"list": spec.list_options, "audience": spec.audience, "auto_profile": spec.auto_profile}
    needing = next((name for name, given in options.items() if given), None)
    if needing is not None:
        yield f"target.via is auto, and {needing} needs an import job: all files go by import jobs"


def _may_be_records(spec: Spec) -> bool:
    """Whether a record batch could do the same. Lists and audiences are made by import jobs alone."""
    return spec.list_options is None and spec.audience is None
