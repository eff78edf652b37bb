"""`syncer check --against`: what a changed spec makes of the file that was imported last."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator
from tests.cli.conftest import RunCli
from tests.git.clones import git

SPEC = """\
version: 1
source: {uri: "in/*.csv"}
target: {object: profiles, match_key: email}
mapping: {email: email, name: first_name}
"""
ROWS = "email,name,secret\nada@example.com,Ada,whisper\n bob@example.com ,Bob,whisper\nnobody,Cy,whisper\n"
ADA = hashlib.sha256(b"ada@example.com").hexdigest()
WARNING = "::warning file=specs/crm.yaml,line=1,col=1::"

Check = Callable[..., dict[str, Any]]


@pytest.fixture
def repository(project: Path, emulator: Emulator, cli: RunCli) -> Path:
    """The project in git, with one file of three rows imported, of which two were rejected."""
    assert emulator.token
    (project / "in" / "a.csv").write_text(ROWS, "utf-8")
    (project / "specs" / "crm.yaml").write_text(SPEC, "utf-8")
    git(project, "init", "--quiet")
    commit(project)
    assert cli("apply").code == 0
    return project


@pytest.fixture
def check(repository: Path, cli: RunCli) -> Check:
    """Compare with a revision, HEAD if none is named, and return the document."""
    assert repository

    def call(*arguments: str, ref: str = "HEAD", code: int = 0) -> dict[str, Any]:
        ran = cli("check", "--against", ref, "-o", "json", *arguments)
        assert ran.code == code, ran.out + ran.err
        found: dict[str, Any] = json.loads(ran.out)
        return found

    return call


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "change")


def write(repository: Path, text: str, name: str = "crm") -> None:
    (repository / "specs" / f"{name}.yaml").write_text(text, "utf-8")


def rejected(found: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Return how many rows of each spec's file would be rejected before and now, and the difference."""
    return [(each["before"]["invalid"], each["after"]["invalid"], each["difference"]) for each in found["specs"]]


def test_a_type_that_rows_do_not_have_rejects_more(repository: Path, check: Check) -> None:
    """Every row more is counted, with its reason as new; the run is green, for it is what the change asks for."""
    write(repository, SPEC.replace("name: first_name", "name: {to: age, type: integer}"))

    found = check()

    assert rejected(found) == [(2, 3, 1)]
    (spec,) = found["specs"]
    assert (spec["spec"], spec["file"], spec["after"]["rows"]) == ("crm", "in/a.csv", 3)
    assert any(each["before"] == 0 and each["after"] > 0 for each in spec["reasons"])


def test_cleaning_heals_rows(repository: Path, check: Check) -> None:
    """A transform that mends rows shows fewer, and the reason's count before and now."""
    write(repository, SPEC.replace("email: email", "email: {to: email, clean: [trim]}"))

    found = check()

    assert rejected(found) == [(2, 1, -1)]
    assert [(each["before"], each["after"]) for each in found["specs"][0]["reasons"]] == [(2, 1)]


@pytest.mark.parametrize(
    ("added", "over"),
    [("checks: {max_invalid: 10%}\n", "checks.max_invalid is 10%"), ("on_invalid: abort\n", "on_invalid is abort")],
)
def test_checks_that_the_file_would_not_pass_now(repository: Path, check: Check, added: str, over: str) -> None:
    """Tightened checks reject no row more, and the exit code says that they would hold the file back."""
    write(repository, SPEC + added)

    found = check(code=3)

    assert rejected(found) == [(2, 2, 0)]
    assert (found["specs"][0]["before"]["over"], found["specs"][0]["after"]["over"]) == ("", over)


def test_rows_that_are_held_back_or_suppressed_are_told(repository: Path, check: Check, cli: RunCli) -> None:
    """Quarantine changes what becomes of rows and not how many are wrong; a suppress list takes rows out."""
    (repository / "erased.txt").write_text(f"{ADA}\n", "utf-8")
    write(repository, f"{SPEC}on_invalid: quarantine\nsuppress: {{keys: erased.txt}}\n")

    (found,) = check()["specs"]

    assert (found["difference"], found["after"]["quarantined"], found["after"]["suppressed"]) == (0, 2, 1)
    said = cli("check", "--against", "HEAD").out
    assert "suppressed: 0 before, 1 now" in said
    assert "held back: 0 before, 2 now" in said


