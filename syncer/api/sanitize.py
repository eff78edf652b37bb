"""Make text that a server sent fit for a message, a log or the state: short, on one line, and free of secrets."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 500

_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
_BEARER: Final = re.compile(r"(?i)\bbearer\s+\S+")
_URL_QUERY: Final = re.compile(r"(?i)(\bhttps?://[^\s?#\"'<>]*)[?#][^\s\"'<>]*")
_URL_USER: Final = re.compile(r"(?i)(\bhttps?://)[^\s/@\"'<>]*@")
_SIGNATURE: Final = re.compile(r"(?i)\b([\w-]*(?:signature|credential|token|secret|password)=)[^\s&\"'<>]+")


def sanitize(text: str) -> str:
    """Give the text on one line of LONGEST characters at most, without URLs' queries, tokens and control characters."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text[: 8 * LONGEST]).split())
    line = _JWT.sub("(token)", _BEARER.sub("Bearer (token)", line))
    line = _SIGNATURE.sub(r"\1…", _URL_USER.sub(r"\1", _URL_QUERY.sub(r"\1?…", line)))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
