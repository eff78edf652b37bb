"""How often a running job is asked."""

from __future__ import annotations

from itertools import islice, repeat

from hypothesis import given
from hypothesis import strategies as st

from syncer.apply.context import PollPace
from syncer.apply.follow import JITTER, pauses

CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_without_chance_the_pauses_are_the_guides() -> None:
    """Five seconds at first, half as long again each time, a minute at most."""
    found = list(islice(pauses(PollPace(), lambda: 0.0), 9))
    assert found == [5, 7.5, 11.25, 16.875, 25.3125, 37.96875, 56.953125, 60, 60]


@given(st.lists(CHANCE, min_size=12, max_size=12))
def test_jitter_stays_within_the_guides_bounds(chances: list[float]) -> None:
    """No pause is shorter than the first or longer than the cap, and each is close to its step."""
    steps = list(islice(pauses(PollPace(), lambda: 0.0), 12))
    found = list(islice(pauses(PollPace(), iter(chances).__next__), 12))
    for step, pause in zip(steps, found, strict=True):
        assert 5 <= pause <= 60
        assert abs(pause - step) <= JITTER * step


def test_at_the_cap_the_pauses_still_differ() -> None:
    """Clients that poll for hours do not fall into step: at the cap the jitter shortens the pause."""
    at_cap = [list(islice(pauses(PollPace(), repeat(chance).__next__), 12))[-1] for chance in (0.0, 0.3, 0.9)]
    assert at_cap[0] == 60
    assert at_cap[0] > at_cap[1] > at_cap[2] >= 60 * (1 - JITTER)
