"""The README's tour, walked by a machine: its files are written, its commands run in order, its output appears."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PORT = "8765"  # the README's; each test takes a free one instead


@dataclass(frozen=True)
class Step:
    """One `$ command` of the README, with the output shown below it and the exit code that its comment names."""

    command: tuple[str, ...]
    shown: tuple[str, ...]
    exit_code: int


def files() -> dict[str, str]:
    """The tour's files: each fence of `yaml` or `csv` that follows a line with a path in backticks and a colon."""
    return dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", README, re.DOTALL | re.MULTILINE))


def steps() -> list[Step]:
    """Every command of every ```console fence, in the order of the page."""
    fences = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    found = []
    for text in re.split(r"^\$ ", "".join(fences), flags=re.MULTILINE)[1:]:
        line, *shown = text.splitlines()
        exits = re.search(r"# exits with (\d+)$", line)
        found.append(
            Step(tuple(shlex.split(line, comments=True)), tuple(filter(None, shown)), int(exits[1]) if exits else 0)
        )
    return found


def run(step: Step, folder: Path, environment: dict[str, str]) -> str:
    """Run one syncer command and return all it printed."""
    program, *arguments = step.command
    assert program == "syncer", step.command
    ran = subprocess.run(
        [sys.executable, "-m", "syncer", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == step.exit_code, f"{step.command}\n{ran.stdout}"
    return ran.stdout


def appears(shown: str, output: str) -> bool:
    """Whether a line of the README stands in the output; `…` stands for anything."""
    pattern = ".*".join(map(re.escape, shown.strip().split("…")))
    return re.search(pattern, output) is not None


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def workspace(tmp_path: Path, port: str) -> Path:
    for name, text in files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(PORT, port), "utf-8", newline="\n")
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1", "SYNCER_API__POLL__INITIAL": "50ms"}


@pytest.fixture
def emulator(workspace: Path, port: str, environment: dict[str, str]) -> Iterator[None]:
    """Start the emulator as the README does; it is ready once it has printed its URL."""
    (step,) = (step for step in steps() if step.command[:2] == ("syncer", "emulate"))
    arguments = [argument.replace(PORT, port) for argument in step.command[1:] if argument != "&"]
    with subprocess.Popen(
        [sys.executable, "-m", "syncer", *arguments],
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            assert f":{port}/" in server.stdout.readline()
            yield
        finally:
            server.terminate()


@pytest.mark.slow
@pytest.mark.usefixtures("emulator")
def test_the_tour_works_as_written(workspace: Path, environment: dict[str, str]) -> None:
    """Every command exits as the README says and prints the lines that stand below it."""
    walked = 0
    for step in steps():
        if step.command[0] == "export":
            for argument in step.command[1:]:
                name, _, value = argument.partition("=")
                environment[name] = value
        elif step.command[1] != "emulate":
            output = run(step, workspace, environment)
            missing = [line for line in step.shown if not appears(line, output)]
            assert missing == [], f"{step.command} printed\n{output}"
        walked += 1

    assert walked >= len({"validate", "plan", "apply", "status", "history"})


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\bsyncer ([a-z]+)[ `]", README))))
def test_every_verb_that_is_named_exists(verb: str, tmp_path: Path, environment: dict[str, str]) -> None:
    """Whatever `syncer VERB` the README speaks of, the command line knows."""
    assert f"usage: syncer {verb}" in run(Step(("syncer", verb, "--help"), (), 0), tmp_path, environment)
