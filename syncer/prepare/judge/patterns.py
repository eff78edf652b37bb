r"""The texts that a field takes, as regular expressions that RE2 and Python read alike. All are for a full match.

They use no look-around, no `.`, `$` or `\d`, and no flags: on those the two engines differ. Calendar and clock are
spelled out, so that no engine's idea of a date gets between a text and its verdict.
"""

from __future__ import annotations

from typing import Final

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_LAST_LABEL: Final = r"(?:[0-9][A-Za-z0-9-]*)?[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
"""A label with a letter in it."""
EMAIL: Final = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LAST_LABEL}"
"""An address, but for the lengths of its parts, which only a text of more than SHORT_EMAIL characters can exceed."""
LONG_LABEL: Final = r"[^@]*@[A-Za-z0-9.-]*[A-Za-z0-9-]{64}[A-Za-z0-9.-]*"
"""Of what matches EMAIL: those with a label of more than 63 characters."""
SHORT_EMAIL: Final = 64
LOCAL_PART_LENGTH: Final = 64
EMAIL_LENGTH: Final = 254

_LONG: Final = r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
_SHORT: Final = r"(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_FEBRUARY: Final = r"02-(?:0[1-9]|1[0-9]|2[0-8])"
_YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR: Final = (
    r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])"  # divisible by 4, not by 100
    r"|(?:0[48]|[2468][048]|[13579][26])00)"  # divisible by 400, and not the year 0
)
DATE: Final = rf"(?:{_YEAR}-(?:{_LONG}|{_SHORT}|{_FEBRUARY})|{_LEAP_YEAR}-02-29)"
_MINUTES: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS: Final = r":[0-5][0-9](?:\.[0-9]+)?"
DATETIME: Final = rf"{DATE}T{_MINUTES}{_SECONDS}(?:Z|[+-]{_MINUTES})"
NAIVE_DATETIME: Final = rf"{DATE}(?:[T ]{_MINUTES}(?:{_SECONDS})?)?"

INTEGER: Final = r"-?(?:0|[1-9][0-9]*)"
NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