def test_a_longer_suppress_list_is_a_changed_spec(repository: Path, check: Check) -> None:
    """The list of the revision is held against the list of now; one that git does not hold is the same for both."""
    write(repository, f"{SPEC}suppress: {{keys: erased.txt}}\n")
    (repository / "erased.txt").write_text("# nobody\n", "utf-8")
    commit(repository)
    (repository / "erased.txt").write_text(f"{ADA}\n", "utf-8")

    (found,) = check()["specs"]
    assert (found["before"]["suppressed"], found["after"]["suppressed"]) == (0, 1)

    git(repository, "rm", "--quiet", "--cached", "erased.txt")
    git(repository, "commit", "--quiet", "-m", "private")
    assert check()["specs"] == []


def test_what_shapes_no_row_is_no_change(repository: Path, check: Check, cli: RunCli) -> None:
    """A description, or another layout of the file, is not compared, nor is a new spec, which is counted."""
    write(repository, f"{SPEC}description: The nightly export\n")
    write(repository, SPEC.replace("in/", "other/"), "new")

    found = check()

    assert (found["specs"], found["new"], found["problem"]) == ([], 1, "")
    assert check("crm")["new"] == 0
    assert (
        "No spec prepares or judges rows otherwise than at HEAD. 1 spec is new."
        in cli("check", "--against", "HEAD").out
    )


def test_defaults_change_specs(repository: Path, check: Check) -> None:
    """What `syncer.yaml` lays under every spec is part of it."""
    settings = repository / "syncer.yaml"
    settings.write_text(f"{settings.read_text('utf-8')}defaults: {{checks: {{min_rows: 4}}}}\n", "utf-8")

    assert check(code=3)["specs"][0]["after"]["over"] == "checks.min_rows is 4"


def test_a_renamed_spec_is_the_same(repository: Path, check: Check) -> None:
    """`formerly` leads to what it was, and to what was imported under its old name."""
    (repository / "specs" / "crm.yaml").unlink()
    write(
        repository, SPEC.replace("name: first_name", "name: {to: age, type: integer}") + "formerly: [crm]\n", "people"
    )

    found = check()

    assert [each["spec"] for each in found["specs"]] == ["people"]
    assert rejected(found) == [(2, 3, 1)]
    assert found["new"] == 0


def test_how_the_source_is_read_may_change(repository: Path, check: Check) -> None:
    """Each time the file is read as its spec says; where that cannot be done any more the exit code tells."""
    write(repository, SPEC.replace('csv"', 'csv", csv: {delimiter: ";"}'))

    (found,) = check(code=1)["specs"]

    assert (found["before"]["problem"], found["difference"]) == ("", None)
    assert found["after"]["problem"].startswith("in/a.csv has no column")
    git(repository, "commit", "--quiet", "-am", "semicolons")
    write(repository, SPEC)
    assert check()["specs"][0]["before"]["problem"].startswith("in/a.csv has no column")
    write(repository, SPEC.replace('csv"', 'csv", csv: {delimiter: "|"}'))
    assert check(code=0)["specs"][0]["after"]["problem"].startswith("in/a.csv has no column")


def test_the_newest_import_is_the_one(repository: Path, check: Check, cli: RunCli) -> None:
    """Of several files that were imported the last counts, and a file that is pending does not."""
    (repository / "in" / "b.csv").write_text("email,name\nx@example.com,X\n", "utf-8")
    assert cli("apply").code == 0
    (repository / "in" / "c.csv").write_text("email,name\ny@example.com,Y\n", "utf-8")
    write(repository, SPEC.replace("email: email", "email: {to: email, clean: [trim]}"))

    assert [each["file"] for each in check()["specs"]] == ["in/b.csv"]


