"""People hear once of what fails, of what is degraded, and of its recovery."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from syncer.errors import AuthError
from syncer.operations.ledger import open_ledger
from syncer.operations.notify import Outlet
from syncer.operations.state_read import state_list
from syncer.operations.state_verify import state_verify
from syncer.plan import Filters
from tests.apply.workspace import PEOPLE, Workspace, only
from tests.notify.service import Service

BROKEN = PEOPLE.replace("email_address: email", "e_mail: email")


def _notices(workspace: Workspace, spec: str = "crm") -> list[tuple[str, int]]:
    return [(line["standing"], len(line["causes"])) for line in workspace.log(spec) if line["event"] == "notified"]


def test_a_run_in_which_all_goes_well_tells_nobody(crm: Workspace, service: Service) -> None:
    """No news is good news, and costs the log nothing."""
    crm.run()
    crm.run()
    assert (service.heard, _notices(crm)) == ([], [])


def test_a_failure_is_told_once_and_its_recovery_too(crm: Workspace, service: Service) -> None:
    """The message names spec, owner, file, reason, next step and run; later runs with that failure are silent."""
    crm.spec("crm", f"{BROKEN}owner: crm-team\n")
    outcome = crm.run()
    crm.run()
    told = only(service.heard)
    assert (told.title, told.kind) == ("syncer: crm failed (127.0.0.1)", "failure")
    first, second, third, last = told.text.splitlines()
    assert first == "failed: crm (owner: crm-team)"
    assert "data/a.csv has no column 'e_mail'" in second
    assert third == "  next: correct the mapping, or the export"
    assert last == f"Run {outcome.run}"

    crm.spec("crm", PEOPLE)
    crm.run()
    crm.run()
    assert service.titles()[1:] == ["syncer: crm has recovered (127.0.0.1)"]
    assert service.heard[1].kind == "success"
    assert _notices(crm) == [("failed", 1), ("recovered", 0)]


def test_what_is_left_undone_is_no_recovery(crm: Workspace, service: Service) -> None:
    """Neither a suspended spec nor a run over some days alone says that what failed is well again."""
    crm.spec("crm", BROKEN)
    crm.run()
    crm.spec("crm", f"{PEOPLE}suspend: true\n")
    crm.run()
    crm.spec("crm", PEOPLE.replace("data/*.csv", '"data/{date:%Y-%m-%d}.csv"'))
    crm.run(filters=Filters(until=date(2020, 1, 1)))
    assert service.titles() == ["syncer: crm failed (127.0.0.1)"]
    crm.spec("crm", PEOPLE)
    crm.run()
    assert service.titles()[1:] == ["syncer: crm has recovered (127.0.0.1)"]


def test_another_failing_file_is_news_and_one_that_fails_again_after_a_retry_too(
    crm: Workspace, service: Service
) -> None:
    """What was told of one file says nothing of the next."""
    crm.spec("crm", f"{BROKEN}on_failure: continue\nowner: crm-team\n")
    crm.run()
    crm.people("b.csv", "b@example.com")
    crm.run()
    assert "data/b.csv" in service.heard[1].text
    assert "data/a.csv" not in service.heard[1].text
    assert _notices(crm) == [("failed", 1), ("failed", 2)]


def test_rejected_rows_degrade_a_spec_and_the_rows_are_in_no_message(crm: Workspace, service: Service) -> None:
    """How many rows is said, and how to see them; a file without such rows is the recovery."""
    crm.people("b.csv", "good@example.com", "eve-at-home")
    crm.run()
    told = only(service.heard)
    assert (told.title, told.kind) == ("syncer: crm is degraded (127.0.0.1)", "warning")
    assert "data/b.csv: 1 row rejected" in told.text
    assert "next: syncer rejects list --spec crm" in told.text
    assert not any(private in told.text for private in ("eve-at-home", "Ann", "secret"))
    crm.people("c.csv", "c@example.com")
    crm.run()
    assert service.titles()[1:] == ["syncer: crm has recovered (127.0.0.1)"]


def test_a_source_that_cannot_be_listed_is_told_once(crm: Workspace, service: Service) -> None:
    """It leaves no import to hang the message on, and is remembered all the same."""
    crm.spec("shop", PEOPLE.replace("data/*.csv", "shop/*.csv"))
    crm.run()
    crm.run()
    assert service.titles() == ["syncer: shop failed (127.0.0.1)"]
    assert _notices(crm, "shop") == [("failed", 1)]
    (crm.root / "shop").mkdir()
    crm.run()
    assert service.titles()[1:] == ["syncer: shop has recovered (127.0.0.1)"]


def test_an_overdue_spec_is_told_once(crm: Workspace, service: Service) -> None:
    """Nothing failed and nothing came: that is told, too."""
    crm.spec("crm", f"{PEOPLE}expect_every: 1d\n")
    crm.run()
    late = datetime.now(UTC) + timedelta(days=2)
    crm.run(clock=lambda: late)
    crm.run(clock=lambda: late)
    assert service.titles() == ["syncer: crm is degraded (127.0.0.1)"]
    assert "nothing imported for more than 1d" in service.heard[0].text


def test_a_run_that_cannot_begin_is_told_of_all_its_specs_at_once(crm: Workspace, service: Service) -> None:
    """One message, not one a spec; it is told again only after a recovery."""
    crm.spec("more", PEOPLE.replace("data/*.csv", "orders/*.csv"))
    good = crm.environ["EXPERITURE_API_KEY"]
    crm.environ["EXPERITURE_API_KEY"] = ""
    for _ in range(2):
        with pytest.raises(AuthError):
            crm.run()
    told = only(service.heard)
    assert told.title == "syncer: 2 specs failed (127.0.0.1)"
    assert told.text.count("the run failed: ") == 1
    crm.environ["EXPERITURE_API_KEY"] = good
    crm.run()
    assert service.titles()[1:] == ["syncer: 2 specs recovered (127.0.0.1)"]


def test_everybody_hears_what_they_asked_for(crm: Workspace, service: Service) -> None:
    """`on` and `specs` choose; what nobody asked for is told to nobody."""
    (crm.root / "syncer.yaml").write_text(
        "notify:\n"
        "  fixes: {url_from: OPS_URL, on: [recovered], specs: ['c*']}\n"
        "  others: {url_from: OPS_URL, specs: [other]}\n",
        encoding="utf-8",
    )
    crm.spec("crm", BROKEN)
    crm.run()
    assert service.heard == []
    crm.spec("crm", PEOPLE)
    crm.run()
    assert service.titles() == ["syncer: crm has recovered (127.0.0.1)"]


def test_what_a_service_did_not_take_is_told_by_the_next_run(crm: Workspace, service: Service) -> None:
    """The run is what it was without it; a warning says which service, and never its URL."""
    crm.spec("crm", BROKEN)
    service.down = True
    warnings: list[str] = []
    crm.run(outlet=Outlet(warn=warnings.append))
    assert warnings == ["notify.ops: the service that OPS_URL names took no message"]
    assert _notices(crm) == []
    service.down = False
    crm.run()
    assert service.titles() == ["syncer: crm failed (127.0.0.1)"]


@pytest.mark.parametrize("value", ["", "no-such-service://x", "json://"])
def test_a_url_that_cannot_be_used_hinders_no_import(crm: Workspace, service: Service, value: str) -> None:
    """It is a warning, without the URL, and the files are imported."""
    crm.environ["OPS_URL"] = value
    crm.people("b.csv", "no-address")
    warnings: list[str] = []
    outcome = crm.run(outlet=Outlet(warn=warnings.append))
    assert [each.result for each in outcome.imports] == ["completed", "completed"]
    assert only(warnings).startswith("notify.ops: ")
    assert "OPS_URL" in warnings[0]
    assert "://" not in warnings[0]
    assert service.heard == []


def test_what_a_run_left_untold_when_it_died_is_told_by_the_next(crm: Workspace, service: Service) -> None:
    """The standing is read from the log, not from what this run has seen."""
    settings = (crm.root / "syncer.yaml").read_text("utf-8")
    (crm.root / "syncer.yaml").write_text("notify: {}\n", encoding="utf-8")
    crm.people("b.csv", "no-address")
    crm.run()
    (crm.root / "syncer.yaml").write_text(settings, encoding="utf-8")
    crm.run()
    assert service.titles() == ["syncer: crm is degraded (127.0.0.1)"]


def test_secrets_are_taken_out_of_messages(crm: Workspace, service: Service) -> None:
    """Whatever comes into an error's text passes through the same filter as the screen."""
    crm.spec("crm", BROKEN)
    crm.run(outlet=Outlet(redact=lambda text: text.replace("e_mail", "[hidden]")))
    assert "[hidden]" in service.heard[0].text
    assert "e_mail" not in service.heard[0].text


