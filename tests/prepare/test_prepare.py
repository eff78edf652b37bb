"""What holds for every format: when a file passes as it is, and what an artifact guarantees."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Interrupted, PrepareError, SourceError
from syncer.model.files import SourceFile
from syncer.prepare import csv_engine
from syncer.prepare.artifact import Artifact
from syncer.prepare.decide import decide
from syncer.prepare.layout import layout_of
from syncer.prepare.prepare import prepare
from syncer.prepare.shape import Shape
from tests.prepare.files import MakeFile, contents, on_disk, spec_of
from tests.prepare.test_parquet import parquet_file

MAPPED = {"a": "f", "b": "g"}
BIG = b"a,b\n" + b"".join(b"%d,value-%d\n" % (number, number) for number in range(100_000))


def run(file: SourceFile, work_dir: Path, **spec: Any) -> Artifact:
    mapping = spec.pop("mapping", {"a": "f", "b": "g"})
    return prepare(file, spec_of(mapping, **spec), batch_value="tag" if "batch" in spec else None, work_dir=work_dir)


@pytest.mark.parametrize(
    ("spec", "shape", "action"),
    [
        pytest.param({}, Shape(("b", "a")), "passthrough", id="nothing changes"),
        pytest.param({}, Shape(("a", "b", "c")), "rewrite", id="an unmapped column"),
        pytest.param({}, Shape(("a", "b"), marked=True), "rewrite", id="a byte order mark"),
        pytest.param({"batch": {"field": "t"}}, Shape(("a", "b")), "rewrite", id="a tag"),
        pytest.param({"constants": {"t": 1}}, Shape(("a", "b")), "rewrite", id="a constant"),
        pytest.param({}, Shape(("a", "b"), delimiter=";"), "rewrite", id="another delimiter"),
        pytest.param({"source": {"csv": {"encoding": "cp1252"}}}, Shape(("a", "b")), "rewrite", id="another encoding"),
        pytest.param({"source": {"csv": {"encoding": "UTF8"}}}, Shape(("a", "b")), "passthrough", id="UTF-8 by name"),
        pytest.param(
            {"mapping": {**MAPPED, "a": {"to": "f", "clean": ["trim"]}}}, Shape(("a", "b")), "rewrite", id="clean"
        ),
        pytest.param(
            {"mapping": {**MAPPED, "a": {"to": "f", "mask": "hmac"}}}, Shape(("a", "b")), "rewrite", id="mask"
        ),
        pytest.param({}, Shape(None), "rewrite", id="JSONL"),
        pytest.param({"prepare": {"mode": "rewrite"}}, Shape(("a", "b")), "rewrite", id="asked to rewrite"),
        pytest.param({"prepare": {"mode": "passthrough"}}, Shape(("a", "b", "c")), "passthrough", id="asked to pass"),
    ],
)
def test_a_file_passes_only_if_nothing_changes(
    spec: dict[str, Any], shape: Shape, action: str, make_file: MakeFile
) -> None:
    """Auto passes a file whose every column is mapped and that gets nothing added; the mode overrides it."""
    assert decide(spec_of(**{"mapping": MAPPED, **spec}), make_file(b"x"), shape).action == action


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        pytest.param({"batch": {"field": "t"}}, Shape(("a",)), id="a tag"),
        pytest.param({"constants": {"t": 1}}, Shape(("a",)), id="a constant"),
        pytest.param({"mapping": {"a": {"to": "f", "clean": ["lower"]}}}, Shape(("a",)), id="clean"),
        pytest.param({"mapping": {"a": {"to": "f", "mask": "hmac"}}}, Shape(("a",)), id="mask"),
        pytest.param(
            {"mapping": {"a": {"to": "f", "type": "datetime", "timezone": "UTC"}}}, Shape(("a",)), id="timezone"
        ),
        pytest.param({"source": {"csv": {"encoding": "utf-16"}}}, Shape(("a",)), id="another encoding"),
        pytest.param({}, Shape(("a",), delimiter=";"), id="another delimiter"),
    ],
)
def test_passing_and_changing_contradict_each_other(spec: dict[str, Any], shape: Shape, make_file: MakeFile) -> None:
    """A passthrough changes nothing, and says so rather than leave out what the spec asks for or the API needs."""
    with pytest.raises(PrepareError, match="as it is"):
        decide(spec_of(**{"mapping": {"a": "f"}, **spec}, prepare={"mode": "passthrough"}), make_file(b"x"), shape)


def test_a_passed_file_is_the_source_itself(make_file: MakeFile, work_dir: Path) -> None:
    """No copy is made, the digest is the fingerprint's, and discarding the artifact does not touch the source."""
    file = make_file(b"a,b\n1,2\n3,4\n")
    artifact = run(file, work_dir)
    artifact.discard()
    assert contents(artifact) == b"a,b\n1,2\n3,4\n"
    assert (artifact.owned, artifact.digest, artifact.rows) == (False, file.fingerprint, 2)
    assert artifact.columns == ("a", "b")
    assert not list(work_dir.iterdir())
    assert run(replace(file, fingerprint="path:"), work_dir).digest == file.fingerprint


