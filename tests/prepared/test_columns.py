"""`checks.new_columns` and `missing_columns`: what becomes of a file whose columns are not those of the mapping."""

from __future__ import annotations

import pytest

from tests.apply.workspace import only
from tests.prepared.orders_files import Format, shop, well, write
from tests.rejects.ward import Ward

FORMATS: list[Format] = ["csv", "jsonl", "parquet", "csv.gz"]
NEW = "it has columns that the spec does not mention, which are not sent: 'note'"
GONE = "it has no column 'tier', which the mapping names; sent without"


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(("choice", "told"), [("warn", (NEW,)), ("ignore", ())])
def test_new_columns_are_told_of(ward: Ward, file_format: Format, choice: str, told: tuple[str, ...]) -> None:
    """They never leave; whether somebody should know is the spec's choice."""
    ward.spec("shop", shop(file_format, f"checks: {{new_columns: {choice}}}"))
    write(ward, f"a.{file_format}", well("o1"))
    code, out, _ = ward.cli("check", "shop")
    assert (code, NEW in out) == (0, bool(told))
    end = only(ward.run().imports)
    assert (end.result, end.warnings) == ("completed", told)
    assert ward.log("shop")[1]["artifact"]["columns"] == ["id", "at", "amount"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_new_columns_hold_the_file_back(ward: Ward, file_format: Format) -> None:
    """With `fail` nothing is sent, and the exit code is that of checks; never_send mentions a column."""
    ward.spec("shop", shop(file_format, "checks: {new_columns: fail}"))
    write(ward, f"a.{file_format}", well("o1"))
    outcome = ward.run()
    end = only(outcome.imports)
    assert (end.result, outcome.exit_code, ward.writes()) == ("failed", 3, [])
    assert "columns that the spec does not mention: 'note'" in end.message
    assert "never_send" in end.next_step
    ward.spec("shop", shop(file_format, "checks: {new_columns: fail, never_send: [note]}"))
    assert only(ward.run().imports).result == "completed"


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(("choice", "told"), [("warn", (GONE,)), ("ignore", ())])
def test_a_file_without_a_mapped_column_is_sent_without_it(
    ward: Ward, file_format: Format, choice: str, told: tuple[str, ...]
) -> None:
    """The mapping request leaves it out as well, for the platform would fail the job."""
    spec = shop(file_format, f"checks: {{missing_columns: {choice}}}")
    ward.spec("shop", spec.replace("mapping: {", "mapping: {tier: currency, "))
    write(ward, f"a.{file_format}", well("o1"))
    end = only(ward.run().imports)
    assert (end.result, end.warnings, end.rows.inserts) == ("completed", told, 1)
    assert ward.log("shop")[1]["artifact"]["columns"] == ["id", "at", "amount"]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("check", ["checks: {missing_columns: fail}", ""])
def test_a_file_without_a_mapped_column_is_not_sent(ward: Ward, file_format: Format, check: str) -> None:
    """So it is unless the spec says otherwise."""
    ward.spec("shop", shop(file_format, check).replace("mapping: {", "mapping: {tier: currency, "))
    write(ward, f"a.{file_format}", well("o1"))
    end = only(ward.run().imports)
    assert (end.result, ward.writes()) == ("failed", [])
    assert "has no column 'tier'" in end.message


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_match_key_is_never_done_without(ward: Ward, file_format: Format) -> None:
    """Rows without one are nobody's."""
    spec = shop(file_format, "checks: {missing_columns: ignore}").replace("orders}", "profiles, match_key: email}")
    ward.spec("shop", spec.replace("{id: order_id, at: {to: ordered_at, type: datetime}", "{who: email, id: city"))
    write(ward, f"a.{file_format}", well("o1"))
    end = only(ward.run().imports)
    assert (end.result, ward.writes()) == ("failed", [])
    assert "has no column 'who'" in end.message


@pytest.mark.parametrize("file_format", FORMATS)
def test_columns_and_parts_go_together(ward: Ward, file_format: Format) -> None:
    """The warning is told once, whatever the number of jobs."""
    checks = "checks: {missing_columns: warn, new_columns: warn, max_invalid: 50%}"
    size = {"csv": "1KB", "jsonl": "3KB", "parquet": "6KB", "csv.gz": "300B"}[file_format]
    spec = shop(file_format, checks, f"prepare: {{split: {size}}}")
    ward.spec("shop", spec.replace("mapping: {", "mapping: {tier: currency, "))
    write(ward, f"a.{file_format}", well(*(f"{number * 7919 % 65521:x}" for number in range(200))))
    end = only(ward.run().imports)
    assert (end.result, end.warnings, end.rows.inserts) == ("completed", (GONE, NEW), 200)
