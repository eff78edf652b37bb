"""No secret leaves, whatever it is part of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.cli.redact import Redactor

SECRET = "s3cr3t-value-of-a-token"
REDACT = Redactor({"EXPERITURE_API_KEY": SECRET, "SYNCER_CLIENT_SECRET": "short"})


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("PUT https://b.example/k?X-Amz-Signature=abc&x=1 failed", "PUT https://b.example/k?… failed"),
        ("at /k?X-Amz-Signature=abc&y", "at /k?…&y"),
        ("https://user:pass@host/a", "https://host/a"),
        ("Authorization: Bearer abc.def-123==", "Authorization: Bearer …"),
        ("the bearer token is missing", "the bearer token is missing"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "…"),
        (f"x{SECRET}y", "x…y"),
        ("a short word, shorter", "a … word, shorter"),
        ("https://b.example/plain", "https://b.example/plain"),
    ],
)
def test_what_is_secret_is_taken_out(text: str, clean: str) -> None:
    """Queries of URLs, user names in them, bearer tokens, JWTs and the environment's own secrets; nothing else."""
    assert REDACT(text) == clean


_HOSTILE = st.sampled_from(
    ["\n", '"', "\\", "https://h/p?sig=abc", "Bearer abcdef", "X-Amz-Date=1", SECRET, "é", " ", "a"]
)


@given(st.lists(_HOSTILE, max_size=12).map("".join))
def test_json_stays_json_and_holds_no_secret(text: str) -> None:
    """Redacting a JSON text leaves it readable, and leaves no secret in it, also right behind a line break."""
    clean = REDACT(json.dumps({"a": text}, ensure_ascii=False))

    told = json.loads(clean)["a"]
    assert SECRET not in told
    assert "sig=abc" not in told


def test_a_secret_learnt_later_is_hidden_too() -> None:
    """A token from the project's .env is known only once the project is found."""
    redact = Redactor({})
    redact.learn({"EXPERITURE_API_KEY": "token-from-dotenv"})

    assert redact("token-from-dotenv") == "…"


def test_a_very_short_secret_hides_no_words() -> None:
    """A token of one letter would turn every message into dots."""
    assert Redactor({"EXPERITURE_API_KEY": "a"})("a b a") == "a b a"
