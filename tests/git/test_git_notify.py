"""What was told is in the log, so that no other machine, however it got there, tells it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apply.workspace import PEOPLE
from tests.git.clones import Project
from tests.notify.service import Service, listening

BROKEN = PEOPLE.replace("email_address: email", "e_mail: email")


@pytest.fixture
def service() -> Iterator[Service]:
    with listening() as service:
        yield service


@pytest.fixture
def failing(project: Project) -> Project:
    """One spec that names a column which its file does not have."""
    project.seed(
        {"specs/crm.yaml": BROKEN, "data/a.csv": "email_address,FirstName\na@example.com,Ann\n"},
        settings="state: {git: push}\nnotify: {ops: {url_from: OPS_URL}}\n",
    )
    return project


def _told(service: Service) -> list[str]:
    return [title.partition(" (")[0] for title in service.titles()]


def test_two_clones_tell_a_failure_once(failing: Project, service: Service) -> None:
    """The second one finds in the shared log that people know; the log stays sound and is pushed whole."""
    first, second = (failing.clone(name, OPS_URL=service.url) for name in ("first", "second"))
    first.run()
    second.run()
    assert _told(service) == ["syncer: crm failed"]
    assert failing.remote.events("crm")[-1] == "notified"
    assert second.verify().clean
    assert not second.unpushed


def test_what_cannot_be_noted_is_told_again(failing: Project, service: Service) -> None:
    """A run that may not push ends before it imports anything; people hear of it each time rather than never."""
    clone = failing.clone("one", OPS_URL=service.url)
    failing.remote.protects_main()
    for _ in range(2):
        code, _, stderr = clone.cli("apply")
        assert code == 1
    assert _told(service) == ["syncer: crm failed", "syncer: crm failed"]
    assert "cannot be noted, so the next run tells it again" in stderr
    assert service.url not in stderr


def test_a_warning_is_an_annotation_on_github(failing: Project, service: Service) -> None:
    """Nobody reads the log of a run that looks fine."""
    clone = failing.clone("one", OPS_URL="")
    code, _, stderr = clone.cli("apply", environ={"GITHUB_ACTIONS": "true"})
    assert code == 1
    assert "::warning::notify.ops: the variable OPS_URL is not set" in stderr
    assert service.heard == []
