"""Ask a store again while it is busy or gives no usable answer. The ranges of a read have their own patience."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from syncer.source.stores.base import Place, RetryableError
from syncer.source.stores.failures import Kind, failed

A = TypeVar("A")
T = TypeVar("T")

ATTEMPTS: Final = 3


def patiently(ask: Callable[[], T], place: Place, doing: str) -> T:
    """Return what `ask` returns. Raises SourceError once the attempts are used up."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except RetryableError as error:
            if attempt == ATTEMPTS:
                raise failed(Kind.UNREACHABLE, place, doing, detail=error.why) from error
            time.sleep(random.uniform(0, 0.3 * 2**attempt))  # noqa: S311 - jitter, not a secret
    raise AssertionError("the last attempt returns or raises")


def parsed(parse: Callable[[A], T], answer: A) -> T:
    """Parse an answer. Raises RetryableError for one that is cut off, or somebody else's, such as a login page."""
    try:
        return parse(answer)
    except (ValueError, LookupError) as error:
        raise RetryableError("its answer cannot be read") from error
