"""Lower and upper case, letter by letter: Unicode's simple mapping, in the edition that the engine knows.

Python's own `str.lower` and `str.upper` follow the edition of their release, look at neighbouring letters (a final
sigma) and may give several for one (`ß`). A match key that is lowered here and there must come out alike, so the
engine's mapping counts for all, and Python looks it up.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

Case = Literal["lower", "upper"]
END_OF_CASED = 0x20000
"""Letters that have two cases stand below this code point."""


def changed(text: str, case: Case) -> str:
    """Return the text in that case, as the engine's function of the same name does."""
    if text.isascii():
        return text.lower() if case == "lower" else text.upper()
    return text.translate(_letters(case))


@cache
def _letters(case: Case) -> dict[int, str]:
    import duckdb

    codes = "SELECT unnest(?::INTEGER[]) AS code"
    question = f"SELECT code, {case}(chr(code)) FROM ({codes}) WHERE {case}(chr(code)) <> chr(code)"  # noqa: S608 - our own words; values are bound
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        return dict(connection.execute(question, [[*range(1, 0xD800), *range(0xE000, END_OF_CASED)]]).fetchall())