def test_repairs_are_no_files(repository: Path, check: Check, cli: RunCli) -> None:
    """The rows of a repair were sent last, and are no file of the source."""
    first = json.loads((repository / "state" / "crm.jsonl").read_text("utf-8").splitlines()[0])["import"]
    (repository / "mended.csv").write_text("email,name\nbob@example.com,Bob\ncy@example.com,Cy\n", "utf-8")
    repaired = cli("rejects", "repair", first, "--file", "mended.csv")
    assert repaired.code == 0, repaired.err
    assert "#repair-" in (repository / "state" / "crm.jsonl").read_text("utf-8")
    other_mapping(repository)

    assert [(each["file"], each["not_compared"]) for each in check()["specs"]] == [("in/a.csv", "")]


def other_mapping(repository: Path) -> None:
    write(repository, SPEC.replace("email: email", "email: {to: email, clean: [lower]}"))


@pytest.mark.parametrize("identity", ["tag", "path"])
def test_a_file_that_changed_is_not_compared(repository: Path, check: Check, cli: RunCli, identity: str) -> None:
    """What was imported is not there any more, also where the spec takes a path for its version."""
    write(repository, SPEC.replace('csv"', f'csv", identity: {identity}'))
    (repository / "in" / "b.csv").write_text("email,name\nx@example.com,X\n", "utf-8")
    assert cli("apply").code == 0
    commit(repository)
    other = SPEC.replace('csv"', f'csv", identity: {identity}').replace(
        "email: email", "email: {to: email, clean: [lower]}"
    )
    write(repository, other)
    assert check()["specs"][0]["not_compared"] == ""
    (repository / "in" / "b.csv").write_text("email,name\ny@example.com,X\n", "utf-8")

    (found,) = check()["specs"]
    assert (found["not_compared"], found["after"]) == ("in/b.csv changed since it was imported", None)


def test_a_file_that_is_gone_is_told(repository: Path, check: Check, cli: RunCli) -> None:
    """Neither it nor its whole folder being gone fails anything."""
    other_mapping(repository)
    (repository / "in" / "a.csv").unlink()

    assert check()["specs"][0]["not_compared"] == "in/a.csv is gone"
    (repository / "in").rmdir()
    assert "in" in check()["specs"][0]["not_compared"]
    assert "not compared" in cli("check", "--against", "HEAD", "-o", "markdown").out


def test_a_spec_without_imports_is_told(repository: Path, check: Check) -> None:
    """Where nothing was imported there is nothing to compare with."""
    write(repository, SPEC.replace("in/", "later/"), "later")
    commit(repository)
    write(repository, SPEC.replace("in/", "later/") + "checks: {min_rows: 1}\n", "later")

    (found,) = check()["specs"]
    assert (found["spec"], found["file"], found["not_compared"]) == ("later", "", "nothing imported yet")


def test_masks_are_judged_without_the_key(repository: Path, check: Check) -> None:
    """A hash is as long with any key, so that a fork without secrets is told what the others are."""
    write(repository, SPEC.replace("email: email", "email: {to: email, mask: hmac}"))
    assert rejected(check()) == [(2, 3, 1)]


def test_a_suppress_list_that_is_not_there_is_told(repository: Path, check: Check) -> None:
    """Without the list nobody knows which rows would be left: nothing is compared."""
    write(repository, f"{SPEC}suppress: {{keys: private/erased.txt}}\n")

    assert "private/erased.txt" in check()["specs"][0]["not_compared"]


def test_specs_that_were_wrong_are_told(repository: Path, check: Check, cli: RunCli) -> None:
    """A revision whose specs cannot be read is named with the place of the first problem."""
    write(repository, "version: 1\nsorce: x\n")
    commit(repository)
    write(repository, SPEC)

    assert check(code=1)["problem"].startswith("specs/crm.yaml:")
    said = cli("check", "--against", "HEAD").out
    assert "the specs at HEAD cannot be read: specs/crm.yaml:1:1: missing key 'target', and 2 more" in said
    assert check(ref="HEAD^1")["specs"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--against", "gone"), "there is no revision 'gone'"),
        (("--against=--all",), "there is no revision '--all'"),
        (("--against", ""), "there is no revision ''"),
        (("--against", "HEAD", "--file", "in/a.csv"), "--file does not go with it"),
        (("--against", "HEAD", "shop"), "there is no spec 'shop'"),
    ],
)
def test_wrong_usage_is_told(repository: Path, cli: RunCli, arguments: tuple[str, ...], told: str) -> None:
    """What there is none of, or does not go together, is named."""
    assert repository
    ran = cli("check", *arguments)

    assert ran.code == 64
    assert told in ran.err