@pytest.mark.parametrize("content", [b"a,b\n1,2,secret\n", b"a,b\n1\n", b"a,b\n1,2\r\n"])
def test_what_could_leak_or_be_misread_does_not_pass_by_itself(
    content: bytes, make_file: MakeFile, work_dir: Path
) -> None:
    """Cells beyond the header are not mapped, so a ragged file is rewritten although all its columns are mapped."""
    artifact = run(make_file(content), work_dir)
    assert artifact.owned
    assert b"secret" not in contents(artifact)


def test_an_explicit_passthrough_sends_every_column(make_file: MakeFile, work_dir: Path) -> None:
    """`mode: passthrough` uploads the file as it is, and its columns say so; a mapped one must still exist."""
    file = make_file(b"a,b,ssn\n1,2,3\n")
    artifact = run(file, work_dir, prepare={"mode": "passthrough"})
    assert (artifact.owned, artifact.columns) == (False, ("a", "b", "ssn"))
    assert artifact.source_fields == {"a": "string", "b": "string"}
    with pytest.raises(PrepareError, match="no column 'c'"):
        run(file, work_dir, mapping={"c": "f"}, prepare={"mode": "passthrough"})


@pytest.mark.parametrize("kind", ["csv", "exact csv", "csv.gz", "jsonl", "parquet"])
def test_the_same_input_gives_the_same_private_bytes(
    kind: str, make_file: MakeFile, work_dir: Path, tmp_path: Path
) -> None:
    """Two preparations agree byte for byte, the digest is that of the file, and nobody else may read it."""
    if kind == "parquet":
        file = parquet_file(tmp_path / "p.parquet", "SELECT hash(range) AS a, range AS b, 1 AS c FROM range(300000)")
    elif kind == "jsonl":
        file = make_file(b'{"a":1,"b":2,"c":3}\n' * 1000, "p.jsonl", "jsonl")
    elif kind == "csv.gz":
        file = make_file(gzip.compress(BIG), "p.csv.gz", "csv", "gzip")
    else:
        file = make_file(BIG + (b"odd\n" if kind == "exact csv" else b""))
    one, two = (run(file, work_dir, batch={"field": "t"}) for _ in range(2))
    data = contents(one)
    assert data == contents(two)
    assert one.digest == two.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert one.size == len(data)
    if sys.platform != "win32":
        assert stat.S_IMODE(on_disk(one).stat().st_mode) == 0o600
    one.discard()
    two.discard()
    two.discard()
    assert not list(work_dir.iterdir())


@pytest.mark.parametrize("kind", ["csv", "exact csv", "jsonl", "parquet"])
def test_stopping_leaves_nothing_behind(kind: str, make_file: MakeFile, work_dir: Path, tmp_path: Path) -> None:
    """`stop` is asked while the file is read; a stopped preparation removes what it wrote."""
    if kind == "parquet":
        file = parquet_file(tmp_path / "p.parquet", "SELECT hash(range) AS a, range AS b FROM range(300000)")
    elif kind == "jsonl":
        file = make_file(b'{"a":1,"b":2}\n' * 200_000, "p.jsonl", "jsonl")
    else:
        file = make_file(BIG + (b"odd\n" if kind == "exact csv" else b""))
    spec = spec_of({"a": "f", "b": "g"}, constants={"c": 1})
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return bool(list(work_dir.iterdir()))

    with pytest.raises(Interrupted):
        prepare(file, spec, batch_value=None, work_dir=work_dir, stop=stop)
    assert asked
    assert not list(work_dir.iterdir())


