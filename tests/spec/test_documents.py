"""YAML as syncer reads it: the core schema of 1.2, every place known, and no file that can hang or crash it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from syncer.spec.document import MAX_BYTES, Document, parse_document, read_document, redact
from syncer.spec.yaml_values import MAX_DEPTH


def read(text: str | bytes) -> Document:
    return parse_document(text.encode() if isinstance(text, str) else text, "a.yaml")


def places(text: str | bytes) -> list[str]:
    return [f"{p.line}:{p.column} {p.message}" for p in read(text).problems]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "nulL", "tRue")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("7d", "7d"),
        ("0.5%", "0.5%"),
        ("=", "="),
        ('"1"', "1"),
        ("'true'", "true"),
        ("!!str 1", "1"),
        ("{a: 1}", {"a": 1}),
        ("[~, 1]", [None, 1]),
    ],
)
def test_scalars(scalar: str, value: object) -> None:
    """A plain scalar is what the YAML 1.2 core schema says, not what YAML 1.1 made of it."""
    document = read(f"key: {scalar}\n")
    assert document.problems == ()
    assert document.value == {"key": value}
    assert type(document.value["key"]) is type(value)


def test_places_of_keys_and_values() -> None:
    """Every key and value is found at its line and column; what is not there, at the nearest level above."""
    document = read("# c\nmapping:\n  email: {to: x, clean: [trim, lower]}\n  'ä b': y\n")
    assert document.locate(("mapping", "email", "to")) == (3, 15)
    assert document.locate(("mapping", "email", "clean", 1)) == (3, 32)
    assert document.locate(("mapping", "ä b"), of_key=True) == (4, 3)
    assert document.locate(("mapping", "ä b")) == (4, 10)
    assert document.locate(("mapping", "nobody", "to")) == (2, 1)
    assert document.locate(()) == (2, 1)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_and_byte_order_mark(ending: str) -> None:
    """A byte order mark and any line ending change neither what is read nor where it stands."""
    text = ending.join(["\ufeffa: ü", "b: [1, x]", "c: |", "  one", "  two", ""])
    document = read(text)
    assert document.value == {"a": "ü", "b": [1, "x"], "c": "one\ntwo\n"}
    assert document.locate(("b", 1)) == (2, 8)


def test_separators_that_only_yaml_1_1_takes_for_line_breaks() -> None:
    """U+2028 and U+0085 do not move the line that an editor shows."""
    assert read('a: "x\u2028y\u0085z"\nb: 1\n').locate(("b",), of_key=True) == (2, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 1\nb: \xff\xfe\n", "2:4 not UTF-8"),
        ("a: 1\n".encode("utf-16"), "1:1 not UTF-8 (it looks like UTF-16)"),
        ("ä: \x00\n", "1:4 a control character"),
        ("a: 1\nb: \x1b[31m", "2:4 a control character"),
        ('a: "\\ud83d"', "1:7 not valid YAML"),
        ("a: &x [*x]", "1:4 an alias that contains itself"),
        ("a: &x {b: *x}", "1:4 an alias that contains itself"),
        ("a: " + "9" * 5000, "1:4 a number of more than 100 digits"),
        ("a: {b: 1, b: 2}\nc: 1\nc: 2", "1:11 duplicate key 'b', first given in line 1"),
        ("a" * (MAX_BYTES + 1), "1:1 larger than 1 MB"),
    ],
)
def test_hostile_text(text: str | bytes, expected: str) -> None:
    """What YAML cannot hold is refused at its place."""
    assert places(text)[0].startswith(expected)


@pytest.mark.parametrize("text", ["[" * 400_000, "{a: " * 100_000, "- " * 300_000, "? " * 300_000, "a: " + "[" * 5000])
def test_deep_nesting(text: str) -> None:
    """A file of opening brackets is a problem, neither a crash of the process nor a RecursionError."""
    (problem,) = read(text).problems
    assert f"nested deeper than {MAX_DEPTH} levels" in problem.message


def test_aliases_that_multiply() -> None:
    """A billion laughs end in a problem within moments."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.monotonic()
    (problem,) = read("\n".join(lines)).problems
    assert "once aliases are expanded" in problem.message
    assert time.monotonic() - started < 5