def test_outside_of_git_it_is_told(project: Path, cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that is in no repository has no revisions."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    ran = cli("check", "--against", "HEAD")

    assert ran.code == 64
    assert "the project is in no git repository" in ran.err


def test_a_project_in_a_folder_of_its_repository(repository: Path, check: Check) -> None:
    """Revisions are read below the folder that the project has in its repository, whatever else is there."""
    top = repository.parent
    (repository / ".git").rename(top / ".git")
    (top / "specs").mkdir()
    (top / "specs" / "crm.yaml").write_text("version: 9\n", "utf-8")
    commit(top)
    write(repository, SPEC.replace("email: email", "email: {to: email, clean: [trim]}"))

    assert rejected(check()) == [(2, 1, -1)]


def test_no_output_has_a_row(repository: Path, cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows stand in no format, no annotation and no file, and every format tells the same difference."""
    write(repository, SPEC.replace("name: first_name", "name: {to: age, type: integer}"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(repository / "summary"))
    before = sorted(repository.rglob("*"))

    printed = [cli("check", "--against", "HEAD", "-o", form) for form in ("text", "json", "markdown")]

    said = "".join(ran.out + ran.err for ran in printed) + (repository / "summary").read_text("utf-8")
    assert not [word for word in ("nobody", "whisper", "ada@", "bob@") if word in said]
    assert {path.relative_to(repository) for path in set(repository.rglob("*")) - set(before)} == {Path("summary")}
    assert "3 rows, 3 would be rejected, 2 before: +1" in printed[0].out
    assert f"{WARNING}1 row more of in/a.csv would be rejected" in printed[0].err
    assert "1 spec changed since HEAD: +1 row would be rejected." in printed[2].out
    assert "⚠️ **+1**" in (repository / "summary").read_text("utf-8")


def test_an_object_that_was_left_keeps_its_snapshot(
    repository: Path, check: Check, cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials both are judged by snapshots, the old one by that of the revision where it is gone now."""
    assert cli("schema", "pull").code == 0
    commit(repository)
    (repository / "schemas" / "profiles.json").unlink()
    write(repository, SPEC.replace("profiles", "suppressions"))
    monkeypatch.delenv("EXPERITURE_API_KEY")

    (found,) = check()["specs"]
    assert (found["file"], found["before"]["fields_from"], found["after"]["fields_from"]) == (
        "in/a.csv",
        "snapshot",
        "",
    )
    assert (found["before"]["invalid"], found["after"]["invalid"]) == (2, 0)


def test_names_with_the_characters_of_globs_are_names(repository: Path, check: Check, cli: RunCli) -> None:
    """The one file is looked for, and not what its name would match."""
    (repository / "in" / "b[1].csv").write_text("email,name\nx@example.com,X\n", "utf-8")
    assert cli("apply").code == 0
    (repository / "in" / "b1.csv").write_text("email,name\ny@example.com,Y\n", "utf-8")
    other_mapping(repository)

    (found,) = check()["specs"]
    assert (found["file"], found["after"]["rows"]) == ("in/b[1].csv", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_linked_specs_are_followed_within_the_revision(repository: Path, check: Check) -> None:
    """A link leads to what the revision has there, and never to the work tree or out of it."""
    (repository / "specs" / "crm.yaml").rename(repository / "specs" / ".crm.yaml")
    (repository / "specs" / "crm.yaml").symlink_to(".crm.yaml")
    (repository / "specs" / "out.yaml").symlink_to(repository / "specs" / ".crm.yaml")
    commit(repository)
    write(repository, SPEC.replace("email: email", "email: {to: email, clean: [trim]}"), ".crm")

    found = check()
    assert (rejected(found), found["new"], found["problem"]) == ([(2, 1, -1)], 1, "")
