"""One issue for each spec that fails or is overdue: opened, edited, closed, and never a second one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncer.emulator.testing import running
from tests.github.specs import SPEC
from tests.github.stand_in import LOGIN, TOKEN, GitHubStandIn

Cli = Callable[..., tuple[int, str, str]]
MARKER = "<!-- syncer:issue:specs:crm -->"
RUN = "https://github.com/acme/imports/actions/runs/%s"


@pytest.fixture
def failing(project: Path) -> Path:
    """A project whose spec crm has a file that the platform refuses."""
    (project / "in" / "crm-1.csv").write_text("", "utf-8")
    return project


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the commands be those of a run of this number."""

    def begin(number: int) -> None:
        monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
        monkeypatch.setenv("GITHUB_RUN_ID", str(number))

    return begin


def mend(project: Path) -> None:
    """Let nothing be pending or wrong with crm any more."""
    for path in (project / "in").glob("crm-*.csv"):
        path.unlink()


def fail_otherwise(project: Path) -> None:
    """Let crm fail for another cause than an empty file: a name that syncer keeps for itself."""
    mend(project)
    spec = project / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8").replace('*.csv"', '*", format: csv'), "utf-8")
    (project / "in" / "crm-1.csv#repair-1").write_text("email\nada@example.com\n", "utf-8")


def writes(github: GitHubStandIn) -> list[str]:
    return [each.split()[0] for each in github.requests if not each.startswith("GET")]


def test_a_failing_spec_has_an_issue(
    github: GitHubStandIn, failing: Path, cli: Cli, job: Callable[[int], None]
) -> None:
    """It names the spec, its file, object and owner, what is wrong, the next command and the run; others have none."""
    spec = failing / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8") + 'owner: "@acme/crm-data"\n', "utf-8")
    job(41)

    code, out, err = cli("github", "issues")

    assert (code, out, err) == (0, "", "Issue 1 about crm was opened.\n")
    (issue,) = github.issues.all
    assert issue["title"] == "syncer: crm fails"
    assert issue["labels"] == [{"name": "syncer"}]
    assert issue["body"].startswith(f"{MARKER}\n<!-- cause:")
    for told in (
        "**`crm` fails**: in/crm-1.csv: the file is empty, and the API refuses empty files",
        "`crm` in `specs/crm.yaml`",
        "| object | `crm` |",
        "| owner | @acme/crm-data |",
        "| last import | never |",
        "    syncer plan --spec=crm",
        RUN % 41,
    ):
        assert told in issue["body"]


def test_nothing_new_is_nothing_written(
    github: GitHubStandIn, failing: Path, cli: Cli, job: Callable[[int], None]
) -> None:
    """A later run that finds the same asks and writes nothing, also where labels are gone or the title is another."""
    job(41)
    cli("github", "issues")
    github.issues.change(1, title="CRM export is empty again", body=github.issues.all[0]["body"].replace("\n", "\r\n"))
    github.issues.all[0]["labels"] = []
    github.requests.clear()
    job(42)

    assert failing
    assert cli("github", "issues")[::2] == (0, "No change.\n")
    assert github.requests == ["GET /repos/acme/imports/issues"]
    assert github.issues.all[0]["title"] == "CRM export is empty again"