def test_aliases_stand_for_what_they_name() -> None:
    """Anchors and aliases are plain YAML and keep their own places."""
    document = read("a: &x [1]\nb: *x\n")
    assert document.value == {"a": [1], "b": [1]}
    assert document.problems == ()


def test_several_problems_in_one_file() -> None:
    """Problems that do not keep the file from being read are all told."""
    assert places("a: 1\na: 2\n3: x\nb: 007\n<<: {}\n") == [
        "2:1 duplicate key 'a', first given in line 1",
        "3:1 a key must be text, found a number",
        "4:4 the number 007 would lose its leading zero",
        "5:1 merge keys are not supported",
    ]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder in a spec's place, or no file at all, is a problem like others."""
    for path in (tmp_path, tmp_path / "nothing.yaml"):
        (problem,) = read_document(path, "x.yaml").problems
        assert problem.message.startswith("cannot be read")


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("uri: s3://AKIAX:s3cr3t@bucket/a.csv", "s3cr3t"),
        ("uri: https://h/a.csv?sv=1&sig=s3cr3t%2B", "s3cr3t"),
        ("client_secret: s3cr3t", "s3cr3t"),
        ('"api_key": "s3cr3t",', "s3cr3t"),
        ("{password: s3cr3t, a: b}", "s3cr3t"),
    ],
)
def test_secrets_are_blotted_out(line: str, hidden: str) -> None:
    """A line that is shown beside a problem never shows a secret."""
    assert hidden not in redact(line)
    assert "***" in redact(line)


@pytest.mark.parametrize("line", ["token_url: https://h/oauth/token", "match_key: email", "keys: private/erased.txt"])
def test_ordinary_lines_are_shown(line: str) -> None:
    """What only sounds like a secret is left alone."""
    assert redact(line) == line


@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    """No bytes make the reader raise; each problem has a place inside the file."""
    document = parse_document(raw, "a.yaml")
    lines = document.text.split("\n")
    for problem in document.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(st.text(alphabet="ab:- \n[]{},&*#'\"|>%@!?01.~<\t", max_size=120))
def test_any_text_that_looks_like_yaml(text: str) -> None:
    """No text made of YAML's own signs makes the reader raise, and every value can be located."""
    document = read(text)

    def walk(keys: tuple[str | int, ...], value: object) -> None:
        line, column = document.locate(keys)
        assert line >= 1
        assert column >= 1
        below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in below:
            walk((*keys, key), item)

    walk((), document.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text("abc1", min_size=1, max_size=3), below, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, min_size=1, max_size=4))
def test_what_a_yaml_library_writes_is_read_back(value: dict[str, object]) -> None:
    """Any document that a YAML 1.1 library writes with quotes where they are needed is read as the same values."""
    text = yaml.safe_dump(value, default_style='"', allow_unicode=True)
    text = text.replace('!!int "', '"').replace('!!bool "', '"').replace('!!null "', '"')
    document = read(text)
    assert document.problems == ()
    assert document.value == _as_text(value)


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_text(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_as_text(below) for below in value]
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def test_without_the_c_library() -> None:
    """Where PyYAML has no C parser the pure one reads the same, and stops at the same limits."""
    script = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "from syncer.spec.document import parse_document\n"
        "assert parse_document(b'a: [no, 1, 2026-11-01]', 'x').value == {'a': ['no', 1, '2026-11-01']}\n"
        "for text in (b'a: ' + b'[' * 5000, b'a: \\x01', b'a: [', b'a: &x [*x]'):\n"
        "    assert len(parse_document(text, 'x').problems) == 1\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
