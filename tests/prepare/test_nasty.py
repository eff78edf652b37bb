"""Every unclean file has the outcome that docs/preparing.md gives: rows kept byte for byte, or an error with its line.

Each case is a row of one of the document's tables, under the same name.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import csv_engine, csv_exact
from syncer.prepare.artifact import Output
from syncer.prepare.layout import check_columns, layout_of
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from syncer.prepare.shape import shape_of
from tests.prepare.files import MakeFile, contents, on_disk, source_file, spec_of
from tests.prepare.test_parquet import parquet_file, read

DOCUMENT = Path(__file__).parents[2] / "docs" / "preparing.md"


@dataclass(frozen=True)
class Case:
    """A file, and the artifact that must come of it, or what its error must say. `a` is the mapped column."""

    name: str
    content: bytes
    expected: bytes | str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        return spec_of({"a": "f"}, prepare={"mode": "rewrite"}, source={"csv": self.options})


SECRET = b"s3cret"
CSV = (
    Case("leading zeros", b"a,b\n007,1\n", b"a\n007\n"),
    Case("numbers in exponents", b"a,b\n1e5,1\n-0.0E+7,1\n", b"a\n1e5\n-0.0E+7\n"),
    Case("long integers and decimals", b"a,b\n" + b"9" * 40 + b",1\n1.10,1\n", b"a\n" + b"9" * 40 + b"\n1.10\n"),
    Case(
        "words such as NULL, NA and true",
        b"a,b\nNULL,1\nNA,1\nnan,1\n\\N,1\ntrue,1\n",
        b"a\nNULL\nNA\nnan\n\\N\ntrue\n",
    ),
    Case("spaces in and around cells", b"a,b\n  x  y ,1\n , \n", b"a\n  x  y \n \n"),
    Case(
        "Unicode, in any form", "a,b\ne\u0301🙂\u2028,1\n\ufeff,1\n".encode(), "a\ne\u0301🙂\u2028\n\ufeff\n".encode()
    ),
    Case("control characters and NUL", b"a,b\nx\x00\x0b\x0c,1\n", b"a\nx\x00\x0b\x0c\n"),
    Case("quoted line breaks", b'a,b\n"1\n\n2\r\n",1\n', b'a\n"1\n\n2\r\n"\n'),
    Case("quoted delimiters and quotes", b'a,b\n"1,""2""",1\n', b'a\n"1,""2"""\n'),
    Case("backslashes, apostrophes and number signs", b"a,b\n\\'#,1\n#x,1\n", b"a\n\\'#\n#x\n"),
    Case("JSON in a cell", b'a,b\n"{""k"": [1, 2.50]}",1\n', b'a\n"{""k"": [1, 2.50]}"\n'),
    Case("an empty cell, quoted or not", b'a,b\n,1\n"",1\n', b'a\n""\n""\n'),
    Case("a byte order mark", b"\xef\xbb\xbfa,b\n1,2\n", b"a\n1\n"),
    Case("CRLF", b"a,b\r\n1,2\r\n", b"a\n1\n"),
    Case("CR", b"a,b\r1,2\r", b"a\n1\n"),
    Case("mixed line ends", b"a,b\r\n1,2\n3,4\r5,6\r\r\n7,8", b"a\n1\n3\n5\n7\n"),
    Case("no line end at the end", b"a,b\n1,2", b"a\n1\n"),
    Case("blank lines", b"\n\r\na,b\n\n1,2\n\n\n3,4\n\n", b"a\n1\n3\n"),
    Case("a line of spaces", b"a,b\n1,2\n  \n3,4\n", b"a\n1\n,\n3\n"),
    Case("a declared delimiter", b"a;b\n1,5;2\n", b'a\n"1,5"\n', {"delimiter": ";"}),
    Case("a delimiter that the header shows", b"a\tb\n1,5\t2\n", b'a\n"1,5"\n'),
    Case("another delimiter in the rows than in the header", b"a,b\n1;2\n3,4\n", b"a\n,\n3\n"),
    Case("a first line such as sep=;", b"sep=;\na;b\n1;2\n", "has no column 'a'"),
    Case("too few cells", b"a,b\n1,2\n3\n4,5\n", b"a\n1\n,\n4\n"),
    Case("too many cells", b"a,b\n1,2\n3,4," + SECRET + b"\n5,6\n", b"a\n1\n,\n5\n"),
    Case("a delimiter at the end of rows", b"a,b\n1,2,\n3,4,\n", b"a\n,\n,\n"),
    Case("a delimiter at the end of header and rows", b"a,b,\n1,2,\n3,4,\n", b"a\n1\n3\n"),
    Case("a quote inside an unquoted cell", b'a,b\nx"y,1\n "z",1\n', b'a\n"x""y"\n" ""z"""\n'),
    Case("a quote that is never closed", b'a,b\n1,2\n3,"' + SECRET + b"\n5,6\n", ":3: a quote opened"),
    Case("text after a closing quote", b'a,b\n1,2\n"3"' + SECRET + b",4\n", ":3: there is text after a closing quote"),
    Case("bytes that are not UTF-8", b"a,b\r\n1,2\r\n3,\xff" + SECRET + b"\r\n", ":3: this line is not UTF-8"),
    Case("UTF-16 that nobody declared", "a,b\n1,2\n".encode("utf-16"), "byte order mark of utf-16"),
    Case("a declared encoding", "a,b\nä,1\n".encode("cp1252"), "a\nä\n".encode(), {"encoding": "windows-1252"}),
    Case(
        "bytes that are not of the declared encoding",
        b"a\n1\n\x81",
        ":3: this line is not cp1252",
        {"encoding": "cp1252"},
    ),
    Case("a column twice, not mapped", b"a,b,b\n1,2,3\n", b"a\n1\n"),
    Case("a column twice, mapped", b"a,b,a\n1,2,3\n", "the mapped column 'a' 2 times"),
    Case("columns that differ in case", b"A,a\n1,2\n", b"a\n2\n"),
    Case("a mapped column that is missing", b" a,b\n1,2\n", "did you mean ' a'?"),
    Case("a column without a name", b"a,,\n1,2,3\n", b"a\n1\n"),
    Case("a header without rows", b"a,b\n", b"a\n"),
    Case("an empty file", b"", "is empty"),
    Case("nothing but blank lines", b"\n\r\n\n", "has no header row"),
    Case("a row of megabytes", b"a,b\n1,2\n" + b"x" * 3_000_000 + b",4\n", b"a\n1\n" + b"x" * 3_000_000 + b"\n"),
)
JSONL = (
    Case(
        "numbers of any length and form",
        b'{"a":1.10}\n{"a":-1e5}\n{"a":' + b"9" * 40 + b"}\n",
        b'{"a":1.10}\n{"a":-1e5}\n{"a":' + b"9" * 40 + b"}\n",
    ),
    Case(
        "escapes, spaces and Unicode in strings", b'{"a":" \\u00e9\xc3\xa9\\n "}\n', b'{"a":" \\u00e9\xc3\xa9\\n "}\n'
    ),
    Case("nested JSON", b'{"a" : {"x": [1, 2.50, {}]} , "b":1}\n', b'{"a":{"x": [1, 2.50, {}]}}\n'),
    Case("null, an empty string and a missing key", b'{"a":null}\n{"a":""}\n{"b":1}\n', b'{"a":null}\n{"a":""}\n{}\n'),
    Case("a key in other letters", b'{"A":1,"a":2}\n', b'{"a":2}\n'),
    Case("a repeated key, mapped", b'{"a":1,"b":2,"a":3}\n', b"{\n"),
    Case("a repeated key, not mapped", b'{"x":1,"a":2,"x":3}\n', b'{"a":2}\n'),
    Case("a byte order mark", b'\xef\xbb\xbf{"a":1}\n', b'{"a":1}\n'),
    Case("CRLF", b'{"a":1}\r\n{"a":2}\r\n', b'{"a":1}\n{"a":2}\n'),
    Case("blank lines", b'\n{"a":1}\n\n  \n{"a":2}\n\r\n', b'{"a":1}\n{"a":2}\n'),
    Case("no line feed at the end", b'{"a":1}\n{"a":2}', b'{"a":1}\n{"a":2}\n'),
    Case("a broken line", b'{"a":1}\n{"a":' + SECRET + b'\n{"a":2}\n', b'{"a":1}\n{\n{"a":2}\n'),
    Case("a number with leading zeros, or NaN", b'{"a":007}\n{"a":NaN}\n{"a":1}\n', b'{\n{\n{"a":1}\n'),
    Case("a line that is no object", b'["a"]\nnull\n7\n{"a":1}\n', b'{\n{\n{\n{"a":1}\n'),
    Case("two objects in a line", b'{"a":1}{"a":2}\n{"a":3}\n', b'{\n{"a":3}\n'),
    Case("an object over several lines", b'{\n"a":1}\n', b"{\n{\n"),
    Case("half a surrogate pair", b'{"a":"\\ud800"}\n{"a":1}\n{"a":"\\ud83d"}', b'{\n{"a":1}\n{\n'),
    Case(
        "half a surrogate pair, not mapped",
        b'{"a":"1","x":"\\ud83d"}\n{"\\ude00":{"y":"\\ud800"} , "a" : 1.10 }\n{"x":"\\ud800"}\n{"x":"\\ud800",}\n',
        b'{"a":"1"}\n{"a":1.10}\n{}\n{\n',
    ),
    Case("a last line that is cut off", b'{"a":1}\n{"a":"' + SECRET, ":2: the last line is cut off"),
    Case("bytes that are not UTF-8", b'{"a":1}\n{"a":"\xff' + SECRET + b'"}\n', ":2: this line is not UTF-8"),
    Case("UTF-16", '{"a":1}\n'.encode("utf-16"), ":1: this line is not UTF-8"),
    Case("CR alone as line end", b'{"a":1}\r{"a":2}\r', ":1: the last line is cut off"),
    Case("a mapped key that no row has", b'{"A":1}\n{"b":1}\n', "did you mean 'A'?"),
    Case("an empty file", b"", "is empty"),
    Case("nothing but blank lines", b"\n \n", "has no rows"),
)


