"""Texts within the sizes that GitHub takes; past them a text is refused or lost as a whole."""

from __future__ import annotations

COMMENT_CHARACTERS = 65_000
"""A comment may have 65,536 characters; the rest is for the marker and for characters that count twice."""
SUMMARY_BYTES = 900_000
"""A step's summary may hold 1 MiB."""


def cut(text: str, limit: int, rest: str) -> str:
    """Return the text if it has at most `limit` bytes in UTF-8, else its first whole lines and `rest`.

    A fold that is cut in two is closed, so that what follows on the page stands outside of it.
    """
    if len(text.encode()) <= limit:
        return text
    end = f"\n\n{rest}\n"
    room = limit - len(end.encode()) - len("\n\n</details>")
    kept: list[str] = []
    for line in text.split("\n"):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    is_open = kept.count("<details>") > kept.count("</details>")
    return "\n".join(kept) + ("\n\n</details>" if is_open else "") + end
