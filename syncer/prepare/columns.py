"""What becomes of a file whose columns are not those that the mapping names, as the spec's checks say. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from syncer.errors import ChecksFailed
from syncer.model.spec import Spec
from syncer.prepare.layout import missing_column

MOST_NAMED = 20


def left_out(spec: Spec, path: str, columns: Collection[str]) -> tuple[str, ...]:
    """Return the mapped columns that the file lacks and may lack, in the order of the mapping.

    Raises PrepareError for one that it may not lack: by `checks.missing_columns`, because it holds the match key, or
    because no mapped column would be left.
    """
    missing = tuple(name for name in spec.mapping if name not in columns)
    if not missing:
        return ()
    key = next((name for name in missing if spec.mapping[name].to == spec.target.match_key), None)
    if spec.checks.missing_columns in (None, "fail") or len(missing) == len(spec.mapping):
        raise missing_column(path, missing[0], columns)
    if key is not None:
        raise missing_column(path, key, columns)
    return missing


def without(spec: Spec, missing: Collection[str]) -> Spec:
    """Return the spec with these columns taken out of its mapping."""
    if not missing:
        return spec
    kept = {name: column for name, column in spec.mapping.items() if name not in missing}
    return spec.model_copy(update={"mapping": kept})


def watches_new(spec: Spec) -> bool:
    """Whether it matters that the file has columns which nothing mentions."""
    return spec.checks.new_columns in ("warn", "fail")


def warnings(spec: Spec, path: str, columns: Collection[str], missing: Collection[str]) -> tuple[str, ...]:
    """Say what is unexpected about the file's columns. Raises ChecksFailed where `checks.new_columns` forbids it.

    A column is mentioned if it is mapped or in `checks.never_send`.
    """
    mentioned = {*spec.mapping, *spec.checks.never_send}
    new = [name for name in dict.fromkeys(columns) if name not in mentioned]
    if new and spec.checks.new_columns == "fail":
        raise ChecksFailed(
            f"{path} was not sent: it has columns that the spec does not mention: {_listed(new)}",
            where=path,
            why="checks.new_columns is fail",
            next_step="map them, or name them in checks.never_send",
        )
    told = []
    if missing and spec.checks.missing_columns == "warn":
        told.append(f"it has no column {_listed(list(missing))}, which the mapping names; sent without")
    if new and spec.checks.new_columns == "warn":
        told.append(f"it has columns that the spec does not mention, which are not sent: {_listed(new)}")
    return tuple(told)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
