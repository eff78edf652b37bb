"""What became of one file that a command was to make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """One file, by its path in the project.

    `made` was written (or would be), `same` was there to the byte, `left` was there and says something else: nothing of
    it was changed. `lacks` are lines that it needs and does not have.
    """

    path: str
    outcome: Literal["made", "same", "left"]
    lacks: tuple[str, ...] = ()
