"""A place: where only one run can be alive, whatever the machine is called."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from syncer.operations.identity import place_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


SCRIPT = "import sys, pathlib, syncer.operations.identity as i; print(i.place_of(pathlib.Path(sys.argv[1])))"


def place_in_another_process(root: Path) -> str:
    command = [sys.executable, "-c", SCRIPT, str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_place_stays_the_same(tmp_path: Path) -> None:
    """Every run in one clone on one machine names it alike, and nothing but the token lies about."""
    place = place_of(tmp_path)
    assert place == place_of(tmp_path) == place_in_another_process(tmp_path)
    assert sorted(path.name for path in (tmp_path / ".syncer").iterdir()) == [".gitignore", "place"]


def test_two_containers_are_two_places(tmp_path: Path) -> None:
    """The same host name and the same path, but another disk: the leases of the one mean something to the other."""
    root = tmp_path / "work"
    root.mkdir()
    first = place_of(root)
    shutil.rmtree(root)
    root.mkdir()
    assert place_of(root) != first


def test_a_copied_clone_is_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that carries .syncer along, to another folder or another machine, does not make them one."""
    first = place_of(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert place_of(tmp_path / "two") != first
    monkeypatch.setattr(platform, "node", lambda: "another-machine")
    assert place_of(tmp_path / "one") != first


def test_what_is_no_token_is_replaced(tmp_path: Path) -> None:
    """A torn or foreign file does not make places alike."""
    place_of(tmp_path)
    file = tmp_path / ".syncer" / "place"
    file.write_bytes(b"\xff\x00")
    place = place_of(tmp_path)
    assert len(file.read_text(encoding="utf-8")) == 33
    assert place == place_of(tmp_path)


def test_where_no_token_can_be_kept_each_process_is_a_place(tmp_path: Path) -> None:
    """It cannot be told from other machines of that name, so it waits for leases rather than ignore them."""
    (tmp_path / ".syncer").write_text("a file stands where the folder should be", encoding="utf-8")
    assert place_of(tmp_path) == place_of(tmp_path)
    assert place_of(tmp_path) != place_in_another_process(tmp_path)
