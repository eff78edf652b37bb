"""The two commands a newcomer pastes are the ones that .ci/run runs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.servers.azure import INSTALL

ROOT = Path(__file__).parents[2]


def readme_commands() -> list[str]:
    """The README's ```sh blocks: what is pasted into a fresh clone, one line each."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block.rstrip("\n") for block in blocks]


def test_the_readme_commands_are_what_ci_runs() -> None:
    """.ci/run makes its environments with the README's commands, character for character and in their order."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    commands = re.findall(r"^run '(.*)'$", script, re.MULTILINE)

    assert [command for command in commands if "-m venv" in command] == readme_commands()


def test_the_azure_store_is_installed_before_the_tests() -> None:
    """Whatever CI runs the tests with has installed the one store that pip does not bring, as CONTRIBUTING.md says."""
    for path in [".ci/run", ".github/workflows/ci.yml"]:
        script = (ROOT / path).read_text("utf-8")
        assert 0 < script.find(INSTALL) < script.find("/pytest")
    assert INSTALL in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_each_readme_command_stands_alone() -> None:
    """There is one line for the demo and one for the tests, and each makes its own environment from the pins."""
    demo, tests = readme_commands()

    assert demo.endswith(" && .venv/bin/syncer demo")
    assert tests.endswith(" && .venv/bin/pytest")
    for command, pins in [(demo, "requirements.txt"), (tests, "requirements-dev.txt")]:
        assert "\n" not in command
        assert command.startswith("python3 -m venv .venv && ")
        assert f" -r {pins} " in command
