"""The walk: what is shown, in which order, and what each step says."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncer.apply.context import Stop
from syncer.errors import Interrupted, SyncerError, UsageError
from syncer.operations.demo.processes import TOKEN, clean_environment, emulator, run_syncer
from syncer.operations.demo.proof import prove
from syncer.operations.demo.workspace import CHANGED, correct_first_bad_address, make_workspace
from syncer.render.layout import shorten, shown
from syncer.render.style import PLAIN, Style

CHANGES_PENDING: Final = 2
_DATA: Final = ".syncer/emulator"
_REJECTS: Final = ".syncer/rejects/crm-profiles"
_LINES, _COLUMNS = 3, 160

Tell = Callable[[str], None]


def demo(
    folder: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    tell: Tell,
    style: Style = PLAIN,
    stop: Stop | None = None,
) -> Path:
    """Make a workspace, import it into an emulator, prove what came of it, and return where the workspace is.

    `folder` must be new or empty; without one it is a temporary one, which is left for a look. Takes seconds. Raises
    SyncerError when a step does not go as it says, Interrupted when `stop` is set; every process it started is gone by
    then.
    """
    root = _new_folder(folder)
    stop = stop or Stop()
    tour = _Tour(root, clean_environment(os.environ if environ is None else environ), tell, style, stop)
    try:
        with emulator(root / _DATA, tour.environ, stop) as base_url:
            make_workspace(root, base_url)
            tour.walk()
    except Interrupted as error:
        raise Interrupted("the demo was stopped", signal_number=error.signal_number) from None
    tour.prove()
    tour.farewell(base_url)
    return root


def _new_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="syncer-demo-")).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is not empty", next_step="name a folder that is new or empty: syncer demo --dir DIR"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@dataclass
class _Tour:
    root: Path
    environ: Mapping[str, str]
    tell: Tell
    style: Style
    stop: Stop
    steps: int = 0

    def walk(self) -> None:
        self.tell(
            f"A workspace was made in {self.root}: three specs in specs/, their files in exports/. An emulator of the "
            "platform's API runs beside it. All people in it are made up."
        )
        self._step("validate checks the specs, and with --online asks the platform about objects, fields and types.")
        self._run("validate", "--online")
        self._step("plan says what is pending and why. It changes nothing.")
        self._run("plan", "--detailed-exitcode", expected=CHANGES_PENDING)
        self._step("apply imports it: one job at a time for each object, every step on record before it is taken.")
        self._run("apply")
        self._step("status tells where every spec stands.")
        self._run("status")
        self._step("Rejected rows are kept in a private folder that git ignores. These are made up, so look at some:")
        self._show_rejected()
        self._step("A second plan finds nothing to do: each version of a file is imported exactly once.")
        self._run("plan", "--detailed-exitcode")
        self._step(f"Somebody corrects one address in {CHANGED}. Only that file is imported again.")
        correct_first_bad_address(self.root)
        self._run("plan", "--detailed-exitcode", expected=CHANGES_PENDING)
        self._run("apply")
        self._step("history answers the auditor: what was sent, when, and what became of it.")
        self._run("history")

    def prove(self) -> None:
        self._step("The proof, from the platform's own data:")
        for sentence in prove(self.root / _DATA):
            self.tell(f"  {self.style.green('ok')}  {sentence}")

    def farewell(self, base_url: str) -> None:
        """Say where everything is, and how to go on with it."""
        port = base_url.rpartition(":")[2].partition("/")[0]
        self._title("That is all. The workspace is left for you to look at and to play with:")
        program = "syncer" if shutil.which("syncer") else f"{shlex.quote(sys.executable)} -m syncer"
        commands = (
            f"cd {shlex.quote(str(self.root))}",
            f"export EXPERITURE_API_KEY={TOKEN}",
            f"{program} emulate --port {port} --data {_DATA} &",
            f"{program} plan",
        )
        self.tell("\n" + "\n".join(f"    {command}" for command in commands))

    def _step(self, text: str) -> None:
        self.steps += 1
        self._title(f"{self.steps}. {text}")

    def _title(self, text: str) -> None:
        self.tell(f"\n{self.style.bold(text)}")

    def _run(self, *arguments: str, expected: int = 0) -> None:
        self.tell(self.style.cyan(f"$ syncer {' '.join(arguments)}"))
        code = run_syncer(arguments, self.root, self.environ, self.stop)
        if code != expected:
            raise SyncerError(
                f"the demo stopped: syncer {' '.join(arguments)} exited with {code} instead of {expected}",
                where=str(self.root),
            )

    def _show_rejected(self) -> None:
        files = sorted((self.root / _REJECTS).glob("*.jsonl"))
        if not files:
            raise SyncerError("the demo stopped: no rejected rows were kept", where=str(self.root / _REJECTS))
        name = files[0].relative_to(self.root).as_posix()
        self.tell(self.style.cyan(f"$ head -n {_LINES} {name}"))
        for line in _first_lines(files[0]):
            self.tell(shorten(shown(line), _COLUMNS))


def _first_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(_LINES), strict=False):
            yield line.rstrip("\n")
