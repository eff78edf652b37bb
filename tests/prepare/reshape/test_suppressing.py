"""Suppressed match keys never leave: how they are listed, found and counted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pytest

from syncer.errors import PrepareError
from syncer.prepare.reshape import suppression
from syncer.prepare.reshape.reshape import reshape
from syncer.prepare.reshape.suppression import digests, suppress_digest
from tests.prepare.reshape.artifacts import artifact_of, bytes_of, hashed, numbers_file, parquet_rows, suppress_file

PEOPLE = b'email,n\na@x.io,1\n" B@x.io ",2\nA@X.IO,3\n,4\n,,\nc@x.io,5\n'


def kept(content: bytes, listed: str, tmp_path: Path, work_dir: Path) -> bytes:
    made = artifact_of(tmp_path, content, ("email", "n"), file_format="jsonl" if content[:1] == b"{" else "csv")
    result = reshape(made, suppress=suppress_file(tmp_path, listed), match_column="email", work_dir=work_dir)
    return bytes_of(result.artifact)


def test_a_listed_key_is_suppressed_as_it_stands_or_normalised(tmp_path: Path, work_dir: Path) -> None:
    """The list may have the hash of the value itself, or of it trimmed and in lower case, and no other."""
    assert kept(PEOPLE, hashed("a@x.io"), tmp_path, work_dir) == b'email,n\n" B@x.io ",2\n,4\n,,\nc@x.io,5\n'
    assert kept(PEOPLE, hashed("A@X.IO"), tmp_path, work_dir) == PEOPLE.replace(b"A@X.IO,3\n", b"")
    assert kept(PEOPLE, hashed("b@x.io"), tmp_path, work_dir) == PEOPLE.replace(b'" B@x.io ",2\n', b"")
    assert kept(PEOPLE, hashed("B@x.io", "b@X.io"), tmp_path, work_dir) == PEOPLE


def test_null_is_no_match_key(tmp_path: Path, work_dir: Path) -> None:
    """Rows without a match key stay, also when the hash of an empty text is listed."""
    assert kept(PEOPLE, hashed("", "null", "NULL"), tmp_path, work_dir) == PEOPLE
    rows = b'{"email":null,"n":1}\n{"n":2}\n{\n'
    assert kept(rows, hashed("", "null"), tmp_path, work_dir) == rows


def test_trimming_takes_unicode_white_space_off(tmp_path: Path, work_dir: Path) -> None:
    """Trimming and lower case are those of the mapping's own steps."""
    content = "email,n\n\u00a0ÄÖ@x.io\u3000,1\nb,2\n".encode()
    assert kept(content, hashed("äö@x.io"), tmp_path, work_dir) == b"email,n\nb,2\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"a@x.io"', "a@x.io"),
        ('" A@x.io "', "a@x.io"),
        ('"\\u00e4\\u0000"', "ä\0"),
        ("7", "7"),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("-0", "-0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("true", "true"),
    ],
)
def test_a_json_value_is_listed_by_its_text(value: str, text: str, tmp_path: Path, work_dir: Path) -> None:
    """A string's value counts, and a number as it is written: 1.10 is not 1.1."""
    rows = f'{{"n":{{"email":9}},"email":{value}}}\n{{"email":"other \\"email\\":{value},"}}\n'.encode()
    assert kept(rows, hashed(text), tmp_path, work_dir) == rows.split(b"\n")[1] + b"\n"


def test_a_json_key_may_have_any_name(tmp_path: Path, work_dir: Path) -> None:
    """Quotes, slashes, dots, tildes, spaces and regular expressions in a column's name are taken as they are."""
    for name in ('e"m', "a/b~c", "a.b c", "$.x", "", "[x]*", "Ünï\\E", "0"):
        made = artifact_of(
            tmp_path,
            b'{%b:1.10,"z":1}\n{"z":1.10}\n' % json.dumps(name, ensure_ascii=False).encode(),
            (name, "z"),
            file_format="jsonl",
            rows=2,
        )
        listed = suppress_file(tmp_path, hashed("1.10"))
        result = reshape(made, suppress=listed, match_column=name, work_dir=work_dir)
        assert (result.suppressed, bytes_of(result.artifact)) == (1, b'{"z":1.10}\n')


def test_a_parquet_key_is_listed_by_its_text(tmp_path: Path, work_dir: Path) -> None:
    """A number's text is its digits."""
    path = tmp_path / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT range AS id FROM range(5)) TO '{path}' (FORMAT parquet)")
    made = artifact_of(tmp_path, path.read_bytes(), ("id",), file_format="parquet")
    listed = suppress_file(tmp_path, hashed("2", "4", "7"))
    result = reshape(made, suppress=listed, match_column="id", work_dir=work_dir)
    assert (result.suppressed, parquet_rows(result.artifact)[1]) == (2, [(0,), (1,), (3,)])