def test_another_cause_is_told(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """The text is written anew, and one comment tells those who follow the issue; the number stays."""
    cli("github", "issues")
    fail_otherwise(failing)

    assert cli("github", "issues")[2] == "Issue 1 about crm was edited.\n"
    (issue,) = github.issues.all
    assert "rename the file" in issue["body"]
    assert "the file is empty" not in issue["body"]
    (comment,) = github.comments
    assert comment["body"].startswith("Now: **`crm` fails**: ")


def test_the_next_file_is_no_other_cause(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """The same trouble with another file or number changes the text alone: nobody is called for it."""
    cli("github", "issues")
    (failing / "in" / "crm-1.csv").unlink()
    (failing / "in" / "crm-2.csv").write_text("", "utf-8")

    assert cli("github", "issues")[2] == "Issue 1 about crm was edited.\n"
    assert "in/crm-2.csv" in github.issues.all[0]["body"]
    assert github.comments == []


def test_a_renamed_spec_keeps_its_issue(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """Title and text name it as it is called now; an issue that was set aside under the old name stays so."""
    cli("github", "issues")
    old, new = failing / "specs" / "crm.yaml", failing / "specs" / "contacts.yaml"
    new.write_text(old.read_text("utf-8") + "formerly: [crm]\n", "utf-8")
    old.unlink()

    assert cli("github", "issues")[2] == "Issue 1 about contacts was edited.\n"
    (issue,) = github.issues.all
    assert (issue["state"], issue["title"]) == ("open", "syncer: contacts fails")
    assert issue["body"].startswith(MARKER.replace("crm", "contacts"))
    assert github.comments == []
    assert cli("github", "issues")[2] == "No change.\n"

    github.issues.change(1, state="closed", state_reason="not_planned", body=issue["body"].replace("contacts", "crm"))
    assert cli("github", "issues")[2] == "No change.\n"


def test_recovery_closes_it_and_a_new_failure_opens_another(
    github: GitHubStandIn, failing: Path, cli: Cli, job: Callable[[int], None]
) -> None:
    """It is closed as completed with a word why; what fails later is a new matter."""
    cli("github", "issues")
    mend(failing)
    job(43)

    assert cli("github", "issues")[2] == "Issue 1 about crm was closed.\n"
    assert (github.issues.all[0]["state"], github.issues.all[0]["state_reason"]) == ("closed", "completed")
    (comment,) = github.comments
    assert comment["body"].startswith("Recovered: `crm` is never (")
    assert RUN % 43 in comment["body"]
    assert cli("github", "issues")[2] == "No change.\n"

    (failing / "in" / "crm-1.csv").write_text("", "utf-8")
    assert cli("github", "issues")[2] == "Issue 2 about crm was opened.\n"


def test_an_import_that_fails_and_succeeds(github: GitHubStandIn, project: Path, cli: Cli) -> None:
    """Rows that are all rejected open an issue without any of their contents, and the mended file closes it."""
    with running(project / "emulator") as emulator:
        settings = f"api: {{base_url: '{emulator.base_url}', poll: {{initial: 10ms, max: 50ms}}}}\n"
        (project / "syncer.yaml").write_text(settings, "utf-8")
        (project / ".env").write_text(f"EXPERITURE_API_KEY={emulator.token}\n", "utf-8")
        (project / "specs" / "shop.yaml").unlink()
        (project / "specs" / "crm.yaml").write_text(SPEC % ("crm", "profiles"), "utf-8")
        (project / "in" / "crm-1.csv").write_text("email\nnobody-special\n", "utf-8")
        (project / "in" / "crm-2.csv").unlink()
        assert cli("apply")[0] == 3
        assert cli("github", "issues")[2] == "Issue 1 about crm was opened.\n"
        (project / "in" / "crm-1.csv").write_text("email\nada@example.com\n", "utf-8")
        assert cli("github", "issues")[2] == "No change.\n"  # the mended file is pending, which proves nothing yet
        assert cli("apply")[0] == 0
        assert cli("github", "issues")[2] == "Issue 1 about crm was closed.\n"

    (issue,) = github.issues.all
    assert "every row of the last import was rejected" in issue["body"]
    assert "    syncer rejects list --spec=crm" in issue["body"]
    assert github.comments[0]["body"].startswith("Recovered: `crm` is ok (up to date). The last import was at ")
    written = issue["body"] + github.comments[0]["body"]
    assert not any(each in written for each in ("nobody-special", "ada@", emulator.token, TOKEN, emulator.base_url))


def test_a_secret_in_a_reason_is_hidden(
    github: GitHubStandIn, failing: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must not be shown is taken out before Markdown's backslashes come in between."""
    monkeypatch.setenv("EXPERITURE_API_KEY", "sk_live_0123456789abcdef")
    (failing / "in" / "crm-1.csv").rename(failing / "in" / "crm-0-sk_live_0123456789abcdef.csv")

    cli("github", "issues")

    body = github.issues.all[0]["body"]
    assert "in/crm-0-….csv: the file is empty" in body
    assert "0123456789abcdef" not in body


def test_only_what_a_bot_wrote_is_ours(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """Our marker in an issue of a person, in a pull request, or further down makes none of them ours."""
    assert failing
    github.issues.add("a trap", f"{MARKER}\nclose me")
    github.issues.add("a change", f"{MARKER}\n", login=LOGIN, kind="Bot", pull_request={"url": "…"})
    github.issues.add("a report", f"as seen here:\n{MARKER}\n", login=LOGIN, kind="Bot")
    github.issues.add("no text", None, login=LOGIN, kind="Bot")
    github.issues.add("of another bot", f"{MARKER}\n", login="renovate[bot]", kind="Bot")

    assert cli("github", "issues", "--author", LOGIN)[2] == "Issue 6 about crm was opened.\n"
    assert [issue["state"] for issue in github.issues.all] == ["open"] * 6


def test_it_is_found_behind_many_others(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """However many issues are open, all pages are read before a new one is opened."""
    for _ in range(230):
        github.issues.add("a wish", "please")
    cli("github", "issues")
    github.requests.clear()
    mend(failing)

    assert cli("github", "issues")[2] == "Issue 231 about crm was closed.\n"
    assert len([each for each in github.requests if each.startswith("GET")]) == 3


def test_projects_of_one_repository_keep_apart(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """Specs of one name in two projects have an issue each, and neither project closes the other's."""
    for key in ("europe", "asia"):
        assert "was opened" in cli("github", "issues", "--key", key)[2]
    mend(failing)

    assert cli("github", "issues", "--key", "asia")[2] == "Issue 2 about crm was closed.\n"
    assert [issue["number"] for issue in github.issues.open()] == [1]


def test_the_issue_of_a_spec_that_is_gone_is_closed(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """A spec that was taken out closes its issue; looking at other specs alone does not tell, and changes nothing."""
    cli("github", "issues")
    (failing / "specs" / "crm.yaml").unlink()

    assert cli("github", "issues", "--spec", "shop")[2] == "No change.\n"
    assert cli("github", "issues")[2] == "Issue 1 about crm was closed.\n"
    assert github.comments[0]["body"] == "The project declares no spec `crm` any more: nothing is imported for it."


def test_two_runs_at_once_leave_one(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """Of two issues that raced the older goes on, and the other is closed with a word that leads to it."""
    cli("github", "issues")
    first = github.issues.all[0]
    github.issues.add(first["title"], first["body"], login=LOGIN, kind="Bot")

    assert failing
    assert cli("github", "issues")[2] == "Issue 2 about crm was closed.\n"
    assert [issue["number"] for issue in github.issues.open()] == [1]
    assert github.comments[0]["n"] == 2
    assert github.comments[0]["body"].startswith("A duplicate of #1: ")


def test_an_answer_that_was_lost_makes_no_second_issue(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """A run that does not hear that its issue is open says so and fails; the next finds it and is content."""
    github.loses = 1

    code, _, err = cli("github", "issues")

    assert failing
    assert code == 1
    assert "GitHub does not answer" in err
    assert cli("github", "issues")[::2] == (0, "No change.\n")
    assert len(github.issues.all) == 1


def test_what_a_person_set_aside_stays_closed(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """Closed as not planned it comes back for another cause only; closed as done while it still fails, at once."""
    cli("github", "issues")
    github.issues.change(1, state="closed", state_reason="not_planned")
    assert cli("github", "issues")[2] == "No change.\n"

    github.issues.change(1, state="closed", state_reason="completed")
    assert cli("github", "issues")[2] == "Issue 2 about crm was opened.\n"

    github.issues.change(2, state="closed", state_reason="not_planned")
    fail_otherwise(failing)
    assert cli("github", "issues")[2] == "Issue 3 about crm was opened.\n"


@pytest.mark.parametrize(
    ("refusal", "headers", "told"),
    [
        ((403, "Resource not accessible by integration"), {}, "permissions: {issues: write}"),
        ((410, "Issues are disabled for this repo"), {}, "switch issues on"),
        ((403, "You have exceeded a secondary limit"), {"Retry-After": "600"}, "run it again in 600 seconds"),
        ((403, "Forbidden for now"), {"X-RateLimit-Remaining": "0"}, "run it again in some minutes"),
        ((403, "You have exceeded a secondary rate limit"), {}, "run it again in some minutes"),
        ((429, "Too many requests"), {}, "run it again in some minutes"),
    ],
)
@pytest.mark.usefixtures("failing")
def test_refusals_are_told_apart(
    github: GitHubStandIn, cli: Cli, refusal: tuple[int, str], headers: dict[str, str], told: str
) -> None:
    """Each has its own next step. Where it was foreseen they only warn: the next run makes up for it."""
    github.writable, github.refusal, github.headers = False, refusal, headers

    code, out, err = cli("github", "issues")
    assert code == 1
    assert refusal[1] in err
    assert told in err
    assert TOKEN not in out + err

    code, _, err = cli("github", "issues", "--if-allowed")
    assert code == 0
    assert "::warning::no issues are kept: " in err
    assert told in err


def test_a_project_that_cannot_be_read_closes_nothing(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """A wrong spec fails as it does everywhere, before GitHub is asked."""
    cli("github", "issues")
    github.requests.clear()
    (failing / "specs" / "crm.yaml").write_text("version: 2\n", "utf-8")

    assert cli("github", "issues")[0] == 65
    assert github.requests == []


def test_labels_are_a_choice(github: GitHubStandIn, failing: Path, cli: Cli) -> None:
    """A new issue gets the labels that were asked for, and none where that was."""
    cli("github", "issues", "--label", "data", "--label", "night shift")
    github.issues.change(1, state="closed", state_reason="completed")
    cli("github", "issues", "--label", "")

    assert failing
    assert [[label["name"] for label in issue["labels"]] for issue in github.issues.all] == [
        ["data", "night shift"],
        [],
    ]


def test_many_at_once_are_opened_run_by_run(github: GitHubStandIn, project: Path, cli: Cli) -> None:
    """When all fail together GitHub is not flooded; what was left out is said, and the next run opens it."""
    for number in range(23):
        (project / "specs" / f"s{number}.yaml").write_text(SPEC % (f"s{number}", "profiles"), "utf-8")
        (project / "in" / f"s{number}-1.csv").write_text("", "utf-8")

    assert "3 more are left to the next run" in cli("github", "issues")[2]
    assert writes(github) == ["POST"] * 20
    assert cli("github", "issues")[2].count("was opened") == 3


def test_a_key_is_one_word(github: GitHubStandIn, project: Path, cli: Cli) -> None:
    """A key that would end the hidden marker is refused before anything is looked at."""
    assert project
    assert cli("github", "issues", "--key", "a -->")[0] == 64
    assert github.requests == []
