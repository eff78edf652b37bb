"""What a column's name says: which field it looks like, and whether its values are likely secret. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

_ALIASES: Final[Mapping[str, frozenset[str]]] = {
    "email": frozenset(("mail", "email_address", "mail_address", "email_addr", "contact_email")),
    "first_name": frozenset(("given_name", "forename", "fname", "first", "vorname", "prenom")),
    "last_name": frozenset(("surname", "family_name", "lname", "last", "nachname")),
    "phone": frozenset(
        ("phone_number", "telephone", "telephone_number", "mobile", "mobile_phone", "mobile_number", "tel")
    ),
    "postal_code": frozenset(("postcode", "zip", "zip_code", "plz")),
    "birth_date": frozenset(("date_of_birth", "birthday", "birthdate", "dob")),
    "signed_up_at": frozenset(
        ("signup_ts", "signup_date", "signup_time", "signed_up", "sign_up_date", "registered_at")
    ),
    "created_at": frozenset(("created", "created_on", "creation_date", "date_created")),
    "updated_at": frozenset(("updated", "updated_on", "last_updated", "date_updated")),
}
"""A field's usual name, and the other names under which files have it."""

_SENSITIVE: Final = re.compile(
    r"(?:^|_)(?:ssn|social_security|national_id|personal_id|tax_id|nino|passport|driving_licence|drivers?_license"
    r"|pass_?words?|passwd|pwd|passcode|pin|secret|token|api_key|iban|bic|bank_account|account_(?:no|number)"
    r"|credit_?card|card|cc_?(?:no|num|number)|cvv|cvc|pan|salary|diagnosis|religion)(?:_|$)"
)
_CODES: Final = re.compile(
    r"(?:^|_)(?:id|code|no|nr|number|key|sku|zip|plz|postcode|phone|tel|mobile|fax|account|ean)$"
)
_CARD_DIGITS: Final = range(13, 20)
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def snake(name: str) -> str:
    """Return the name as fields are named: `E-Mail Address` is `email_address`, `FirstName` `first_name`."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    joined = "_".join(re.findall(r"[^\W_]+", split)).casefold()
    return re.sub(r"(^|_)e_mail(?=_|$)", r"\1email", joined)


def usual(name: str) -> str:
    """Return the usual name of the field that a column looks like, else its own in snake case."""
    own = snake(name)
    key = own.replace("_", "")
    for field, others in _ALIASES.items():
        if key in {known.replace("_", "") for known in (field, *others)}:
            return field
    return own


def matches(columns: Iterable[str], fields: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return which column looks like which field, and why: the same name, the same letters, or a usual other name.

    A field goes to the column that looks like it most, to the first of several; no field has two columns.
    """
    known = tuple(fields)
    ranked = sorted(
        ((rank, place, column, field) for place, column in enumerate(columns) for field in known
         if (rank := _rank(column, field)) is not None)
    )  # fmt: skip
    found: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for rank, _, column, field in ranked:
        if column not in found and field not in taken:
            found[column] = (field, ("the same name", "the same name, written otherwise", "a usual name for it")[rank])
            taken.add(field)
    return found


def _rank(column: str, field: str) -> int | None:
    if column == field:
        return 0
    if not snake(column):
        return None
    if snake(column).replace("_", "") == snake(field).replace("_", ""):
        return 1
    return 2 if usual(column) == usual(field) else None


def is_code(name: str) -> bool:
    """Whether the name is one of identifiers, which are text even where they are all digits."""
    return _CODES.search(snake(name)) is not None


def why_sensitive(name: str, values: Iterable[object]) -> str:
    """Say why a column should never be sent, "" where nothing tells: by its name, or by what all of its values are."""
    if _SENSITIVE.search(snake(name)):
        return "by its name"
    texts = [re.sub(r"[ -]", "", str(value)) for value in values if value not in (None, "")]
    if texts and all(map(_is_card, texts)):
        return "its values are numbers of payment cards"
    if texts and all(map(_is_iban, texts)):
        return "its values are IBANs"
    return ""


def _is_card(text: str) -> bool:
    """Whether the digits are as many as a card has, and add up as they do there (Luhn)."""
    if len(text) not in _CARD_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(text)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0  # noqa: PLR2004 - Luhn's rule


def _is_iban(text: str) -> bool:
    """Whether the check digits are right (ISO 13616)."""
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1
