"""Transforms end to end: what arrives is cleaned, masked and placed in time, and no mask goes without its key."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest

from syncer.errors import PrepareError
from syncer.operations.plan import plan

if TYPE_CHECKING:
    from tests.apply.workspace import Workspace

KEY = "0123456789abcdef"
MASKED = """
version: 1
source: {uri: data/*.csv}
target: {object: profiles, match_key: email}
mapping:
  mail: {to: email, clean: [trim, lower]}
  phone: {to: phone_hash, clean: [trim], mask: hmac}
  since: {to: signed_up_at, type: datetime, timezone: Europe/Berlin}
"""


@pytest.fixture
def masked(workspace: Workspace) -> Workspace:
    workspace.spec("masked", MASKED)
    workspace.file(
        "data/a.csv", "mail,phone,since", " Ann@X.io , 0151 ,2026-07-01 12:00:00", "b@x.io,,2026-10-25 02:30"
    )
    return workspace


def test_what_arrives_is_transformed(masked: Workspace) -> None:
    """The platform holds cleaned keys, hashes and moments; a time that comes twice is a rejected row, not a guess."""
    masked.environ["SYNCER_MASK_KEY"] = KEY
    rows = masked.run().imports[0].rows
    assert rows is not None
    assert (rows.valid, rows.invalid) == (1, 1)
    arrived = masked.emulator.query("SELECT email, phone_hash, signed_up_at::VARCHAR FROM profiles")
    assert [tuple(row) for row in arrived] == [
        ("ann@x.io", hmac.new(KEY.encode(), b"0151", "sha256").hexdigest(), "2026-07-01 10:00:00")
    ]


def test_without_the_key_nothing_is_begun(masked: Workspace) -> None:
    """The variable is named in the plan and in the refusal; nothing is sent, and the log is as it was."""
    assert any("SYNCER_MASK_KEY" in warning for warning in plan(masked.root, environ=masked.environ).warnings)
    with pytest.raises(PrepareError, match="'phone'") as caught:
        masked.run()
    assert "SYNCER_MASK_KEY" in caught.value.why
    assert masked.emulator.requests == []
    assert masked.log("masked") == []


def test_the_key_is_part_of_the_preparation_and_stands_nowhere(masked: Workspace) -> None:
    """Another key is another preparation, and no byte of the key comes into the log."""
    masked.environ["SYNCER_MASK_KEY"] = KEY
    first = plan(masked.root, environ=masked.environ)
    assert not first.warnings
    masked.environ["SYNCER_MASK_KEY"] = "another"
    second = plan(masked.root, environ=masked.environ)
    assert first.runnable[0].preparation != second.runnable[0].preparation
    masked.environ["SYNCER_MASK_KEY"] = KEY
    masked.run()
    assert all(KEY not in str(event) for event in masked.log("masked"))
