"""The one comment on a pull request: what it says, and that it is edited and not repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.render.github_comment import comment
from syncer.render.github_cut import cut
from tests.github.stand_in import TOKEN, GitHubStandIn

Cli = Callable[..., tuple[int, str, str]]
MARKER = "<!-- syncer:plan -->\n"


@pytest.fixture
def plan(project: Path, cli: Cli) -> Path:
    code, out, _ = cli("plan", "-o", "json")
    assert code == 0
    (project / "plan.json").write_text(out, "utf-8")
    return project / "plan.json"


def test_it_is_posted_then_edited(github: GitHubStandIn, plan: Path, cli: Cli) -> None:
    """However often a pull request is pushed to, it has one comment of ours, behind however many of others."""
    for _ in range(130):
        github.add("a word")

    said = [cli("github", "comment", "--pr", "7", "--plan", str(plan))[2]]
    (plan.parent / "in" / "crm-3.csv").write_text("email\nx@example.com\n", "utf-8")
    said.append(cli("github", "comment", "--pr", "7", "--plan", str(plan))[2])
    plan.write_text(cli("plan", "-o", "json")[1], "utf-8")
    said.append(cli("github", "comment", "--pr", "7", "--plan", str(plan))[2])

    assert [each.strip() for each in said] == [
        "The comment on pull request 7 was posted.",
        "No change.",
        "The comment on pull request 7 was edited.",
    ]
    (ours,) = (each for each in github.comments if each["body"].startswith(MARKER))
    assert "in/crm-3.csv" in ours["body"]


def test_a_person_cannot_pass_for_it(github: GitHubStandIn, plan: Path, cli: Cli) -> None:
    """A comment with our marker that a person wrote, and may change at will, is not made ours."""
    theirs = github.add(MARKER + "nothing to see")

    assert cli("github", "comment", "--pr", "7", "--plan", str(plan))[0] == 0
    assert theirs["body"] == MARKER + "nothing to see"
    assert len(github.comments) == 2


def test_specs_that_did_not_change_are_counted(github: GitHubStandIn, plan: Path, cli: Cli) -> None:
    """Only the files of changed specs are listed; the rest is a number."""
    changed = plan.parent / "changed.txt"
    changed.write_text("README.md\nspecs/shop.yaml\n", "utf-8")

    cli("github", "comment", "--pr", "7", "--plan", str(plan), "--changed", str(changed), "--artifact", "full-plan")

    body = github.comments[0]["body"]
    assert "in/shop-1.csv" in body
    assert "in/crm-1.csv" not in body
    assert "\n2 rows\n" in body
    assert "1 spec not changed here, with 2 imports pending" in body
    assert "in the artifact full-plan of this run" in body


def test_what_holds_the_plan_back_stands_first(project: Path, cli: Cli) -> None:
    """A refusal names its setting and what opens it, above the files; a file that needs a person is counted there."""
    spec = project / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8") + "limits: {files: 1}\n", "utf-8")
    (project / "in" / "shop-1.csv").write_text("", "utf-8")

    text = comment(json.loads(cli("plan", "-o", "json")[1]), changed=frozenset(), artifact="")

    lines = [line for line in text.splitlines() if line]
    assert lines[0] == "### syncer: 2 imports pending"
    assert lines[1] == "> **Refused**: apply will send nothing until this is settled."
    assert lines[2].startswith("> - `crm`: ")
    assert "limits.files" in lines[2]
    assert lines[3] == "> ⚠️ 1 file that a person must look at"
    assert "2 specs not changed here, with 2 imports pending" in lines[4]


@pytest.mark.parametrize("changed", [{"syncer.yaml"}, None, {"specs/crm.tests.yaml", "specs/shop.yaml"}])
def test_settings_change_every_spec(plan: Path, changed: set[str] | None) -> None:
    """What holds for all specs, or is not known, shows all of them; tests beside a spec belong to it."""
    text = comment(json.loads(plan.read_text("utf-8")), changed=changed, artifact="")

    assert "in/shop-1.csv" in text
    assert "in/crm-1.csv" in text


def test_a_token_that_may_not_write_is_told_of(github: GitHubStandIn, plan: Path, cli: Cli) -> None:
    """Without the right it fails and says which is missing, or warns where that was foreseen; no token is shown."""
    github.writable = False

    code, out, err = cli("github", "comment", "--pr", "7", "--plan", str(plan))
    assert code == 1
    assert "Resource not accessible by integration" in err
    assert "pull-requests: write" in err
    assert TOKEN not in out + err

    code, _, err = cli("github", "comment", "--pr", "7", "--plan", str(plan), "--if-allowed")
    assert code == 0
    assert "::warning::no comment on the pull request" in err

    github.refusal, github.headers = (403, "You have exceeded a secondary limit"), {"Retry-After": "600"}
    code, _, err = cli("github", "comment", "--pr", "7", "--plan", str(plan), "--if-allowed")
    assert code == 0
    assert "run it again in 600 seconds" in err


def test_a_failing_github_is_asked_again(github: GitHubStandIn, plan: Path, cli: Cli) -> None:
    """A question that GitHub failed to answer is repeated; a comment is never posted twice."""
    github.failures = 2

    assert cli("github", "comment", "--pr", "7", "--plan", str(plan))[0] == 0
    assert [each.split()[0] for each in github.requests] == ["GET", "GET", "GET", "POST"]


def test_a_body_is_cut_to_what_github_takes(github: GitHubStandIn, project: Path, cli: Cli) -> None:
    """Long Markdown is cut between lines, below the limit, and says where the rest is."""
    (project / "long.md").write_text("<details>\n" + "one more line ü\n" * 9000, "utf-8")

    arguments = ("--pr", "7", "--markdown", "long.md", "--artifact", "all")
    assert cli("github", "comment", *arguments)[0] == 0
    body = github.comments[0]["body"]
    assert 60_000 < len(body.encode()) <= 65_536
    assert body.rstrip().endswith("</details>\n\nThe rest did not fit: it is in the artifact all.")


def item(number: int, spec: str) -> dict[str, Any]:
    return {
        "spec": spec,
        "action": "import",
        "runnable": True,
        "attention": False,
        "path": f"in/{'deep/' * 30}{number}.csv",
        "size": 1,
        "rows": 2,
        "rows_exact": True,
        "reason": "new file",
        "advice": "",
    }


@pytest.mark.parametrize(("specs", "files"), [(1, 3000), (40, 60), (2000, 1)])
def test_a_plan_of_any_size_fits(plan: Path, specs: int, files: int) -> None:
    """However many specs and files are pending, the comment fits, and counts what it does not list."""
    document = json.loads(plan.read_text("utf-8"))
    pattern = document["specs"][0]
    document["specs"] = [{**pattern, "name": f"s{n}", "path": f"specs/s{n}.yaml"} for n in range(specs)]
    document["imports"] = [item(n, f"s{s}") for s in range(specs) for n in range(files)]

    text = comment(document, changed=None, artifact="full-plan")

    assert len(text.encode()) <= 65_000
    assert f"{specs * files:,} imports pending" in text
    assert " more changed specs" in text if specs > 100 else "import" in text
    assert "in the artifact full-plan" in text


@pytest.mark.parametrize("size", [300, 1000, 5000])
def test_a_cut_never_passes_its_limit(size: int) -> None:
    """The limit is held in bytes, with the closing words."""
    assert len(cut("ä line\n" * 2000, size, "more elsewhere").encode()) <= size


@pytest.mark.parametrize(
    ("code", "exits", "said"),
    [
        (0, 0, ""),
        (75, 0, "::notice title=syncer: Not finished yet::"),
        (3, 3, "::error title=syncer: Rejected rows::"),
        (4, 4, "::error title=syncer: Refused::"),
        (5, 5, "::error title=syncer: Conflict::"),
        (6, 6, "::error title=syncer: Authentication::"),
        (64, 64, "::error title=syncer: Wrong usage::"),
        (65, 65, "::error title=syncer: Wrong spec or setting::"),
        (1, 1, "::error title=syncer: Something failed::"),
        (130, 130, "::error title=syncer: Interrupted::"),
        (143, 143, "::error title=syncer: Stopped::"),
        (2, 0, ""),
        (99, 99, ""),
    ],
)
def test_exit_codes_are_told_apart(cli: Cli, code: int, exits: int, said: str) -> None:
    """A job that only left work running is green, and each failure has its own words."""
    ran = cli("github", "result", str(code))

    assert ran[0] == exits
    assert ran[2].startswith(said) if said else ran[2] == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("comment", "--plan", "p"), "needs --pr and one of"),
        (("comment", "--pr", "7"), "needs --pr and one of"),
        (("comment", "--pr", "7", "--plan", "syncer.yaml"), "is no plan in JSON"),
        (("result",), "needs the exit code"),
        (("comment", "--pr", "7", "--plan", "none.json"), "the plan cannot be read"),
        (("comment", "--pr", "7", "--plan", "plan.json", "--changed", "none.txt"), "the changed paths cannot be read"),
        (("comment", "--pr", "7", "--markdown", "none.md"), "the Markdown cannot be read"),
    ],
)
def test_wrong_usage_is_told(
    github: GitHubStandIn, project: Path, cli: Cli, arguments: tuple[str, ...], told: str
) -> None:
    """What is missing or is no plan is named, before GitHub is asked."""
    assert project
    (project / "plan.json").write_text(cli("plan", "-o", "json")[1], "utf-8")
    code, _, err = cli("github", *arguments)

    assert code == 64
    assert told in err
    assert github.requests == []


def test_a_job_without_a_token_is_told_so(plan: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message shows the line that the workflow lacks; an address that would show the token is refused."""
    code, _, err = cli("github", "comment", "--pr", "7", "--plan", str(plan))
    assert code == 64
    assert "GITHUB_TOKEN: ${{ github.token }}" in err

    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/imports")
    monkeypatch.setenv("GITHUB_API_URL", "http://example.com")
    code, _, err = cli("github", "comment", "--pr", "7", "--plan", str(plan))
    assert code == 64
    assert "plain HTTP" in err


def test_outputs_are_handed_on(project: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a job, a plan's digest and counts are outputs of its step; a summary that is full is cut and not lost."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(project / "outputs"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary"))
    (project / "summary").write_text("x" * 899_600, "utf-8")

    digest = json.loads(cli("plan", "-o", "json")[1])["digest"]

    assert (project / "outputs").read_text("utf-8").splitlines() == [f"digest={digest}", "pending=4", "attention=0"]
    assert (project / "summary").read_text("utf-8").rstrip().endswith("The rest did not fit: `-o json` has all of it.")
    assert (project / "summary").stat().st_size <= 900_001
