"""Names, media types and sizes of source files."""

from __future__ import annotations

import pytest

from syncer.model.files import GB, Compression, SourceFormat, media_type, size_advice, size_refusal
from tests.model.making import file


@pytest.mark.parametrize(
    ("path", "name", "stem"),
    [
        ("data/orders.jsonl.gz", "orders.jsonl.gz", "orders"),
        ("orders.2026.CSV", "orders.2026.CSV", "orders.2026"),
        ("s3://b/x/part-1.parquet", "part-1.parquet", "part-1"),
        ("data/export.dat", "export.dat", "export.dat"),
    ],
)
def test_a_stem_has_no_known_extension(path: str, name: str, stem: str) -> None:
    """Only the extensions that say format and compression are left out of the stem."""
    assert (file(path).name, file(path).stem) == (name, stem)


@pytest.mark.parametrize(
    ("form", "compression", "expected"),
    [
        ("csv", None, "text/csv"),
        ("jsonl", None, "application/x-ndjson"),
        ("parquet", None, "application/vnd.apache.parquet"),
        ("csv", "gzip", "application/gzip"),
        ("jsonl", "gzip", "application/gzip"),
    ],
)
def test_uploads_have_the_contract_s_content_types(
    form: SourceFormat, compression: Compression | None, expected: str
) -> None:
    """The Content-Type is the one that the API's contract names for the bytes that are sent."""
    assert media_type(form, compression) == expected


def test_the_vendor_s_limits_hold_at_their_edges() -> None:
    """50 GB is the largest file; above 10 GB the guide's advice is given, and not for what is refused anyway."""
    assert size_refusal(50 * GB) is None
    assert "50.0 GB" in (size_refusal(50 * GB + 1) or "")
    assert size_advice(10 * GB, "csv") is None
    assert "Parquet" in (size_advice(10 * GB + 1, "csv") or "")
    assert "Parquet" not in (size_advice(50 * GB, "parquet") or "Parquet")
    assert size_advice(50 * GB + 1, "csv") is None
