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


def test_what_every_row_gets_alike_need_not_be_repeated(tmp_path: Path) -> None:
    """The batch and the constants are held to a test that names them, and to no other."""
    (tmp_path / "specs").mkdir()
    spec = (
        "version: 1\nsource: {uri: in/*.csv}\ntarget: {object: profiles}\nmapping: {mail: email}\n"
        "batch: {field: import_batch, value: '{spec}-1'}\nconstants: {origin: shop}\ntests:\n"
    )
    rows = "[{mail: a@x.com}, {mail: b@x.com}]"
    expected = {
        "silent": "[{email: a@x.com}, {email: b@x.com}]",
        "right": "[{email: a@x.com, import_batch: crm-1}, {email: b@x.com, import_batch: crm-1}]",
        "wrong": "[{email: a@x.com, origin: web}, {email: b@x.com, origin: shop}]",
    }
    tests = "".join(
        f"  - {{name: {name}, rows: {rows}, expect: {{rows: {each}}}}}\n" for name, each in expected.items()
    )
    (tmp_path / "specs" / "crm.yaml").write_text(spec + tests, "utf-8")
    found = {
        outcome.name: [each.where for each in outcome.differences]
        for outcome in run_tests(tmp_path, environ={}).outcomes
    }
    assert found == {"silent": [], "right": [], "wrong": ["row 1, origin"]}
