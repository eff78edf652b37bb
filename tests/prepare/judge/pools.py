"""Values at the edge of every rule, with what is said of them: `None` where the field takes them."""

from __future__ import annotations

from typing import Final

BAD_EMAIL = "invalid email format"
BAD_DATE = "not a date (YYYY-MM-DD)"
BAD_TIME = "not an RFC 3339 datetime"
NAIVE = "naive datetime — include timezone offset"
NOT_INTEGER = "not an integer"
OUT_OF_RANGE = "integer out of range"
NOT_NUMBER = "not a number"
NOT_BOOLEAN = "not a boolean"
ENUM = ("a", "B", "c,d", "it's", "1")
NOT_ENUM = "not one of a, B, c,d, it's, 1"

_LABEL_60 = "b" * 60

CASES: Final[dict[str, dict[str, str | None]]] = {
    "string": dict.fromkeys(("x", " ", "NULL", "null", "\\N", 'q"q', "a\nb", "a\r\nb", "\x00", "😀", "\u2028", "x,y")),
    "email": {
        **dict.fromkeys(
            (
                "a@b.co",
                "o'brien+x_1@example-shop.com",
                "x" * 64 + "@b.co",
                "a@" + "b" * 63 + ".co",
                "a@b.c1",
                "a@b.1-a",
                "1@2.c",
                f"a@{'.'.join([_LABEL_60] * 4)}.cooooooo",  # 254 characters
            )
        ),
        **dict.fromkeys(
            (
                *("a@b", "a.co", "@b.co", "a@", "a@b@c.co", "a@b.1", "a@b.1-2", "a@1.2.3.4"),
                *("x" * 65 + "@b.co", "a@" + "b" * 64 + ".co", f"a@{'.'.join([_LABEL_60] * 4)}.coooooooo"),
                *("a@-b.co", "a@b-.co", "a@b..co", "a@b.co.", "a@.b.co", ".a@b.co", "a.@b.co", "a..b@b.co"),
                *(" a@b.co", "a@b.co ", "a@b.co\n", "a@b.co\x00", "a b@c.co", "ä@b.co", "a@bü.co", '"a"@b.co'),
                *("a@[127.0.0.1]", "a@b_c.co", "A <a@b.co>"),
            ),
            BAD_EMAIL,
        ),
    },
    "integer": {
        **dict.fromkeys(("0", "-0", "7", "-1", "9223372036854775807", "-9223372036854775808")),
        **dict.fromkeys(
            ("+1", "01", "-01", "00", " 1", "1 ", "1.0", "1e3", "-", "٣", "1_0", "0x1", "1\n"), NOT_INTEGER
        ),
        **dict.fromkeys(("9223372036854775808", "-9223372036854775809", "9" * 25, "9" * 5000), OUT_OF_RANGE),
    },
    "number": {
        **dict.fromkeys(("0", "-0", "12", "1.50", "-0.5", "1e5", "1E+5", "1.5e-3", "1e-999", "0e9999", "9" * 308)),
        **dict.fromkeys(("1.7976931348623158e308", "0." + "0" * 400 + "1e400", "1" + "0" * 400 + "e-400")),
        **dict.fromkeys(
            (
                *("1e999", "-1e999", "1.7976931348623159e308", "9" * 400, "1e99999999999999999999"),
                *("1,5", ".5", "5.", "+1", "01", "NaN", "nan", "inf", "Infinity", "0x1p3", "1e", "--1", "1_0", "1\n"),
            ),
            NOT_NUMBER,
        ),
    },
    "boolean": {
        **dict.fromkeys(("true", "false")),
        **dict.fromkeys(("True", "TRUE", "1", "0", "yes", "t", " true", "true\n"), NOT_BOOLEAN),
    },
    "date": {
        **dict.fromkeys(("2024-02-29", "2000-02-29", "0004-02-29", "0001-01-01", "9999-12-31", "2026-04-30")),
        **dict.fromkeys(
            (
                *("2023-02-29", "1900-02-29", "0100-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00"),
                *("0000-01-01", "0000-02-29", "10000-01-01", "-001-01-01", "2026-1-1", "20260101", "2026-01-01 "),
                *("2026-01-01T00:00:00Z", "21.04.2026", "٢٠٢٦-01-01", "infinity", "epoch"),
            ),
            BAD_DATE,
        ),
    },
    "datetime": {
        **dict.fromkeys(
            (
                *("2026-04-21T16:30:00Z", "2026-04-21T16:30:00+00:00", "2026-04-21T16:30:00-23:59"),
                *("2026-04-21T23:59:59.1Z", "2026-04-21T16:30:00.123456789012345+05:45", "0001-01-01T00:00:00Z"),
                "2024-02-29T00:00:00Z",
            )
        ),
        **dict.fromkeys(
            (
                *("2026-04-21", "2026-04-21T10:00:00", "2026-04-21 10:00:00", "2026-04-21T10:00"),
                *("2026-04-21T10:00:00.5", "2026-04-21 10:00"),
            ),
            NAIVE,
        ),
        **dict.fromkeys(
            (
                *("2026-04-21 10:00:00Z", "2026-04-21T10:00Z", "2026-04-21t10:00:00Z", "2026-04-21T10:00:00z"),
                *("2026-04-21T10:00:00+0200", "2026-04-21T10:00:00+02", "2026-04-21T10:00:00+24:00"),
                *("2026-04-21T24:00:00Z", "2026-04-21T10:60:00Z", "2026-04-21T23:59:60Z", "2026-04-21T10:00:00.Z"),
                *("2026-04-21T10:00:00,5Z", "2026-04-21T10:00.5", "2026-04-21T1:00:00Z", "2026-04-21  10:00:00"),
                *("2026-02-30", "2026-02-30T10:00:00Z", "0000-01-01T00:00:00Z", "0000-01-01", "1713690000"),
                *("tomorrow", "2026-04-21T10:00:00Z\n", " 2026-04-21T10:00:00Z"),
            ),
            BAD_TIME,
        ),
    },
    "enum": {**dict.fromkeys(ENUM), **dict.fromkeys(("b", "A", "a ", " a", "c", "'", "NULL"), NOT_ENUM)},
}
"""By the field's type, cells of a CSV file that are not empty."""

EVERY: Final = tuple(dict.fromkeys(value for cases in CASES.values() for value in cases))
