"""What the vendor guide says of a job's effort: its duration, its merge compute, and where another path fits."""

from __future__ import annotations

from typing import Final

FEW_ROWS: Final = 10_000
"""Below so many rows the guide points to record batches rather than to a file."""
COMPUTE_PER_ROW: Final = 2
"""The guide's budget for merge compute: each row is read once to validate it and once for the upsert itself."""

_MINUTE: Final = 60
_TYPICAL: Final = (
    (100_000, 30, 2 * _MINUTE),
    (1_000_000, 1 * _MINUTE, 8 * _MINUTE),
    (10_000_000, 5 * _MINUTE, 40 * _MINUTE),
)
_TYPICAL_BEYOND: Final = (30 * _MINUTE, 4 * 60 * _MINUTE)


def typical_range(rows: int) -> tuple[int, int]:
    """Return the least and the most seconds that a job with so many rows typically takes, after the guide's table."""
    return next(((least, most) for below, least, most in _TYPICAL if rows < below), _TYPICAL_BEYOND)


def typical_seconds(rows: int) -> int:
    """Return the longest typical duration of a job with so many rows, in seconds."""
    return typical_range(rows)[1]
