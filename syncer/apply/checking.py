"""What an import's rows are held against before anything of them is sent: its spec's checks and its object's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncer.apply.context import Tools
from syncer.errors import ApiError, ChecksFailed
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.values import format_percent


def check_rows(item: PlannedImport, spec: Spec, rows: int, invalid: int) -> None:
    """Raise ChecksFailed unless a file with so many rows, of which so many would be rejected, may be sent."""
    if over := over_limit(spec, rows, invalid):
        raise ChecksFailed(
            f"{item.file.path} was not sent: {invalid} of its {rows} rows would be rejected",
            where=item.file.path,
            why=over,
            next_step=f"see which rows, and why: syncer check {item.spec}",
        )


def over_limit(spec: Spec, rows: int, invalid: int) -> str:
    """Name the check of the spec that a file with so many invalid rows does not pass, or ""."""
    return next(_not_passed(spec, rows, invalid), "")


def _not_passed(spec: Spec, rows: int, invalid: int) -> Iterator[str]:
    checks = spec.checks
    if checks.min_rows is not None and rows < checks.min_rows:
        yield f"checks.min_rows is {checks.min_rows}"
    if checks.max_invalid is not None and invalid > checks.max_invalid * rows:
        yield f"checks.max_invalid is {format_percent(checks.max_invalid)}"
    if spec.on_invalid == "abort" and invalid:
        yield "on_invalid is abort"


def fields_of(tools: Tools, name: str) -> Mapping[str, FieldSchema]:
    """Return the object's fields, asked for once a run; where the token may not read them, none are known."""
    known = tools.object_fields.get(name)
    if known is None:
        known = tools.object_fields[name] = _asked(tools, name)
    return known


def _asked(tools: Tools, name: str) -> Mapping[str, FieldSchema]:
    try:
        return tools.api.get_object(name).schema.fields
    except ApiError as error:
        if error.status in (403, 404, 405, 501):
            return {}
        raise