def test_rows_add_up_when_a_suppressed_row_is_left_out_too(tmp_path: Path, work_dir: Path) -> None:
    """Such a row counts once, as suppressed."""
    made = artifact_of(tmp_path, PEOPLE, ("email", "n"), rows=6)
    result = reshape(
        made,
        leave_out=numbers_file(tmp_path, 1, 5),
        suppress=suppress_file(tmp_path, hashed("a@x.io", "c@x.io")),
        match_column="email",
        work_dir=work_dir,
    )
    assert (result.suppressed, result.left_out, result.artifact.rows) == (3, 1, 2)
    assert bytes_of(result.artifact) == b'email,n\n" B@x.io ",2\n,4\n'


def test_letter_case_comments_and_blank_lines_of_a_list_say_nothing(tmp_path: Path) -> None:
    """A list may have a byte order mark, CRLF, comments, blank lines and capital digits."""
    one, two = hashed("a").strip(), hashed("b").strip()
    path = tmp_path / "list.txt"
    path.write_bytes(f"\ufeff# erased\r\n{one.upper()}\r\n\r\n  {two}  \n#{one}\n".encode())
    assert list(digests(path)) == [one.encode(), two.encode()]


@pytest.mark.parametrize("line", ["a@x.io", "0" * 63, "0" * 65, "g" * 64, "sha256:" + "0" * 64, f"{'0' * 64} a.txt"])
def test_a_malformed_line_stops_everything(line: str, tmp_path: Path, work_dir: Path) -> None:
    """The error names the line and does not show it; nothing is read or written before."""
    listed = suppress_file(tmp_path, f"# one\n{'0' * 64}\n{line}\n")
    gone = artifact_of(tmp_path, PEOPLE, ("email", "n"), rows=6)
    assert gone.path is not None
    gone.path.unlink()
    with pytest.raises(PrepareError, match=r"erased\.txt:3: this line is no SHA-256 digest") as caught:
        reshape(gone, suppress=listed, match_column="email", work_dir=work_dir)
    assert line not in f"{caught.value} {caught.value.why} {caught.value.next_step} {caught.value.where}"
    with pytest.raises(PrepareError, match=":3:"):
        suppress_digest(listed)
    assert list(work_dir.iterdir()) == []


def test_a_list_that_is_not_there_stops_everything(tmp_path: Path, work_dir: Path) -> None:
    """Without the list nothing is sent."""
    made = artifact_of(tmp_path, PEOPLE, ("email", "n"), rows=6)
    with pytest.raises(PrepareError, match="cannot be read") as caught:
        reshape(made, suppress=tmp_path / "none.txt", match_column="email", work_dir=work_dir)
    assert "suppress.keys" in caught.value.next_step


def test_the_digest_of_a_list_is_that_of_its_set(tmp_path: Path) -> None:
    """Order, repetition, letter case and comments do not make it another list; one more hash does."""
    first = suppress_digest(suppress_file(tmp_path, hashed("a", "b")))
    again = suppress_digest(suppress_file(tmp_path, "# c\n" + hashed("b", "a", "b").upper()))
    other = suppress_digest(suppress_file(tmp_path, hashed("a", "b", "c")))
    assert first == again != other
    ordered = "".join(sorted(hashed("a", "b").splitlines(keepends=True)))
    assert first == f"sha256:{hashlib.sha256(ordered.encode()).hexdigest()}"


def test_the_digest_of_a_long_list_is_made_on_disk_and_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit in memory is sorted by the engine, with the same result."""
    listed = suppress_file(tmp_path, hashed(*map(str, range(100)), *map(str, range(50))))
    expected = suppress_digest(listed)
    monkeypatch.setattr(suppression, "MOST_IN_MEMORY", 60)
    assert suppress_digest(listed) == expected


def test_many_keys_are_found_in_the_order_of_the_file(tmp_path: Path, work_dir: Path) -> None:
    """A list larger than the file, which an engine might turn around, changes no order."""
    rows = [f"u{number}@x.io,{number}\n" for number in range(3000)]
    content = "".join(["email,n\n", *rows]).encode()
    made = artifact_of(tmp_path, content, ("email", "n"), rows=3000)
    listed = suppress_file(tmp_path, hashed(*(f"u{number}@x.io" for number in range(0, 40_000, 2))))
    result = reshape(made, suppress=listed, match_column="email", work_dir=work_dir)
    assert bytes_of(result.artifact) == "".join(["email,n\n", *rows[1::2]]).encode()
    assert (result.suppressed, result.artifact.rows) == (1500, 1500)


def test_suppressing_needs_the_match_key(tmp_path: Path, work_dir: Path) -> None:
    """Without its column there is nothing to look for."""
    made = artifact_of(tmp_path, PEOPLE, ("email", "n"), rows=6)
    with pytest.raises(ValueError, match="match key"):
        reshape(made, suppress=suppress_file(tmp_path, hashed("a")), work_dir=work_dir)
