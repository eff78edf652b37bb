"""The tests that the examples bring along, and those that the documents show."""

from __future__ import annotations

import re
from pathlib import Path

from syncer.operations.spec_tests import run_tests

ROOT = Path(__file__).parents[2]


def test_the_examples_pass_their_tests() -> None:
    """Those inside a spec and those beside one; they need neither credentials nor the examples' stores."""
    tested = run_tests(ROOT, environ={})
    assert {outcome.spec for outcome in tested.outcomes} == {"crm-profiles", "newsletter-signups"}
    assert [outcome.differences for outcome in tested.outcomes if not outcome.passed] == []
    assert tested.exit_code == 0


def test_the_documented_test_passes(tmp_path: Path) -> None:
    """The one in docs/preparing.md, of a spec that does what it says."""
    page = (ROOT / "docs" / "preparing.md").read_text("utf-8")
    (shown,) = re.findall(r"^```yaml\n(tests:.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "crm.yaml").write_text(
        "version: 1\nsource: {uri: in/*.csv}\ntarget: {object: profiles, match_key: email}\n"
        "mapping: {email_address: {to: email, clean: [trim, lower]}, points: {to: points, type: integer}}\n"
        f"suppress: {{keys: private/list.txt}}\non_invalid: quarantine\n{shown}",
        "utf-8",
    )
    (outcome,) = run_tests(tmp_path, environ={}).outcomes
    assert outcome.differences == ()
