"""What holds for every format: what is written where, who may read it, and what is left when something goes wrong."""

from __future__ import annotations

import gzip
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import Interrupted, PrepareError, SourceError
from syncer.model.events import Rejection
from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema
from syncer.prepare.judge.judge import judge
from syncer.prepare.judge.judgement import OTHER_REASONS, Judgement, Tally
from syncer.prepare.making import Means, make
from tests.prepare.files import source_file, spec_of
from tests.prepare.judge.test_parquet import parquet

KINDS = ["csv", "exact csv", "jsonl", "parquet"]
INVALID = "mail: invalid email format"


def artifact(kind: str, folder: Path, rows: int, *, every: int) -> tuple[Path, SourceFormat]:
    """A file of one column, in which every so many rows one has no e-mail address; with 0, all have."""
    path = folder / f"artifact.{kind.rpartition(' ')[2]}"
    if kind == "parquet":
        cell = "CASE WHEN range % $every = 0 THEN 'x' ELSE 'n' || range || '@example.com' END"
        query = f"SELECT {cell} AS mail FROM range(1, {rows + 1})"
        return parquet(path, query.replace("$every", str(every or rows + 1))), "parquet"
    cells = ("x" if every and number % every == 0 else f"n{number}@example.com" for number in range(1, rows + 1))
    with path.open("w", newline="") as file:
        if kind == "jsonl":
            file.writelines(f'{{"mail":"{cell}"}}\n' for cell in cells)
            return path, "jsonl"
        file.write("mail\r\n" if kind == "exact csv" else "mail\n")  # mixed line ends are not for the engine
        file.writelines(f"{cell}\n" for cell in cells)
    return path, "csv"


