r"""Take a JSON object apart that the fast decoder refuses for text that is no Unicode: half a surrogate pair.

Exports that cut texts at a length leave such halves (`"\ud83d"`) behind. Under a key that is not mapped they harm
nobody, and the row must not be lost for them.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

_BLANKS: Final = " \t\r\n"


def members(line: bytes) -> dict[str, bytes] | None:
    """Return an object's values, the last of each key, as the bytes that they are; None if the line is no JSON object.

    `line` is UTF-8. A key that is itself no Unicode text is left out.
    """
    try:
        found = _members(line.decode())
    except (ValueError, IndexError, RecursionError):
        return None
    return {key: value.encode() for key, value in found.items() if _is_unicode(key)}


def _members(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    place = _behind("{", text, 0)
    more = text[_behind_blanks(text, place)] != "}"
    while more:
        begin = _behind('"', text, place) - 1
        key, place = _decode(text, begin)
        begin = _behind_blanks(text, _behind(":", text, place))
        _, place = _decode(text, begin)
        found[key] = text[begin:place]
        place = _behind_blanks(text, place)
        more = text[place] == ","
        place += more
    if text[_behind("}", text, place) :].strip(_BLANKS):
        raise ValueError("something follows the object")
    return found


def _behind(sign: str, text: str, place: int) -> int:
    """Return the place behind this sign, before which only blanks may stand."""
    place = _behind_blanks(text, place)
    if text[place] != sign:
        raise ValueError(f"{sign} is missing")
    return place + 1


def _behind_blanks(text: str, place: int) -> int:
    while text[place] in _BLANKS:
        place += 1
    return place


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Numbers stay text: they may have more digits than Python makes a number of.
_decode = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant).raw_decode