def of(cases: tuple[Case, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


def check(case: Case, file: SourceFile, work_dir: Path) -> None:
    """Prepare the file, and hold the artifact or the error to what the case expects."""
    if isinstance(case.expected, bytes):
        artifact = prepare(file, case.spec, batch_value=None, work_dir=work_dir)
        data = contents(artifact)
        assert (gzip.decompress(data) if artifact.compression else data) == case.expected
        assert artifact.rows == count_rows(file, case.spec)
        return
    with pytest.raises(PrepareError) as caught:
        prepare(file, case.spec, batch_value=None, work_dir=work_dir)
    said = f"{caught.value.what} {caught.value.where} {caught.value.why} {caught.value.next_step}"
    assert case.expected in said
    assert SECRET.decode() not in said
    assert not list(work_dir.iterdir())


@of(CSV)
def test_a_csv_file_has_its_outcome(case: Case, make_file: MakeFile, work_dir: Path) -> None:
    """Through the engine where it may read the file, through the exact reader where not."""
    check(case, make_file(case.content), work_dir)


@of(CSV)
def test_a_gzipped_csv_file_has_the_same_outcome(case: Case, make_file: MakeFile, work_dir: Path) -> None:
    """Through the exact reader, whatever the file."""
    content = gzip.compress(case.content, mtime=0) if case.content else b""
    check(case, make_file(content, "t.csv.gz", "csv", "gzip"), work_dir)


@of(CSV)
def test_the_engine_gives_that_outcome_or_none(case: Case, make_file: MakeFile, tmp_path: Path) -> None:
    """What the engine does not leave to the exact reader is byte for byte what that would have written."""
    file, target, raw = make_file(case.content), tmp_path / "out", io.BytesIO()
    try:
        shape = shape_of(file, case.spec)
        check_columns(file.path, shape.columns or (), case.spec.mapping)
    except PrepareError:
        assert isinstance(case.expected, str)
        return
    layout = layout_of(case.spec, shape.columns or (), None)
    rows = csv_engine.project(file, case.spec, layout, shape, target, memory_limit=1 << 28)
    if rows is not None:
        output = Output(raw, None)
        assert rows == csv_exact.project(file, case.spec, layout, output)
        assert target.read_bytes() == raw.getvalue() == case.expected
    else:
        assert case.name not in PLAIN


PLAIN = (
    "leading zeros", "numbers in exponents", "long integers and decimals", "words such as NULL, NA and true",
    "Unicode, in any form", "quoted line breaks", "quoted delimiters and quotes", "JSON in a cell", "CRLF",
    "a byte order mark", "a declared delimiter", "a delimiter that the header shows", "a header without rows",
)  # fmt: skip
"""Cases that must not lose the engine's speed."""


@of(JSONL)
def test_a_jsonl_file_has_its_outcome(case: Case, make_file: MakeFile, work_dir: Path) -> None:
    """Line by line, plain and gzipped."""
    check(case, make_file(case.content, "t.jsonl", "jsonl"), work_dir)
    if case.content:
        check(case, make_file(gzip.compress(case.content), "t.jsonl.gz", "jsonl", "gzip"), work_dir)


DAMAGE = {
    "gzip that is cut off": lambda whole: whole[:-12],
    "gzip with a wrong checksum": lambda whole: whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:],
    "something after the end of gzip": lambda whole: whole + b"junk",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_gzip_is_refused(name: str, make_file: MakeFile, work_dir: Path) -> None:
    """A stream that is not whole is no source of rows."""
    content = DAMAGE[name](gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    check(Case(name, content, "damaged gzip"), make_file(content, "t.csv.gz", "csv", "gzip"), work_dir)


PARQUET = {
    "text, empty text and null": ("VARCHAR", "unnest(['007', '', NULL, 'NULL']) AS a, 1 AS b"),
    "integers of any width, signed or not": ("UBIGINT", "18446744073709551615::UBIGINT"),
    "decimals of up to 38 digits": ("DECIMAL(38,2)", "123456789012345678901234567890123456.10::DECIMAL(38, 2)"),
    "dates and times of day": ("STRUCT(d DATE, t TIME)", "{'d': DATE '2026-02-28', 't': TIME '23:59:59.999999'}"),
    "timestamps without a zone": ("TIMESTAMP", "TIMESTAMP '2026-01-01 00:00:00.123456'"),
    "timestamps with a zone": ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ '2026-01-01 00:00:00+02'"),
    "timestamps to the nanosecond": ("TIMESTAMP_NS", "TIMESTAMP_NS '2026-01-01 00:00:00.123456789'"),
    "lists, structs and maps": ("STRUCT(p INTEGER[], m MAP(VARCHAR, INTEGER))", "{'p': [1, NULL], 'm': MAP {'k': 1}}"),
    "UUIDs, JSON and bytes": (
        "STRUCT(u UUID, j JSON, b BLOB)",
        "{'u': uuid(), 'j': '[1.10]'::JSON, 'b': '\\xFF'::BLOB}",
    ),
    "a column that a dictionary encodes": ("VARCHAR", "(range % 3)::VARCHAR AS a, 1 AS b FROM range(5000)"),
    "a file without rows": ("VARCHAR", "'x' AS a, 1 AS b WHERE false"),
}
MADE_ELSEWHERE = base64.b85decode(
    "P(e~L6$BL+6&Oqv0u=xf0002WTL%CD00450B>)uw6%rK^EENJ35ETX$1{?qY00IC200IF40ss{R6$%v!OceqZ01^NI0RR91cohH@5)~3G6#^9y6$TXs8"
    "~^|S0ssI20s#R602Krk2o(rS6#^9i5&!^}0000L02LAy5-b%06%Z8$6$Tst00062000630RjLO1Qi$+7)%uc6#x<d0Kn8#2LJ#70CJ5b02Kfg5)~3G6#"
    "^9y6$TXs8~^|S0ssI20s#R602KroTr~g~26JO*Wo=;<2mloZB?1@%VRQf$3?%{>1b1(8WF-Jh8~^|S6#^v!7zJ}}VQg$A3Kawu3M^a|1QiMZ000#RB?1"
    "@%ZF2w?0vQ|`OeO#v6$TkK00s~l7y@B*6#y0j7Hk%5COjqxDJ&HP6#x|i02Kfg5ETLdJShelCIA8e001Tc92E>1H2?+>85jh2Z*pW602TrkUKU;^ngJ$"
    "sDJ&HP6#x|i02Kfg5ETLdJQe~O1{o#*0ssI2CIB220vR;`1`rt-1#@j-Y-|+(76KMr7F;Iw0VdJ`DJ&HP6#x|i02Kfg5ETLdJShelCIA8e001Tc92Eu`"
    "H2?+>85ja>a}@v<0v2o*Y$oCYCawZ0EENP502KlN6#x|w6#@V}DFzuP00IC202Y!176K*+7Lo%1C?IfQa&dKKbS-0Wa4lhSa&LDac4cyNX>V>IGBz$SE"
    "-@KQ8~^|u000~S02}}S0B`{S08l|vF#"
)
"""A row: `at` is an INT96 timestamp, `word` in a dictionary, `small` a decimal in an integer, `ms` in milliseconds."""
WIDE_DECIMALS = base64.b85decode(
    "P(e~L6#x}B6*ept0u=xi1{DSz00002000020RXQljRg)vmDZMUu`7Q;00000000#L6&w{DEENJ302Kxm1{?qY00IC200IF4000000000L1Q|Rv02l^yV"
    "`yb<VHE@b6%G|D6#^IpcWGp0B?=V)6=E!06#x}t0000L1SJ9(0b&3a0vQ|`EG7UP6%H9C1^^it1b1m<WfcGx0v22rTqX!f92Ec+02KlNJShelCIA8e001"
    "Tc92Eo^B?bT)7y)7x02TrkLKZ?MWJw$q02Kfg0suTI1{o#*0ssI27M=kX0wxF+o&f+TAaG%Fadl;MEn{$SEn#wUZ+9SeWpZ<AZ*CwmHZCwOF&Qiz000~S"
    "0074T002-yQZW"
)


@pytest.mark.parametrize("name", PARQUET)
def test_a_parquet_column_keeps_its_type_and_values(name: str, tmp_path: Path) -> None:
    """Whatever the type, what is read back is what was there."""
    kind, query = PARQUET[name]
    file = parquet_file(tmp_path / "p.parquet", f"SELECT {query if ' AS b' in query else f'{query} AS a, 1 AS b'}")
    artifact = prepare(file, spec_of({"a": "f"}), batch_value=None, work_dir=tmp_path / "work")
    types, rows = read(on_disk(artifact))
    assert types == [("a", kind)]
    assert rows == read(Path(file.location), "a")[1]
    assert artifact.rows == len(rows)


def test_parquet_that_another_program_wrote_keeps_its_values(tmp_path: Path) -> None:
    """Types that our own writer never uses come out with the same values; INT96 is read to the microsecond."""
    file = source_file(tmp_path / "p.parquet", MADE_ELSEWHERE, "parquet")
    mapping = {"word": "w", "at": "t", "small": "s", "ms": "m"}
    artifact = prepare(file, spec_of(mapping, constants={"c": 1}), batch_value=None, work_dir=tmp_path / "work")
    types, rows = read(on_disk(artifact), '"word", "at", "small", "ms"')
    assert types == [("word", "VARCHAR"), ("at", "TIMESTAMP"), ("small", "DECIMAL(5,2)"), ("ms", "TIMESTAMP")]
    assert rows == [("x", "2026-01-01 00:00:00.123456", "1.50", "2026-01-01 00:00:00.123")]


def test_decimals_that_would_be_rounded_are_refused(tmp_path: Path) -> None:
    """The engine reads more than 38 digits as floating point: a mapped column of them is refused, another is not."""
    file = source_file(tmp_path / "p.parquet", WIDE_DECIMALS, "parquet")
    with pytest.raises(PrepareError, match=r"'wide' of p\.parquet holds decimals of 49 digits"):
        prepare(file, spec_of({"wide": "f"}), batch_value=None, work_dir=tmp_path / "work")
    artifact = prepare(file, spec_of({"b": "f"}), batch_value=None, work_dir=tmp_path / "work")
    assert read(on_disk(artifact))[1] == [("1",)]


ELSEWHERE = (
    "INT96 timestamps, decimals in integers, milliseconds",
    "decimals of more than 38 digits",
    "a column twice, or names that differ only in case",
    "a file that is cut off, damaged or no Parquet",
)
"""Rows of the document that tests above and in test_parquet.py hold without a table."""


def test_the_document_has_every_case_and_no_other() -> None:
    """Who adds a case says its outcome in docs/preparing.md, and who writes one there has tried it."""
    tables = re.findall(
        r"^### (\w+)$(.*?)(?=^#)", DOCUMENT.read_text(encoding="utf-8") + "\n#", re.DOTALL | re.MULTILINE
    )
    told = {title: re.findall(r"^\| ([^|]+?) \| .+ \|$", body, re.MULTILINE)[1:] for title, body in tables}
    assert told["CSV"] == [*(case.name for case in CSV), *DAMAGE]
    assert told["JSONL"] == [case.name for case in JSONL]
    assert told["Parquet"] == [*PARQUET, *ELSEWHERE]
