"""A spec's checks hold a file back before anything of it is sent."""

from __future__ import annotations

import pytest

from tests.apply.workspace import PEOPLE, Workspace, only, results

BAD = ("a@example.com", "b@example.com", "nobody")


def spec(workspace: Workspace, *more: str) -> None:
    workspace.spec("crm", "\n".join([PEOPLE, *more, ""]))


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("checks: {max_invalid: 33%}", "checks.max_invalid is 33%"),
        ("checks: {min_rows: 4}", "checks.min_rows is 4"),
        ("on_invalid: abort", "on_invalid is abort"),
    ],
)
def test_a_file_that_does_not_pass_is_not_sent(workspace: Workspace, check: str, told: str) -> None:
    """No job is made for it, the reason is in the log, and the exit code is that of rejected rows."""
    spec(workspace, check)
    workspace.people("a.csv", *BAD)
    outcome = workspace.run()
    assert results(outcome) == {"data/a.csv": "failed"}
    assert outcome.exit_code == 3
    assert not workspace.writes()
    assert workspace.events("crm") == ["claimed", "finished"]
    failure = workspace.log("crm")[-1]["failure"]
    assert (failure["kind"], failure["code"]) == ("final", "ChecksFailed")
    assert told in only(outcome.imports).message
    assert only(outcome.imports).next_step == "see which rows, and why: syncer check crm"
    assert "nobody" not in only(outcome.imports).message


def test_a_file_within_its_limits_is_sent_with_what_was_expected(workspace: Workspace) -> None:
    """The permit says how many rows were expected to be rejected, and nothing is said where the API agrees."""
    spec(workspace, "checks: {max_invalid: 34%, min_rows: 3}")
    workspace.people("a.csv", *BAD)
    outcome = workspace.run()
    assert (only(outcome.imports).result, only(outcome.imports).warnings, outcome.exit_code) == ("completed", (), 0)
    assert workspace.log("crm")[1]["artifact"]["invalid"] == 1


def test_a_corrected_file_or_limit_is_tried_by_itself(workspace: Workspace) -> None:
    """What was refused for good is refused for these bytes and these checks."""
    spec(workspace, "checks: {max_invalid: 0%}")
    workspace.people("a.csv", *BAD)
    workspace.run()
    assert workspace.run().exit_code == 1  # it needs attention until somebody corrects something
    spec(workspace, "checks: {max_invalid: 50%}")
    assert results(workspace.run()) == {"data/a.csv": "completed"}


def test_where_the_api_judges_differently_the_difference_is_told(workspace: Workspace) -> None:
    """A prediction that is off is worth a look, and more rejected rows than allowed end the run with 3."""
    spec(workspace, "checks: {max_invalid: 34%}")
    workspace.people("a.csv", *BAD)

    workspace.emulator.faults.add(match="GET /metadata/objects/*", do="status", status=403, times=0)
    outcome = workspace.run()
    assert only(outcome.imports).warnings == ("0 rows were expected to be rejected, and 1 were",)
    spec(workspace, "checks: {max_invalid: 10%}")
    workspace.people("b.csv", *BAD)
    again = workspace.run()
    assert (results(again)["data/b.csv"], again.exit_code) == ("completed", 3)


def test_rows_are_judged_also_where_no_check_asks_for_it(workspace: Workspace) -> None:
    """So what the API makes of them can be held against what was expected."""
    spec(workspace)
    workspace.people("a.csv", *BAD)
    workspace.run()
    assert workspace.log("crm")[1]["artifact"]["invalid"] == 1
