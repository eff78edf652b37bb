"""When to try again, and how long to wait before it.

Waits are full-jitter exponential: a random part of `base · 2ⁿ`, never past the cap. A `Retry-After` is a floor under
that: the wait is at least as long as it says, plus the jitter on top, so that clients told the same number do not come
back together. Being told to slow down (429) is not a failure: it has a bound of its own, and does not use up attempts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncer.errors import ApiError

T = TypeVar("T")

RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})
BUSY_STATUS = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The bounds of trying again, in tries and in seconds of waiting.

    `attempts` counts the first try. `total_seconds` bounds the waits after failures, `busy_seconds` those after a 429.
    """

    attempts: int = 6
    base_seconds: float = 1.0
    cap_seconds: float = 30.0
    total_seconds: float = 300.0
    busy_seconds: float = 900.0


class TransientError(Exception):
    """One attempt failed in a way that another may not. `error` is what the caller is told if none succeeds."""

    def __init__(self, error: ApiError, *, retry_after: float | None = None, busy: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after
        self.busy = busy


class Retrier:
    """Runs attempts after a policy. `sleep` may raise to abort a wait; `random` gives numbers in [0, 1)."""

    def __init__(self, policy: RetryPolicy, *, sleep: Callable[[float], None], random: Callable[[], float]) -> None:
        self._policy = policy
        self._sleep = sleep
        self._random = random

    def call(self, attempt: Callable[[int], T]) -> T:
        """Give the first result of `attempt(number)`, counted from 1. Raises the last TransientError's error."""
        budget = _Budget(self._policy)
        number = 0
        while True:
            number += 1
            try:
                return attempt(number)
            except TransientError as failure:
                wait = budget.next_wait(failure, self._random())
                if wait is None:
                    raise budget.given_up(failure, number) from failure.__cause__
            self._sleep(wait)


class _Budget:
    """What is left of one call's tries and waiting time."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._refusals = 0
        self._waited = 0.0
        self._waited_busy = 0.0

    def next_wait(self, failure: TransientError, chance: float) -> float | None:
        """Give the seconds to wait before the next attempt, or None when there is to be none."""
        policy = self._policy
        if failure.busy:
            self._refusals += 1
        else:
            self._failures += 1
        # The number that counts is of this kind of failure; 2**20 seconds are past any cap, and stay a small number.
        nth = min(self._refusals if failure.busy else self._failures, 20)
        jitter = chance * min(policy.cap_seconds, policy.base_seconds * 2.0 ** (nth - 1))
        wait = (failure.retry_after or 0.0) + jitter
        if failure.busy:
            self._waited_busy += wait
            # Jitter may be nothing at all, so the number of refusals needs a bound as well as the time.
            return wait if self._waited_busy <= policy.busy_seconds and self._refusals < 20 * policy.attempts else None
        self._waited += wait
        return wait if self._failures < policy.attempts and self._waited <= policy.total_seconds else None

    def given_up(self, failure: TransientError, attempts: int) -> ApiError:
        """Give the error to raise, which says how often it was tried and which wait was too long."""
        error = failure.error
        notes = [error.why] if error.why else []
        notes.append(f"gave up after {attempts} attempt{'s' if attempts != 1 else ''}")
        if failure.retry_after is not None:
            notes.append(f"the server asked to wait another {failure.retry_after:.0f} s")
        error.why = "; ".join(notes)
        return error


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Give the seconds that a `Retry-After` header asks for, in seconds or by an HTTP date; None if it is neither."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
