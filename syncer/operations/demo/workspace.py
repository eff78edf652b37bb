"""The demo's workspace: specs, settings, and source files of people who do not exist. The same bytes every time."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syncer.spec.schema import schema_text

CHANGED: Final = "exports/crm/profiles-2.csv"
"""The file that the tour changes half-way."""

ORDERS: Final = {"2026-11-20": range(700), "2026-11-21": range(700, 1_200)}
PROFILES: Final = {"exports/crm/profiles-1.csv": range(1_200), CHANGED: range(1_200, 2_000)}
_WIDE_ROWS: Final = 1_500

_IDENTIFYING: Final = ("ssn", "passport_no", "iban", "mobile_phone", "street_address")
_INTERNAL: Final = ("internal_notes", "salary_band", "credit_limit", "fraud_score", "complaints", "account_manager")
_SCORES: Final = tuple(f"model_score_{number:02}" for number in range(1, 22))
PRIVATE: Final = frozenset({*_IDENTIFYING, *_INTERNAL, *_SCORES, "card_last4", "ip_address"})
"""Columns of the source files that must not leave the machine: no spec maps them."""

_FIRST: Final = ("Ada", "Alan", "Barbara", "Dennis", "Edsger", "Frances", "Grace", "Hedy", "Jean", "John", "Karen")
_LAST: Final = ("Allen", "Bartik", "Dijkstra", "Hopper", "Kernighan", "Lamarr", "Liskov", "Lovelace", "Turing")
_COUNTRIES: Final = ("DE", "FR", "GB", "NL", "SE", "US")
_TIERS: Final = ("bronze", "silver", "gold")
_BAD_EMAIL_EVERY: Final = 190
_NAIVE_EVERY: Final = 270

_SETTINGS: Final = """\
# What is the project's rather than one spec's. Secrets are never here: they come from the environment.
api:
  base_url: {base_url} # the emulator; leave it out for the real platform
  poll: {{initial: 100ms, max: 1s}} # an emulator may be asked often; the default is 5s, growing to 60s
"""

_MODELINE: Final = "# yaml-language-server: $schema=../spec.schema.json\n"

_SPECS: Final = {
    "crm-profiles": """\
version: 1
description: CRM export, every customer with consent
owner: "@example/crm-data"
source: {uri: exports/crm/profiles-*.csv}
target: {object: profiles, match_key: email}
mapping: # source column -> destination field; what is not listed never leaves this machine
  email_address: email
  FirstName: first_name
  LastName: last_name
  signup_ts: {to: signed_up_at, type: datetime}
  country: country
  tier: loyalty_tier
constants: {import_source: crm}
list: {create: CRM customers}
batch: {field: import_batch}
""",
    "web-orders": """\
version: 1
description: Shop orders. The object appends, so a file that is imported twice would count twice
owner: "@example/shop"
source:
  uri: exports/orders/dt={date:%Y-%m-%d}/orders.jsonl.gz
target: {object: orders}
mapping:
  order_id: order_id
  customer_email: email
  total: {to: amount, type: number}
  currency: currency
  item_count: {to: items, type: integer}
  placed_at: {to: ordered_at, type: datetime}
batch: {field: import_batch, value: "{spec}-{date:%Y%m%d}"}
""",
    "customer-360": """\
version: 1
description: The warehouse's 40-column customer table, of which seven columns may leave
owner: "@example/data-platform"
source: {uri: exports/warehouse/customer-360.parquet}
target: {object: profiles, match_key: email}
mapping:
  email: email
  city: city
  birth_date: {to: birth_date, type: date}
  points: {to: points, type: integer}
  balance: {to: balance, type: number}
  newsletter: {to: marketing_opt_in, type: boolean}
  last_seen: {to: last_seen_at, type: datetime}
