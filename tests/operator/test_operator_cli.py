"""The operator's commands as people and programs run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from syncer.cli import run
from tests.operator.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

A = "data/a.csv"


@pytest.fixture
def cli(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run `syncer ARGUMENTS` in the project; exit code, stdout and stderr."""
    monkeypatch.chdir(desk.root)
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def document(cli: Cli, *arguments: str) -> dict[str, Any]:
    code, out, _ = cli(*arguments, "-o", "json")
    assert code == 0
    loaded: dict[str, Any] = json.loads(out)
    assert loaded.pop("format_version") == 1
    return loaded


def test_a_clean_log_is_one_line_and_exit_code_zero(desk: Desk, cli: Cli) -> None:
    """What an auditor runs says what it checked."""
    desk.log(*desk.of(A).whole())
    assert cli("state", "verify") == (0, "Clean: 3 lines, 1 import, 1 completed, 2 rows.\n", "")


def test_an_anomaly_exits_with_five_and_names_the_command(desk: Desk, cli: Cli) -> None:
    """In text, JSON and Markdown alike."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted("imp_1"), one.submitted("imp_2"))
    code, out, _ = cli("state", "verify")
    assert (code, "two-permits: two jobs may be started for part 1: imp_1 and imp_2" in out) == (5, True)
    assert f"\n        syncer state resolve {one.import_id} --job imp_1 --abandon --reason TEXT\n" in out
    assert out.endswith("Not clean: 1 anomaly in 3 lines, 1 import, 0 completed, 0 rows.\n")
    code, out, _ = cli("state", "verify", "-o", "json")
    found = json.loads(out)
    assert (code, found["clean"], found["anomalies"][0]["kind"]) == (5, False, "two-permits")
    code, out, _ = cli("state", "verify", "-o", "markdown")
    assert (code, "- **two-permits**" in out) == (5, True)


def test_list_and_show_tell_programs_what_they_tell_people(desk: Desk, cli: Cli) -> None:
    """Every format names the import, its job and its standing."""
    one = desk.of(A)
    desk.log(*one.whole())
    (entry,) = document(cli, "state", "list")["imports"]
    assert (entry["import"], entry["standing"], entry["job"], entry["rows"]) == (one.import_id, "done", "imp_1", 2)
    record = document(cli, "state", "show", one.import_id[:6])
    assert [event["event"] for event in record["events"]] == ["claimed", "submitted", "finished"]
    for output in ("text", "markdown"):
        for arguments in (("list",), ("show", "imp_1")):
            code, out, _ = cli("state", *arguments, "-o", output)
            assert (code, one.import_id in out, "done" in out) == (0, True, True)
    assert "left: 2 rows, 10 B as a.csv" in cli("state", "show", "imp_1")[1]


def test_baseline_forget_and_retry_say_what_the_next_plan_does(cli: Cli) -> None:
    """From the real plan, and the actor is recorded."""
    code, out, _ = cli("baseline", "crm", "--reason", "loaded by hand")
    assert (code, f"next plan: {A}: skip" in out) == (0, True)
    code, out, _ = cli("forget", "--spec", "crm", "--path", A, "--reason", "again", "--append-again")
    assert (code, f"next plan: {A}: import (forgotten by an operator: again)" in out) == (0, True)
    done = document(cli, "retry", "crm", "--reason", "again")
    assert (done["touched"], done["left_alone"][0]["path"]) == ([], A)
    code, out, _ = cli("retry", "crm", "--reason", "again", "-o", "markdown")
    assert (code, "nothing was written" in out) == (0, True)
    (generation,) = document(cli, "state", "list")["imports"]
    assert "@" in generation["reason"]


def test_resolve_and_merge_from_the_command_line(desk: Desk, cli: Cli) -> None:
    """The whole way of a dead machine: merge its log, then say what became of its job."""
    one = desk.of(A)
    claim, permit, _ = one.whole()
    desk.log(claim, permit)
    dead = (desk.state / "crm.jsonl").rename(desk.root / "dead.jsonl")
    code, out, _ = cli("state", "merge", dead.name)
    assert (code, out) == (
        0,
        "dead.jsonl: 2 events, 2 of them new\nAdded: 2 events.\nThe next run asks the API for the end of: imp_1\n",
    )
    assert document(cli, "state", "merge", dead.name)["added"] == 0
    code, out, _ = cli("state", "resolve", one.import_id, "--failed", "--reason", "support said so")
    assert (code, f"next plan: {A}: retry" in out) == (0, True)
    assert cli("state", "verify")[0] == 0


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("state", 64, "ACTION"),
        ("state lsit", 64, "did you mean 'list'?"),
        ("state show", 64, "needs the id of one import"),
        ("state show zz", 64, "no import and no job"),
        ("state verify crm", 64, "takes no names"),
        ("state verify --open", 64, "--open is no option of `syncer state verify`"),
        ("state list --failed", 64, "--failed is no option"),
        ("state resolve abc --reason x", 64, "say one of --start"),
        ("state resolve abc --failed --start --reason x", 64, "say one of --start"),
        ("state resolve abc --failed", 64, "say why: --reason TEXT"),
        ("state merge", 64, "needs the files"),
        ("baseline crm", 64, "say why"),
        ("forget --reason x", 64, "say which import"),
        ("forget abc --spec crm --path a --reason x", 64, "say which import"),
        ("forget --spec crm --reason x", 64, "say which import"),
        ("retry nothing --reason x", 64, "no import and no job"),
    ],
)
def test_a_mistake_is_told_and_writes_nothing(desk: Desk, cli: Cli, line: str, code: int, message: str) -> None:
    """Every word about the log needs a reason and says of what."""
    given, _, err = cli(*line.split())
    assert (given, message in err) == (code, True), err
    assert not desk.state.exists()
