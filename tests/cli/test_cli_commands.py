"""The commands against the emulator, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator

RunCli = Callable[..., Any]


def test_a_day_in_the_life(cli: RunCli, emulator: Emulator) -> None:
    """validate, plan, apply, status, history and a second plan say what happens, with the promised exit codes."""
    assert cli("validate", "--online").code == 0
    pending = cli("plan", "--detailed-exitcode")
    assert pending.code == 2
    assert "+ import  in/a.csv" in pending.out
    assert pending.out.endswith("Plan: 1 to import.\n")

    applied = cli("apply")

    assert applied.code == 0
    assert "2 rows read, 1 valid, 1 invalid; 1 inserted, 0 updated" in applied.out
    assert "1  email: invalid email format (first in row 2)" in applied.out
    assert applied.out.endswith("Applied: 1 completed (1 with rejected rows).\n")
    assert "crm: in/a.csv: claimed\n" in applied.err
    assert emulator.query("SELECT email FROM profiles") == [("ada@example.com",)]
    assert "1 spec: 1 ok." in cli("status").out
    assert "completed" in cli("history").out
    assert cli("plan", "--detailed-exitcode").code == 0


def test_quiet_prints_data_alone(cli: RunCli, emulator: Emulator) -> None:
    """With -q a good run writes nothing to stderr."""
    ran = cli("-q", "apply", "-o", "json")

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["imports"][0]["rows"]["valid"] == 1
    assert emulator.requests


@pytest.mark.usefixtures("emulator")
def test_very_verbose_tells_of_every_request(cli: RunCli) -> None:
    """-vv names each call with its status and correlation id, and no URL that is signed."""
    ran = cli("apply", "-vv")

    assert "POST /import-jobs: 20" in ran.err
    assert "signature" not in ran.err.lower()


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "status", "history"])
def test_json_is_versioned_and_markdown_is_markdown(cli: RunCli, verb: str) -> None:
    """Every command's JSON is one document with its format's version, and Markdown is offered too."""
    document = json.loads(cli(verb, "-o", "json").out)
    markdown = cli(verb, "-o", "markdown")

    assert document["format_version"] == 1
    assert markdown.code == 0
    assert markdown.out.strip()


@pytest.mark.usefixtures("emulator")
def test_a_saved_plan_is_applied_as_it_is(cli: RunCli, project: Path) -> None:
    """`plan --out` and `apply PLAN` go together; a plan that has gone stale exits with 5."""
    saved = cli("plan", "--out", "p.json")
    assert "syncer apply p.json" in saved.err
    (project / "in" / "b.csv").write_text("email,name\nbob@example.com,Bob\n", "utf-8")

    applied = cli("apply", "p.json")
    stale = cli("apply", "p.json")

    assert applied.code == 0
    assert "b.csv" not in applied.out
    assert stale.code == 5
    assert "stale" in stale.err


@pytest.mark.usefixtures("emulator")
def test_a_rail_refuses_plan_and_apply(cli: RunCli, project: Path) -> None:
    """Past a limit the plan is shown with the refusal and not saved, both exit with 4, and the override works once."""
    spec = project / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8") + "limits: {files: 1}\n", "utf-8")
    (project / "in" / "b.csv").write_text("email,name\nbob@example.com,Bob\n", "utf-8")

    planned, applied = cli("plan", "--detailed-exitcode", "--out", "p.json"), cli("apply")

    assert planned.code == applied.code == 4
    assert "limits.files: 1" in planned.out
    assert "--over-limits crm" in planned.out
    assert "--over-limits crm" in applied.err
    assert "error: spec crm: 2 files are pending (limits.files: 1)\n" in applied.err
    assert not (project / "p.json").exists()
    assert cli("apply", "--over-limits", "crm").code == 0


@pytest.mark.usefixtures("emulator")
def test_a_late_file_needs_a_word_of_its_own(cli: RunCli, project: Path) -> None:
    """It is held back, also when the plan is saved; the word that lets it through is kept in the saved plan."""
    assert cli("apply").code == 0
    (project / "in" / "0.csv").write_text("email,name\nbob@example.com,Bob\n", "utf-8")

    held = cli("apply")
    saved = cli("plan", "--out-of-order", "crm", "--out", "p.json")

    assert held.code == 1
    assert "older than in/a.csv" in held.out
    assert "--out-of-order crm" in held.out
    assert saved.code == 0
    assert cli("apply", "p.json").code == 0
    assert "nothing to do, 2 up to date" in cli("plan").out


def test_every_row_rejected_exits_with_3(cli: RunCli, project: Path, emulator: Emulator) -> None:
    """A file of which nothing came in is told apart from one with a few bad rows."""
    (project / "in" / "a.csv").write_text("email,name\nnobody,Bob\n", "utf-8")

    assert cli("apply").code == 3
    assert emulator.query("SELECT count(*) FROM profiles") == [(0,)]


def test_without_credentials_apply_exits_with_6(cli: RunCli) -> None:
    """The variable that is missing is named, and how to set it."""
    ran = cli("apply")

    assert ran.code == 6
    assert "\n    export EXPERITURE_API_KEY=" in ran.err


def test_settings_of_the_command_line_win(cli: RunCli, emulator: Emulator, project: Path) -> None:
    """--set overrides the environment and syncer.yaml, and a wrong value is a problem of the command line."""
    (project / "syncer.yaml").write_text("api: {base_url: 'http://127.0.0.1:9'}\n", "utf-8")

    good = cli("--set", f"api.base_url={emulator.base_url}", "validate", "--online")
    bad = cli("validate", "--set", "api.timout=1s")

    assert good.code == 0
    assert bad.code == 65
    assert "did you mean 'timeout'" in bad.out


def test_the_token_of_the_dotenv_file_is_hidden(cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that only the project's .env holds is redacted like those of the environment."""
    (project / ".env").write_text("EXPERITURE_API_KEY=token-of-the-dotenv-file\n", "utf-8")

    def telling(*_: object, **__: object) -> None:
        from syncer.errors import SyncerError

        raise SyncerError("the server said token-of-the-dotenv-file")

    monkeypatch.setattr("syncer.operations.plan.reconcile", telling)

    assert cli("plan").err == "error: the server said …\n"


