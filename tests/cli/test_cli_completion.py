"""Completion scripts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.cli.completion import script
from syncer.cli.verbs import VERBS

RunCli = Callable[..., Any]
BASH = shutil.which("bash")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_verb_and_its_options_are_offered(cli: RunCli, shell: str) -> None:
    """The script of each shell knows all verbs and their options."""
    ran = cli("completion", shell)

    assert ran.code == 0
    for word in (*VERBS, "detailed-exitcode", "over-limits", "out-of-order", "job-seconds"):
        assert word in ran.out


@pytest.mark.skipif(BASH is None or shutil.which("cygpath") is not None, reason="needs a bash of this system's own")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["syncer", "pl"], "plan"),
        (["syncer", "-C", "plan", "statu"], "status"),
        (["syncer", "-C", "x", "plan", "--det"], "--detailed-exitcode"),
        (["syncer", "plan", "-o", "j"], "json"),
        (["syncer", "completion", "f"], "fish"),
    ],
)
def test_bash_completes(tmp_path: Path, words: list[str], offered: str) -> None:
    """A real bash that has loaded the script offers the one word that fits."""
    (tmp_path / "syncer.bash").write_text(script("bash"), "utf-8", newline="\n")
    line = " ".join(f"'{word}'" for word in words)
    code = f'source ./syncer.bash; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _syncer; echo "${{COMPREPLY[@]}}"'

    ran = subprocess.run([BASH or "bash", "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)

    assert ran.stdout.strip() == offered
