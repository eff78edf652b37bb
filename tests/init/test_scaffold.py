"""`syncer init`: a repository that works as it is, and nothing of anybody's is overwritten."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from syncer.cli import run
from syncer.operations.init.scaffold import scaffold
from syncer.spec.schema import schema_text, schema_text_of_tests

SHIPPED = Path(__file__).parents[2] / "syncer" / "scaffold"
Syncer = Callable[..., str]


@pytest.fixture
def syncer(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Syncer:
    """Run `syncer ARGUMENTS` in an empty folder and return what it printed; the exit code must be 0."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        got = run(list(arguments))
        printed = capsys.readouterr()
        assert got == code, printed.out + printed.err
        return printed.out

    return call


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    isolated = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    ran = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=isolated, check=True, capture_output=True, encoding="utf-8"
    )
    return ran.stdout


def test_a_fresh_repository_is_green_without_credentials(syncer: Syncer, tmp_path: Path) -> None:
    """Made and committed, it validates, passes its tests and plans its example, before it has a remote."""
    syncer("init")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "begin")
    assert "no problems" in syncer("validate")
    assert "1 test: all passed." in syncer("test")
    assert "Plan: 1 to import." in syncer("plan")
    assert "0 would be rejected" in syncer("check")
    assert git(tmp_path, "status", "--porcelain") == ""
    assert git(tmp_path, "check-attr", "merge", "state/example.jsonl").strip().endswith("merge: union")
    assert git(tmp_path, "check-ignore", ".env", ".syncer/cache").split() == [".env", ".syncer/cache"]


def test_without_the_remote_nothing_is_applied(syncer: Syncer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan reads this clone's own log; what would write to it still asks for the remote."""
    syncer("init")
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("EXPERITURE_API_KEY", "token")
    assert "import" not in syncer("apply", code=1)
    assert not (tmp_path / "state").exists()


def test_every_file_is_made_and_a_second_time_changes_nothing(syncer: Syncer, tmp_path: Path) -> None:
    """What ships is what is made, the workflows too; made again, every file is there already."""
    first = json.loads(syncer("init", "new/repo", "-o", "json"))
    before = contents(tmp_path / "new" / "repo")
    assert {each["path"] for each in first["files"]} == set(before)
    assert {each["outcome"] for each in first["files"]} == {"made"}
    github = contents(SHIPPED / "github") if (SHIPPED / "github").is_dir() else {}
    assert {path: text for path, text in before.items() if path.startswith(".github/")} == {
        f".github/{path}": text for path, text in github.items() if "__pycache__" not in path
    }
    assert before["specs/.schema.json"].decode() == schema_text()
    assert before["specs/.tests.schema.json"].decode() == schema_text_of_tests()
    second = json.loads(syncer("init", "new/repo", "-o", "json"))
    assert {each["outcome"] for each in second["files"]} == {"same"}
    assert contents(tmp_path / "new" / "repo") == before


def test_what_exists_is_left_and_named(syncer: Syncer, tmp_path: Path) -> None:
    """Not a byte of it changes; of git's own files it is told which lines are lacking."""
    (tmp_path / "README.md").write_text("mine\n", "utf-8")
    (tmp_path / ".gitignore").write_text("# mine\n.env\n", "utf-8")
    out = syncer("init")
    assert "left as it is: it is yours  README.md" in out
    assert ".gitignore lacks what syncer needs; add: .syncer/" in out
    assert "10 files made, 2 left alone." in out
    assert (tmp_path / "README.md").read_text("utf-8") == "mine\n"
    assert (tmp_path / ".gitignore").read_text("utf-8") == "# mine\n.env\n"
    assert "README.md" in syncer("init", "-o", "markdown")


def test_a_dry_run_makes_nothing(syncer: Syncer, tmp_path: Path) -> None:
    """It names every file that would be made, and not even the folder is there afterwards."""
    out = syncer("init", "repo", "--dry-run")
    assert "would be made  syncer.yaml" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_link_to_nowhere_is_not_written_through(tmp_path: Path) -> None:
    """A link is somebody's file, whatever it leads to."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "syncer.yaml").symlink_to(elsewhere)
    made = {each.path: each.outcome for each in scaffold(tmp_path / "repo")}
    assert made["syncer.yaml"] == "left"
    assert not elsewhere.exists()


def test_a_folder_in_a_file_s_place_is_an_error(syncer: Syncer, tmp_path: Path) -> None:
    """What was made until then stays, and the message names the place."""
    (tmp_path / "syncer.yaml").mkdir()
    syncer("init", code=1)
    assert (tmp_path / "syncer.yaml").is_dir()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--object", "profiles"), "--object is for a spec from a file"),
        (("--name", "crm"), "--name is for a spec from a file"),
        (("--from", "a.csv"), "say which object the rows are to go into"),
        (("there", "--from", "a.csv", "--object", "x"), "--from writes a spec into the project that is here"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    """As wrong usage, in words that name the option, and before anything is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("email\nada@example.com\n", "utf-8")

    code = run(["init", *arguments])

    assert code == 64
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
