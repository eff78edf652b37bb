"""Messages: the worst first, alike ones together, and never longer than a chat takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from syncer.render.notification import MOST_CAUSES, MOST_SPECS, body, title


@dataclass(frozen=True)
class Cause:
    text: str
    next_step: str = ""


@dataclass(frozen=True)
class Item:
    name: str
    kind: str
    causes: tuple[Cause, ...] = ()
    owner: str | None = None


def test_as_many_as_fit_are_told_without_a_rest() -> None:
    """Only what is left out is counted as such."""
    items = [Item(f"s{place}", "failed", (Cause(f"cause {place}"),)) for place in range(MOST_SPECS)]
    assert "more" not in body(items, run="R1", link="")


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("f", "syncer: s0 failed (prod)"),
        ("d", "syncer: s0 is degraded (prod)"),
        ("r", "syncer: s0 has recovered (prod)"),
        ("ff", "syncer: 2 specs failed (prod)"),
        ("rfd", "syncer: 1 spec failed, 1 degraded, 1 recovered (prod)"),
    ],
)
def test_the_title_says_how_many_of_what(kinds: str, expected: str) -> None:
    """One spec by its name, several by their number."""
    names = {"f": "failed", "d": "degraded", "r": "recovered"}
    assert title([Item(f"s{place}", names[kind]) for place, kind in enumerate(kinds)], "prod") == expected


def test_the_body_has_the_worst_first_and_alike_ones_together() -> None:
    """A run that broke off for all specs is one cause; each line of a cause is followed by what to do."""
    broken = (Cause("the run failed: the token was refused", "syncer doctor --only api\nsecond line"),)
    items = [
        Item("orders", "recovered"),
        Item("crm", "failed", broken, owner="crm-team"),
        Item("shop", "failed", broken),
        Item("late", "degraded", (Cause("nothing imported for more than 1d", "see: syncer history late"),)),
    ]
    assert body(items, run="R1", link="https://github.com/acme/imports/actions/runs/77").splitlines() == [
        "failed: crm (owner: crm-team), shop",
        "  the run failed: the token was refused",
        "  next: syncer doctor --only api",
        "degraded: late",
        "  nothing imported for more than 1d",
        "  see: syncer history late",
        "recovered: orders",
        "Run R1: https://github.com/acme/imports/actions/runs/77",
    ]


def test_a_message_has_an_end() -> None:
    """However much fails, and whatever stands in a file's name."""
    causes = tuple(Cause(f"file {number}\n{'x' * 5000}") for number in range(100))
    many = [Item(f"spec-{number}", "failed", (*causes, Cause(str(number)))) for number in range(1000)]
    text = body(many, run="R1", link="")
    assert len(text) < 30_000
    assert f"and {1000 - MOST_SPECS} more: syncer status" in text
    assert f"  and {101 - MOST_CAUSES} more causes" in text
    assert len(text.splitlines()) == MOST_SPECS * (MOST_CAUSES + 2) + 2
