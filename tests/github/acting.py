"""Workflows run by the real runner program on this machine: a clone, its bare remote, the emulator, events."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.git.clones import git
from tests.github.specs import SPEC
from tests.github.stand_in import TOKEN

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator
    from tests.git.clones import Remote
    from tests.github.stand_in import GitHubStandIn

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "syncer" / "scaffold" / "github"
TOOLS = Path(sys.executable).parent
ACT = TOOLS / "act"
ACTS = [
    pytest.mark.slow,
    pytest.mark.skipif(not ACT.exists(), reason="the runner program is not for this machine"),
]
"""Marks of the tests that run it."""
SETTINGS = "api: {{base_url: '{url}', poll: {{initial: 10ms, max: 50ms}}}}\nstate: {{git: push, branch: main}}\n"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
APP_TOKEN = "actions/create-github-app-token@1b10c78c7865c340bc4f6099eb2f838309f1e8c3"
STUBS = {
    SETUP_PYTHON: "inputs: {python-version: {}}\nruns: {using: composite, steps: [{shell: bash, run: 'true'}]}\n",
    UPLOAD: (
        "inputs: {name: {}, path: {}, if-no-files-found: {}, retention-days: {}}\n"
        "runs:\n"
        "  using: composite\n"
        "  steps:\n"
        "    - shell: bash\n"
        "      env: {NAME: '${{ inputs.name }}', FROM: '${{ inputs.path }}'}\n"
        "      run: |\n"
        '        mkdir -p "$ARTIFACTS/$NAME"\n'
        '        grep . <<< "$FROM" | while read -r path; do [ ! -e "$path" ] || cp "$path" "$ARTIFACTS/$NAME/"; done\n'
    ),
    CHECKOUT: (
        "inputs: {token: {default: '${{ github.token }}'}, persist-credentials: {}, fetch-depth: {}}\n"
        "runs:\n"
        "  using: composite\n"
        "  steps:\n"
        "    - shell: bash\n"
        "      env: {TOKEN: '${{ inputs.token }}', SERVER: '${{ github.server_url }}'}\n"
        "      run: |\n"
        "        git init --quiet --initial-branch=main\n"
        '        git remote add origin "$SERVER/$GITHUB_REPOSITORY"\n'
        '        kept="$RUNNER_TEMP/git-credentials.config"\n'
        "        credentials=$(printf 'x-access-token:%s' \"$TOKEN\" | base64 | tr -d '\\n')\n"
        '        git config --file "$kept" "http.$SERVER/.extraheader" "AUTHORIZATION: basic $credentials"\n'
        '        git config "includeIf.gitdir:$PWD/.git.path" "$kept"\n'
        "        git fetch --quiet --depth=1 origin +refs/heads/main:refs/remotes/origin/main\n"
        "        git checkout --quiet --force -B main refs/remotes/origin/main\n"
    ),
    APP_TOKEN: (
        "inputs: {client-id: {}, private-key: {}, permission-contents: {}}\n"
        "outputs: {token: {value: '${{ steps.mint.outputs.token }}'}}\n"
        "runs:\n"
        "  using: composite\n"
        "  steps:\n"
        "    - id: mint\n"
        "      shell: bash\n"
        "      env:\n"
        "        APP: ${{ inputs.client-id }}\n"
        "        KEY: ${{ inputs.private-key }}\n"
        "        MAY: ${{ inputs.permission-contents }}\n"
        "      run: |\n"
        '        token=ghs_$(printf \'%s %s %s\' "$APP" "$KEY" "$MAY" | sha256sum | cut -c 1-36)\n'
        '        echo "::add-mask::$token"\n'
        '        echo "token=$token" >> "$GITHUB_OUTPUT"\n'
    ),
}
"""Stand-ins for actions that need the network.

The Python with syncer is on the PATH already, and artifacts become files. The runner program makes the workspace a copy
of the clone and leaves a checkout out, except with `checks_out`: then the stub fetches the newest commit of main and
keeps the token that it was handed as the real one does, in a file of its own that the clone's settings include. The
app's token is made of all that the app's action was handed, so that a remote knows the right one (`app_token`).
"""


def app_token(client_id: str, key: str) -> str:
    """Return the token that the app's stub mints for writing contents."""
    return "ghs_" + hashlib.sha256(f"{client_id} {key} write".encode()).hexdigest()[:36]


@dataclass
class Ran:
    """What one run of a workflow printed, and whether it was green."""

    green: bool
    log: str


@dataclass
class Runner:
    """Runs workflows of a clone. `variables` and `secrets` are the repository's; see STUBS for `checks_out`.

    `tools` is the folder of the Python that jobs find: by default the one with syncer.
    """

    clone: Path
    remote: Remote
    emulator: Emulator
    home: Path
    secrets: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    checks_out: bool = False
    tools: Path = TOOLS

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
        named = {"-s": self.secrets, "--env": self.environ, "--var": self.variables, "--input": inputs}
        for option, values in named.items():
            for key, value in values.items():
                arguments += [option, f"{key}={value}"]
        if self.checks_out:
            arguments.append("--no-skip-checkout")
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

    def hides_syncer(self) -> Path:
        """Let jobs find a Python without syncer, whose pip puts it there; return the file of what pip was asked for."""
        self.tools = self.home / "bare"
        self.tools.mkdir(parents=True)
        asked = self.tools / "asked"
        python = self.tools / "python"
        python.write_text(
            "#!/bin/sh\n"
            f'echo "$PWD: $*" >> "{asked}"\n'
            "for last; do :; done\n"
            '[ ! -f "$last" ] || grep -q "^[^#]" "$last" || exit 0\n'
            f'ln -sf "{TOOLS}/syncer" "{self.tools}/syncer"\n',
            "utf-8",
        )
        python.chmod(0o755)
        return asked

    def syncer(self, *arguments: str) -> None:
        """Run syncer in the clone itself, as a person would."""
        environ = {**self._machine(), **self.secrets}
        subprocess.run([TOOLS / "syncer", *arguments], cwd=self.clone, env=environ, capture_output=True, check=True)

    def _machine(self) -> dict[str, str]:
        node = Path(shutil.which("node") or "/usr/bin/node").parent
        return {
            "PATH": f"{self.tools}:{node}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",  # all of them are there: the tests run on them
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def reaches(self, github: GitHubStandIn) -> None:
        """Let GitHub's API be this stand-in, with the token that it gives a job."""
        self.environ["GITHUB_API_URL"] = github.url
        self.secrets["GITHUB_TOKEN"] = TOKEN

    def seed(self, **files: str) -> None:
        """Push a project: the workflows that `syncer init` writes, one spec and its one file, and these files."""
        workflows = {
            f".github/{path.relative_to(TEMPLATES).as_posix()}": path.read_text("utf-8")
            for path in TEMPLATES.rglob("*")
            if path.is_file()
        }
        project = {
            "specs/crm.yaml": SPEC % ("crm", "profiles"),
            "in/crm-1.csv": "email\nada@example.com\n",
            "syncer.yaml": SETTINGS.format(url=self.emulator.base_url),
            ".gitignore": ".syncer/\n",
        }
        self.commit(**workflows, **project, **files)
        git(self.clone, "push", "--quiet", "origin", "HEAD:main")

    def commit(self, **files: str) -> str:
        """Commit these files and return the commit."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "--quiet", "--allow-empty", "-m", "change")
        return git(self.clone, "rev-parse", "HEAD")
