"""What is done to one column's values, in order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncer.model.spec import Column
from syncer.settings import MaskKey

Clean = Literal["trim", "lower", "upper", "empty_to_null"]

WHITE_SPACE = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
"""What `trim` takes off: the characters with Unicode's White_Space property, as ranges of code points."""


@dataclass(frozen=True, slots=True)
class Steps:
    """First `clean` in the order written, then the offset of `zone` for naive datetimes, then the mask."""

    clean: tuple[Clean, ...] = ()
    zone: str | None = None
    key: MaskKey | None = None

    def __bool__(self) -> bool:
        return bool(self.clean or self.zone or self.key)


NO_STEPS = Steps()


def steps_of(column: Column, key: MaskKey | None) -> Steps:
    """Return what the spec asks for a column. The caller has made sure that there is a key where one is needed."""
    return Steps(column.clean, column.timezone, key if column.mask is not None else None)


def has_steps(column: Column) -> bool:
    """Whether anything is done to the column's values."""
    return bool(column.clean or column.timezone or column.mask)