def test_progress_tells_every_byte(make_file: MakeFile, work_dir: Path) -> None:
    """The bytes that `progress` is told add up to the file's size, whichever way the file takes."""
    for content, columns in ((BIG, "a"), (BIG + b"odd\n", "a"), (BIG, "ab"), (BIG + b"odd\n", "ab")):
        told: list[int] = []
        file = make_file(content)
        prepare(
            file, spec_of({name: name for name in columns}), batch_value=None, work_dir=work_dir, progress=told.append
        ).discard()
        assert sum(told) == file.size


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_clearly(make_file: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running out of space names the setting that moves the work folder to another disk."""
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    (work_dir / "full").symlink_to("/dev/full")
    handle = os.open(tmp_path / "unused", os.O_CREAT)
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (handle, str(work_dir / "full")))
    with pytest.raises(PrepareError, match="no space is left") as caught:
        run(make_file(BIG + b"odd\n"), work_dir, constants={"c": 1})
    assert "prepare.temp_dir" in caught.value.next_step


def test_a_file_that_is_gone_is_a_source_error(make_file: MakeFile, work_dir: Path) -> None:
    """A source that cannot be opened is named."""
    for name, file_format in (("p.csv", "csv"), ("p.jsonl", "jsonl"), ("p.parquet", "parquet")):
        file = make_file(b"x", name, file_format)
        Path(file.location).unlink()
        with pytest.raises(SourceError, match=name):
            run(file, work_dir)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_bounded(make_file: MakeFile, work_dir: Path) -> None:
    """A gzipped file that unpacks to far more than a block is projected without holding it."""
    import resource

    file = make_file(gzip.compress(b"a,b\n" + b"x" * 99 + b",y\n" + BIG[4:] * 8, 1), "p.csv.gz", "csv", "gzip")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    artifact = run(file, work_dir, mapping={"a": "f"})
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert artifact.rows == 100_000 * 8 + 1
    assert grown < 12 << 20


def test_a_file_larger_than_the_memory_limit(make_file: MakeFile, work_dir: Path, tmp_path: Path) -> None:
    """The engine itself streams: a CSV and a Parquet file that do not fit the limit are projected whole."""
    limit = 64 << 20
    csv_file = make_file(b"a,b\n" + BIG[4:] * 40)
    spec = spec_of({"a": "f"})
    assert csv_file.size > limit
    layout = layout_of(spec, ("a", "b"), None)
    rows = csv_engine.project(csv_file, spec, layout, Shape(("a", "b")), work_dir / "out", memory_limit=limit)
    assert rows == 4_000_000
    wide = parquet_file(tmp_path / "p.parquet", "SELECT md5(range::VARCHAR) AS a, 1 AS b FROM range(2500000)")
    assert wide.size > limit
    artifact = prepare(wide, spec, batch_value=None, work_dir=work_dir, memory_limit=limit)
    assert artifact.rows == 2_500_000


@given(taken=st.lists(st.sampled_from(["T", "t_2", "t_3", "x"]), unique=True))
def test_columns_are_unique_whatever_the_source_has(taken: list[str]) -> None:
    """Added columns never share a name with the source's, in any letter case, nor with each other."""
    spec = spec_of({"m": "f"}, batch={"field": "t"}, constants={"T": 1, "m": "x"})
    layout = layout_of(spec, taken, "v")
    folded = [name.casefold() for name in (*layout.columns[:3], *taken, "m")]
    assert len(set(folded)) == len(folded)
    assert list(layout.field_map.values()) == ["t", "T", "m", "f"]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, float("inf"), float("nan")])
def test_a_constant_that_no_type_holds_is_refused(value: float) -> None:
    """Integers beyond 64 bits and numbers that are not finite cannot be sent."""
    with pytest.raises(PrepareError, match="cannot hold"):
        layout_of(spec_of({"m": "f"}, constants={"c": value}), (), None)
