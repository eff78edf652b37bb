"""The next command stands where it can be copied."""

from __future__ import annotations

import pytest

from syncer.render.next_step import next_step_lines


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("make it again: syncer plan --out p", ["make it again:", "", "    syncer plan --out p", ""]),
        ("export EXPERITURE_API_KEY=…", ["next:", "", "    export EXPERITURE_API_KEY=…", ""]),
        ("ask the vendor's support about job imp_1", ["next: ask the vendor's support about job imp_1"]),
        ("restore it, run syncer apply, then go on", ["next: restore it, run syncer apply, then go on"]),
    ],
)
def test_a_command_has_its_own_line(step: str, lines: list[str]) -> None:
    """What is a whole command is set apart; a sentence that only mentions one is left as it is."""
    assert next_step_lines(step) == lines
