"""Schemes of source URIs."""

from __future__ import annotations

from syncer.model.protocols import protocol


def test_a_plain_path_is_local() -> None:
    """Paths and file URLs are local; a scheme is read whatever its case."""
    assert [protocol(uri) for uri in ("a/b.csv", "file:///a", "S3://b/a")] == ["file", "file", "s3"]
