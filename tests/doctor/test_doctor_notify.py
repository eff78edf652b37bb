"""Whether people can be told is looked at before there is anything to tell them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.examined import examine

SETTINGS = "notify: {ops: {url_from: OPS_URL, on: [failed], specs: ['crm-*']}}\n"


@pytest.mark.parametrize(
    ("value", "status", "what", "exit_code"),
    [
        ("json://127.0.0.1:9/hook", "ok", "failed: crm-*", 0),
        ("", "warning", "the variable OPS_URL is not set", 0),
        ("no-such-service://s3cr3t", "failed", "the value of OPS_URL is no Apprise URL", 1),
        ("slack://s3cr3t", "failed", "the value of OPS_URL is no Apprise URL", 1),
    ],
)
def test_each_target_is_looked_at(tmp_path: Path, value: str, status: str, what: str, exit_code: int) -> None:
    """Nothing is sent; a service that is unknown, or lacks a part of its URL, is found, and the URL is told nowhere."""
    (tmp_path / "syncer.yaml").write_text(SETTINGS, encoding="utf-8")
    examined = examine(tmp_path, ["notify"], {"OPS_URL": value})
    check = examined["notify.ops"]
    assert (check.status, check.what, examined.exit_code) == (status, what, exit_code)
    assert "s3cr3t" not in examined.text


def test_a_project_that_tells_nobody_is_not_well_or_ill(tmp_path: Path) -> None:
    """The area is there and says so."""
    (tmp_path / "syncer.yaml").write_text("", encoding="utf-8")
    assert examine(tmp_path, ["notify"], {})["messages"].status == "skipped"
