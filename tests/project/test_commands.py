"""The two commands a newcomer pastes are the ones that .ci/run runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def readme_commands() -> list[str]:
    """The README's ```sh blocks: what is pasted into a fresh clone, one line each."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block.rstrip("\n") for block in blocks]


def test_the_readme_commands_are_what_ci_runs() -> None:
    """.ci/run begins with the README's commands, character for character."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    commands = readme_commands()

    assert re.findall(r"^run '(.*)'$", script, re.MULTILINE)[: len(commands)] == commands


def test_each_readme_command_stands_alone() -> None:
    """There is one line for the demo and one for the tests, and each makes its own environment from the pins."""
    demo, tests = readme_commands()

    assert demo.endswith(" && .venv/bin/syncer demo")
    assert tests.endswith(" && .venv/bin/pytest")
    for command, pins in [(demo, "requirements.txt"), (tests, "requirements-dev.txt")]:
        assert "\n" not in command
        assert command.startswith("python3 -m venv .venv && ")
        assert f" -r {pins} " in command
