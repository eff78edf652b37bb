"""What the scheme of a source's URI says about where its files are."""

from __future__ import annotations

LOCAL_PROTOCOLS = ("file", "local")


def protocol(uri: str) -> str:
    """Return the URL scheme of a source, `file` for plain paths."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else "file"
