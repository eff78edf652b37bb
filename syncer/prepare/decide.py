"""Whether a source file can be uploaded as it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare.shape import Shape


@dataclass(frozen=True, slots=True)
class Decision:
    """`rewrite` or `passthrough`, and why, for a plan to show."""

    action: Literal["rewrite", "passthrough"]
    reason: str


def decide(spec: Spec, file: SourceFile, shape: Shape) -> Decision:
    """Decide by the spec and the head of the file.

    In mode auto a file passes only if nothing in it would change: no tag, no constants, every column mapped, and for
    CSV comma, no byte order mark. Raises PrepareError for a passthrough that would have to change the file.
    """
    mode, changes = spec.prepare.mode, _changes(spec, file, shape)
    if mode == "passthrough":
        if spec.batch is not None or spec.constants:
            raise PrepareError(
                f"{file.path} cannot be sent as it is and get columns added",
                where=spec.name,
                why="prepare.mode is passthrough, and the spec has batch or constants",
                next_step="remove prepare.mode, or batch and constants",
            )
        return Decision("passthrough", "prepare.mode is passthrough")
    if mode == "rewrite":
        return Decision("rewrite", "prepare.mode is rewrite")
    return Decision("rewrite", changes) if changes else Decision("passthrough", "nothing in the file has to change")


def _changes(spec: Spec, file: SourceFile, shape: Shape) -> str:
    """Name the first thing that has to change, or ""."""
    if spec.batch is not None or spec.constants:
        return "columns are added"
    if shape.columns is None:
        return "each line may have keys that are not mapped"
    unmapped = [column for column in shape.columns if column not in spec.mapping]
    if unmapped:
        return f"{len(unmapped)} column{'s are' if len(unmapped) > 1 else ' is'} not mapped"
    if file.format == "csv" and spec.source.csv.delimiter != ",":
        return "the delimiter is not a comma"
    return "it begins with a byte order mark" if shape.marked else ""