def judged(
    path: Path, file_format: SourceFormat, work_dir: Path, rejects: Path | None = None, **more: Any
) -> Judgement:
    return judge(
        path,
        file_format=file_format,
        compression=more.pop("compression", None),
        columns=("mail",),
        field_map={"mail": "mail"},
        source_fields={"mail": "string"},
        schema={"mail": FieldSchema(type="email")},
        rejects=rejects,
        work_dir=work_dir,
        **more,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_rejected_rows_are_counted_numbered_and_kept(kind: str, tmp_path: Path) -> None:
    """The judgement has counts and reasons, the files have each row, and only their owner may read them."""
    path, file_format = artifact(kind, tmp_path, 10, every=4)
    rejects, work_dir = tmp_path / "rejects.jsonl", tmp_path / "work[1]*"
    rejects.write_text("what an earlier run left")
    rejects.chmod(0o644)
    result = judged(path, file_format, work_dir, rejects)
    assert (result.rows, result.valid, result.invalid) == (10, 8, 2)
    assert result.reasons == (Rejection(reason=INVALID, count=2, first_row=4),)
    assert [json.loads(line) for line in rejects.read_text().splitlines()] == [
        {"rowNumber": number, "sourceRow": {"mail": "x"}, "error": INVALID} for number in (4, 8)
    ]
    assert result.numbers is not None
    assert result.numbers.read_bytes() == b"4\n8\n"
    assert list(result.rejected_numbers()) == [4, 8]
    if sys.platform != "win32":
        assert {stat.S_IMODE(each.stat().st_mode) for each in (rejects, result.numbers)} == {0o600}
    result.discard()
    result.discard()
    assert not list(work_dir.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_where_no_row_is_rejected_nothing_is_left(kind: str, tmp_path: Path) -> None:
    """An artifact without a rejected row leaves no file, also not an earlier run's."""
    path, file_format = artifact(kind, tmp_path, 10, every=0)
    rejects, work_dir = tmp_path / "rejects.jsonl", tmp_path / "work"
    rejects.write_text("what an earlier run left")
    result = judged(path, file_format, work_dir, rejects)
    assert (result.rows, result.invalid, result.reasons) == (10, 0, ())
    assert (result.rejects, result.numbers, list(result.rejected_numbers())) == (None, None, [])
    assert not rejects.exists()
    assert not list(work_dir.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_kept_only_where_somebody_asked(kind: str, tmp_path: Path) -> None:
    """Without a place for them, rejected rows are counted and numbered, and their contents are written nowhere."""
    path, file_format = artifact(kind, tmp_path, 10, every=10)
    result = judged(path, file_format, tmp_path / "work")
    assert (result.invalid, result.rejects, list(result.rejected_numbers())) == (1, None, [10])
    assert [each.read_bytes() for each in (tmp_path / "work").iterdir()] == [b"10\n"]


@pytest.mark.parametrize("kind", ["csv", "exact csv", "jsonl"])
def test_a_compressed_artifact_is_judged_as_the_plain_one(kind: str, tmp_path: Path) -> None:
    """Gzip, also in several members, changes no verdict."""
    path, file_format = artifact(kind, tmp_path, 10, every=4)
    content = path.read_bytes()
    path.write_bytes(gzip.compress(content[:50]) + gzip.compress(content[50:]))
    result = judged(path, file_format, tmp_path, compression="gzip")
    assert (result.rows, list(result.rejected_numbers())) == (10, [4, 8])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", [0, 2])
def test_stopping_leaves_nothing_behind(kind: str, asked: int, tmp_path: Path) -> None:
    """`stop` is asked again and again; a stopped judgement removes what it wrote, here and there."""
    path, file_format = artifact(kind, tmp_path, 200_000, every=2)
    rejects, work_dir = tmp_path / "rejects.jsonl", tmp_path / "work"
    answers = iter([False] * asked)
    with pytest.raises(Interrupted):
        judged(path, file_format, work_dir, rejects, stop=lambda: next(answers, True))
    assert not rejects.exists()
    assert not list(work_dir.iterdir())


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file that is broken after rejected rows leaves none of them, and one that is gone is named."""
    path, rejects, work_dir = tmp_path / "artifact.jsonl", tmp_path / "rejects.jsonl", tmp_path / "work"
    path.write_bytes(b'{"mail":"x"}\n' * 100_000 + b"{")
    with pytest.raises(PrepareError, match=":100001: the last line is cut off"):
        judged(path, "jsonl", work_dir, rejects)
    assert not rejects.exists()
    assert not list(work_dir.iterdir())
    with pytest.raises(SourceError, match=r"gone\.csv cannot be read"):
        judged(tmp_path / "gone.csv", "csv", work_dir)


def test_errors_call_the_file_what_people_call_it(tmp_path: Path) -> None:
    """A file that passes as it is shows its own path and line, and not the place of a copy of it."""
    content = b'mail\na@b.co\n"c@b.co" x\n'
    file = source_file(tmp_path / "people.csv", content)
    assert file.path == "people.csv"
    with pytest.raises(PrepareError) as caught:
        make(file, spec_of({"mail": "email"}), Means(work_dir=tmp_path, judging="always"), batch_value=None)
    assert str(caught.value).startswith("people.csv:3: ")
    assert str(tmp_path) not in str(caught.value)


def test_rows_that_cannot_be_written_are_a_clear_error(tmp_path: Path) -> None:
    """A place that does not take the rejected rows is told as one, before anything is judged."""
    path, file_format = artifact("csv", tmp_path, 10, every=1)
    with pytest.raises(PrepareError) as caught:
        judged(path, file_format, tmp_path / "work", tmp_path / "no" / "rejects.jsonl")
    assert caught.value.where.endswith("rejects.jsonl")
    assert not list((tmp_path / "work").iterdir())


def test_reasons_are_grouped_and_bounded() -> None:
    """The most frequent reason comes first, then the one met first; past a hundred the rest are one."""
    tally = Tally(rows=200)
    for row in range(1, 121):
        tally.add(f"reason {row}", row)
    tally.add("reason 7", 150)
    reasons = tally.reasons()
    assert len(reasons) == 101
    assert reasons[:3] == (
        Rejection(reason=OTHER_REASONS, count=20, first_row=101),
        Rejection(reason="reason 7", count=2, first_row=7),
        Rejection(reason="reason 1", count=1, first_row=1),
    )
    assert tally.invalid == 121


def test_a_key_that_nobody_mapped_stays_out_of_the_reasons(tmp_path: Path) -> None:
    """Reasons go into logs, so a row's own key is told in the private file only."""
    path = tmp_path / "artifact.jsonl"
    path.write_bytes(b'{"mail":"a@b.co","jane@b.co":1,"jane@b.co":2}\n{"mail":"a@b.co","mail":"b@b.co"}\n')
    result = judged(path, "jsonl", tmp_path, tmp_path / "rejects.jsonl")
    assert {each.reason for each in result.reasons} == {"row: duplicate key …", "row: duplicate key mail"}
    assert b'"error": "row: duplicate key jane@b.co"' in (tmp_path / "rejects.jsonl").read_bytes()


PEAK = """
import sys
from pathlib import Path
from syncer.model.objects import FieldSchema
from syncer.prepare.judge.judge import judge

result = judge(Path(sys.argv[1]), file_format=sys.argv[2], compression=None, columns=("mail",),
    field_map={"mail": "mail"}, source_fields={}, schema={"mail": FieldSchema(type="email")},
    rejects=Path(sys.argv[3]), work_dir=Path(sys.argv[3]).parent, memory_limit=256 << 20)
# Not getrusage: its peak begins with that of the process that started this one.
print(result.invalid, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process")
@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_bounded_however_many_rows_are_rejected(kind: str, tmp_path: Path) -> None:
    """Two million rejected rows take a process no more than its limit and what the interpreter itself takes."""
    path, file_format = artifact(kind, tmp_path, 2_000_000, every=1)
    command = [sys.executable, "-c", PEAK, str(path), file_format, str(tmp_path / "rejects.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    invalid, peak = map(int, done.stdout.split())
    assert invalid == 2_000_000
    assert peak * 1024 < (256 + 64) << 20
