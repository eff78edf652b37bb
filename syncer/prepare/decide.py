"""Whether a source file can be uploaded as it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare.encodings import is_utf8
from syncer.prepare.shape import Shape
from syncer.prepare.transforms.steps import has_steps


@dataclass(frozen=True, slots=True)
class Decision:
    """`rewrite` or `passthrough`, and why, for a plan to show."""

    action: Literal["rewrite", "passthrough"]
    reason: str


def decide(spec: Spec, file: SourceFile, shape: Shape) -> Decision:
    """Decide by the spec and the head of the file.

    In mode auto a file passes only if nothing in it would change: no tag, no constants, no transforms, every column
    mapped, and for CSV UTF-8, comma, no byte order mark. Raises PrepareError for a passthrough that would have to
    change the file, by the spec's own words or because the API reads nothing but comma-separated UTF-8.
    """
    mode, changes = spec.prepare.mode, _changes(spec, file, shape)
    if mode == "passthrough":
        if must := _asked_for(spec) or _reshaped(spec, file) or _unreadable(spec, file, shape):
            raise PrepareError(
                f"{file.path} cannot be sent as it is",
                where=spec.name,
                why=f"prepare.mode is passthrough, but {must}",
                next_step="use prepare.mode: auto, or take out what changes the file",
            )
        return Decision("passthrough", "prepare.mode is passthrough")
    if mode == "rewrite":
        return Decision("rewrite", "prepare.mode is rewrite")
    return Decision("rewrite", changes) if changes else Decision("passthrough", "nothing in the file has to change")


def _changes(spec: Spec, file: SourceFile, shape: Shape) -> str:
    """Name the first thing that has to change, or ""."""
    if asked := _asked_for(spec):
        return asked
    if shape.columns is None:
        return "each line may have keys that are not mapped"
    unmapped = [column for column in shape.columns if column not in spec.mapping]
    if unmapped:
        return f"{len(unmapped)} column{'s are' if len(unmapped) > 1 else ' is'} not mapped"
    return _unreadable(spec, file, shape) or ("it begins with a byte order mark" if shape.marked else "")


def _asked_for(spec: Spec) -> str:
    """Name the first change of the rows that the spec itself asks for, or ""."""
    if spec.batch is not None or spec.constants:
        return "columns are added"
    transformed = [name for name, column in spec.mapping.items() if has_steps(column)]
    return f"the values of {transformed[0]!r} are transformed" if transformed else ""


def _reshaped(spec: Spec, file: SourceFile) -> str:
    """Name the first thing that is done to the rows as a whole, or ""."""
    if spec.suppress is not None:
        return "suppress takes rows out of it"
    if spec.on_invalid == "quarantine":
        return "on_invalid: quarantine takes rows out of it"
    if spec.prepare.sort:
        return "prepare.sort gives it another order"
    if spec.prepare.format not in (None, file.format):
        return f"prepare.format is {spec.prepare.format}"
    return ""


def _unreadable(spec: Spec, file: SourceFile, shape: Shape) -> str:
    """Name what the API could not read in a CSV file, or ""."""
    if file.format != "csv":
        return ""
    if not is_utf8(spec.source.csv.encoding):
        return f"it is {spec.source.csv.encoding}, not UTF-8"
    return "the delimiter is not a comma" if shape.delimiter != "," else ""