def test_history_is_filtered(cli: RunCli, emulator: Emulator) -> None:
    """Names, path, import, limit and --events choose what is shown."""
    cli("apply")
    entry = json.loads(cli("history", "-o", "json").out)["entries"][0]

    def count(*arguments: str) -> int:
        return len(json.loads(cli("history", "-o", "json", *arguments).out)["entries"])

    assert emulator.requests
    assert count("crm", "--path", "in/a.csv", "--import", entry["import"][:6]) == 1
    assert count("--path", "in/other.csv") == 0
    assert count("--events") == 3
    assert count("--events", "--limit", "2") == 2
    assert cli("history", "nobody").code == 64


def test_the_schema_is_the_shipped_one(cli: RunCli) -> None:
    """`syncer schema` prints the file that editors are given."""
    from syncer.spec.schema import schema_text

    assert cli("schema").out == schema_text()


def test_the_emulator_tells_when_its_port_is_taken(cli: RunCli, emulator: Emulator, tmp_path: Path) -> None:
    """An address that is in use is an error with a next step, not a defect."""
    port = emulator.base_url.rpartition(":")[2].partition("/")[0]

    ran = cli("emulate", "--port", port, "--data", str(tmp_path / "other"))

    assert ran.code == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in ran.err
    assert "defect" not in ran.err


def test_the_emulator_tells_of_a_wrong_objects_file(cli: RunCli, project: Path, tmp_path: Path) -> None:
    """A wrong objects file is a wrong input: exit 65, with its line."""
    objects = project / "objects.yaml"
    objects.write_text("objects:\n  things: {mode: sideways, fields: {a: string}}\n", "utf-8")

    ran = cli("emulate", "--data", str(tmp_path / "other"), "--objects", str(objects))

    assert ran.code == 65
    assert "objects.yaml:2:" in ran.err
