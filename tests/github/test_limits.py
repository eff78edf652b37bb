"""GitHub's limits that pass: short ones are waited for, for long ones it is said when to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.operations.github_api import GitHub, RateLimitedError
from tests.github.stand_in import GitHubStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def api(github: GitHubStandIn, waits: list[float]) -> Iterator[GitHub]:
    """A client whose waits take no time, and which may write again after two of them."""

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        github.writable = len(waits) >= 2

    api = GitHub.from_environ(github.environ(), permission="issues", sleep=sleep)
    github.writable, github.refusal = False, (403, "You have exceeded a secondary rate limit")
    yield api
    api.close()


def test_a_short_limit_is_waited_for(github: GitHubStandIn, api: GitHub, waits: list[float]) -> None:
    """What was refused was not done: it is asked once more after each wait, and done once."""
    github.headers = {"Retry-After": "50"}

    assert api.add_issue("crm fails", "why", []) == 1
    assert waits == [50, 50]
    assert len(github.issues.all) == 1


@pytest.mark.parametrize(("asked", "waited"), [("80", [80]), ("600", []), ("soon", []), ("-1", []), ("", [])])
def test_all_waits_together_have_a_bound(
    github: GitHubStandIn, api: GitHub, waits: list[float], asked: str, waited: list[float]
) -> None:
    """A job is not held up for long, nor by a number that is none."""
    github.headers = {"Retry-After": asked}

    with pytest.raises(RateLimitedError):
        api.add_issue("crm fails", "why", [])
    assert waits == waited


def test_no_wait_at_all_has_a_bound_too(github: GitHubStandIn, waits: list[float]) -> None:
    """A service that says "at once" for ever is not asked for ever."""
    github.headers = {"Retry-After": "0"}
    github.writable, github.refusal = False, (429, "Too many requests")
    api = GitHub.from_environ(github.environ(), permission="issues", sleep=waits.append)
    try:
        with pytest.raises(RateLimitedError):
            api.add_issue("crm fails", "why", [])
    finally:
        api.close()
    assert 1 <= len(waits) <= 121


def test_it_says_when_an_hour_s_calls_are_new(github: GitHubStandIn, api: GitHub, waits: list[float]) -> None:
    """The limit of an hour names its end as a time, which a person reads."""
    github.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000000"}

    with pytest.raises(RateLimitedError) as limited:
        api.add_issue("crm fails", "why", [])
    assert "run it again after 14:13:20 UTC" in limited.value.next_step
    assert waits == []
