"""JSON for other programs: always an object, always with its format's version first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

FORMAT_VERSION: Final = 1


def json_text(document: Mapping[str, Any]) -> str:
    """Write the document with its `format_version` (its own, where it has one)."""
    return json.dumps({"format_version": FORMAT_VERSION, **document}, indent=2, ensure_ascii=False)
