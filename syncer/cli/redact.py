"""No secret leaves through the screen or a file: every text passes here on its way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

HIDDEN = "…"
SECRET_VARIABLES = ("EXPERITURE_API_KEY", "SYNCER_CLIENT_SECRET", "SYNCER_MASK_KEY")
_SHORTEST = 4
_UNMISTAKABLE = 16

# A URL's query may be a signature. Quotes and backslashes end a match, so that a JSON text stays one; and nothing needs
# a word's boundary before it, because in JSON a line break is `\n`.
_QUERY = re.compile(r"(?i)(https?://[^\s?\"'<>`\\]*)\?[^\s\"'<>`\\]*")
_URL_USER = re.compile(r"(?i)(https?://)[^\s/@\"'<>`\\]+@")
_SIGNED = re.compile(r"(?i)X-(Amz|Goog)-[\w-]+=[^\s&\"'<>`\\]*")
_BEARER = re.compile(r"(?i)(bearer)\s+(?!tokens?\b)[\w.~+/-]+=*")
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?")


class Redactor:
    """Takes URL queries, bearer tokens and the secrets of an environment out of texts."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._secrets: re.Pattern[str] | None = None
        self._known: set[str] = set()
        self.learn(environ)

    def learn(self, environ: Mapping[str, str]) -> None:
        """Hide the secrets of this environment too."""
        self.learn_more(environ.get(name, "") for name in SECRET_VARIABLES)

    def learn_more(self, secrets: Iterable[str]) -> None:
        """Hide these, too. What is too short to be a secret is left alone."""
        self._known |= {value for secret in secrets if len(value := secret.strip()) >= _SHORTEST}
        self._secrets = _any_of(self._known)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        text = _QUERY.sub(rf"\1?{HIDDEN}", _URL_USER.sub(r"\1", text))
        text = _BEARER.sub(rf"\1 {HIDDEN}", _SIGNED.sub(HIDDEN, text))
        text = _JWT.sub(HIDDEN, text)
        return self._secrets.sub(HIDDEN, text) if self._secrets else text


def _any_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Match each secret; one that is short enough to be a part of other words only where it stands alone."""
    patterns = [
        re.escape(each) if len(each) >= _UNMISTAKABLE else rf"(?<![\w-]){re.escape(each)}(?![\w-])"
        for each in sorted(secrets, key=len, reverse=True)
    ]
    return re.compile("|".join(patterns)) if patterns else None