depends_on: [crm-profiles] # the CRM's profiles come first
""",
}


def make_workspace(root: Path, base_url: str) -> None:
    """Write everything below `root`."""
    (root / "specs").mkdir(parents=True)
    for name, text in _SPECS.items():
        _write(root / "specs" / f"{name}.yaml", _MODELINE + text)
    _write(root / "syncer.yaml", _SETTINGS.format(base_url=base_url))
    _write(root / "spec.schema.json", schema_text())
    for name, numbers in PROFILES.items():
        _write_profiles(root / name, numbers)
    for day, numbers in ORDERS.items():
        _write_orders(root / f"exports/orders/dt={day}/orders.jsonl.gz", day, numbers)
    _write_wide(root / "exports/warehouse/customer-360.parquet")


def correct_first_bad_address(root: Path) -> None:
    """Change one cell of CHANGED, as somebody would who reads the rejected rows."""
    path = root / CHANGED
    _write(path, path.read_text("utf-8").replace(" at example.com", "@example.com", 1))


def email_of(number: int) -> str:
    return f"{_first(number)}.{_last(number)}.{number:04}@example.com".lower()


def order_id(number: int) -> str:
    return f"ord-{number:06}"


def _write_profiles(path: Path, numbers: range) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ("email_address", "FirstName", "LastName", "signup_ts", "country", "tier", "mobile_phone", "internal_notes")
        )
        writer.writerows(_profile(number) for number in numbers)


def _profile(number: int) -> tuple[str, ...]:
    """Give one customer. Some have an address that is none, some a time of no zone: both are rejected rows."""
    email, offset = email_of(number), "Z"
    if number % _BAD_EMAIL_EVERY == _BAD_EMAIL_EVERY - 1:
        email = email.replace("@", " at ")
    if number % _NAIVE_EVERY == _NAIVE_EVERY - 1:
        offset = ""
    time = f"2026-{number % 10 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00{offset}"
    country, tier = _COUNTRIES[number % len(_COUNTRIES)], _TIERS[number % len(_TIERS)]
    return email, _first(number), _last(number), time, country, tier, f"+1 555 01{number % 100:02}", "calls on Mondays"


def _write_orders(path: Path, day: str, numbers: range) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(order)}\n" for order in _orders(day, numbers))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _orders(day: str, numbers: range) -> Iterator[dict[str, object]]:
    for number in numbers:
        yield {
            "order_id": order_id(number),
            "customer_email": email_of(number % 1_000),
            "total": round(5 + number % 200 * 1.25, 2),
            "currency": ("EUR", "GBP", "USD")[number % 3],
            "item_count": number % 5 + 1,
            "placed_at": f"{day}T{number % 24:02}:{number % 60:02}:{number % 59:02}+01:00",
            "card_last4": f"{number % 10_000:04}",
            "ip_address": f"192.0.2.{number % 256}",
        }


def _write_wide(path: Path) -> None:
    """Write the Parquet file, which DuckDB makes of the emails and of numbers."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    public = """email, ['Berlin', 'Lyon', 'Leeds', 'Utrecht'][n % 4 + 1] AS city,
        DATE '1950-01-01' + (n * 13 % 18000)::INTEGER AS birth_date, n * 7 % 5000 AS points,
        (n * 31 % 90000) / 100.0::DOUBLE AS balance, n % 3 = 0 AS newsletter,
        to_timestamp(1763000000 + n * 3600) AS last_seen"""
    identifying = ", ".join(f"'{name}-' || lpad(n::VARCHAR, 6, '0') AS {name}" for name in _IDENTIFYING)
    internal = ", ".join(f"'for internal use, ' || n AS {name}" for name in _INTERNAL)
    scores = ", ".join(f"((n * {i} + {i}) % 1000) / 1000.0::DOUBLE AS {name}" for i, name in enumerate(_SCORES, 3))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE people (n BIGINT, email VARCHAR)")
        connection.execute(
            "INSERT INTO people SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])",
            [list(range(_WIDE_ROWS)), [email_of(number) for number in range(_WIDE_ROWS)]],
        )
        query = f"SELECT n AS customer_no, {public}, {identifying}, {internal}, {scores} FROM people ORDER BY n"  # noqa: S608 - constants
        connection.execute(f"COPY ({query}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")


def _first(number: int) -> str:
    return _FIRST[number % len(_FIRST)]


def _last(number: int) -> str:
    return _LAST[number // 3 % len(_LAST)]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