def test_notices_are_no_imports(crm: Workspace, service: Service) -> None:
    """They stand in the log, which is sound with them, and in no list of imports."""
    crm.spec("crm", BROKEN)
    crm.run()
    assert service.heard
    ledger = open_ledger(crm.root, environ=crm.environ)
    assert [entry.path for entry in state_list(ledger)] == ["data/a.csv"]
    assert state_verify(ledger).clean


def test_a_renamed_spec_recovers_under_its_new_name(crm: Workspace, service: Service) -> None:
    """What was told under the old name is remembered."""
    crm.spec("crm", BROKEN)
    crm.run()
    (crm.root / "specs" / "crm.yaml").unlink()
    crm.spec("people", f"{PEOPLE}formerly: [crm]\n")
    crm.run()
    assert service.titles() == ["syncer: crm failed (127.0.0.1)", "syncer: people has recovered (127.0.0.1)"]


def test_the_run_on_github_is_linked(crm: Workspace, service: Service) -> None:
    """Who reads the message in a chat comes to the run by one click."""
    crm.environ |= {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/imports",
        "GITHUB_RUN_ID": "77",
    }
    crm.spec("crm", BROKEN)
    crm.run()
    assert service.heard[0].text.endswith("https://github.com/acme/imports/actions/runs/77")
