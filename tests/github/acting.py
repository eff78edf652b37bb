"""Workflows run by the real runner program on this machine: a clone, its bare remote, the emulator, events."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.git.clones import git

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator
    from tests.git.clones import Remote

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "syncer" / "scaffold" / "github" / "workflows"
TOOLS = Path(sys.executable).parent
ACT = TOOLS / "act"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
STUBS = {
    SETUP_PYTHON: "inputs: {python-version: {}}\nruns: {using: composite, steps: [{shell: bash, run: 'true'}]}\n",
    UPLOAD: (
        "inputs: {name: {}, path: {}, if-no-files-found: {}, retention-days: {}}\n"
        "runs:\n"
        "  using: composite\n"
        "  steps:\n"
        "    - shell: bash\n"
        "      env: {NAME: '${{ inputs.name }}', FROM: '${{ inputs.path }}'}\n"
        '      run: mkdir -p "$ARTIFACTS/$NAME" && cp "$FROM" "$ARTIFACTS/$NAME/"\n'
    ),
}
"""The Python with syncer is on the PATH already, and artifacts become files."""


@dataclass
class Ran:
    """What one run of a workflow printed, and whether it was green."""

    green: bool
    log: str


@dataclass
class Runner:
    """Runs workflows of a clone. `variables` and `secrets` are the repository's."""

    clone: Path
    remote: Remote
    emulator: Emulator
    home: Path
    secrets: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.home / "artifacts"

    def run(self, event: str, workflow: str, payload: dict[str, Any] | None = None, **inputs: str) -> Ran:
        """Let the event happen, and run the workflow for it to its end."""
        self.home.mkdir(exist_ok=True)
        (self.home / "event.json").write_text(json.dumps(payload or {}), "utf-8")
        arguments = [str(ACT), event, "-W", f".github/workflows/{workflow}", "-P", "ubuntu-latest=-self-hosted"]
        arguments += ["--no-cache-server", "--artifact-server-addr", "127.0.0.1", "--action-offline-mode"]
        arguments += ["-e", str(self.home / "event.json")]
        arguments += ["--env", f"ARTIFACTS={self.artifacts}", "--env", "GITHUB_REPOSITORY=acme/imports"]
        for name, text in STUBS.items():
            folder = self.home / "stubs" / name.split("/")[1].partition("@")[0]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "action.yml").write_text(f"name: stub\ndescription: stub\n{text}", "utf-8")
            arguments += ["--local-repository", f"{name}={folder}"]
        for option, values in (("-s", self.secrets), ("--env", self.environ), ("--input", inputs)):
            for key, value in values.items():
                arguments += [option, f"{key}={value}"]
        done = subprocess.run(
            arguments,
            cwd=self.clone,
            env=self._machine(),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Ran(done.returncode == 0, done.stdout + done.stderr)

    def syncer(self, *arguments: str) -> None:
        """Run syncer in the clone itself, as a person would."""
        environ = {**self._machine(), **self.secrets}
        subprocess.run([TOOLS / "syncer", *arguments], cwd=self.clone, env=environ, capture_output=True, check=True)

    def _machine(self) -> dict[str, str]:
        node = Path(shutil.which("node") or "/usr/bin/node").parent
        return {
            "PATH": f"{TOOLS}:{node}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",  # all of them are there: the tests run on them
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def commit(self, **files: str) -> str:
        """Commit these files and return the commit."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "--quiet", "--allow-empty", "-m", "change")
        return git(self.clone, "rev-parse", "HEAD")
