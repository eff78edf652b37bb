"""The same spec and the same bytes, moved from one store to another: the same import comes of it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import running
from tests.apply.workspace import UPLOAD, Workspace, only, results, shape_of
from tests.servers.store import Bucket

ROWS = [
    ("ada@example.com", "Ada", "12"),
    ("no address", "Bob", "7"),
    ("cy@example.com", "Cy, of “Z”", "003"),
    ("dee@example.com", "Dee", "5"),
]


def csv(who: str, *, width: int = 3) -> bytes:
    rows = [("mail", "name", "secret"), *((f"{who}-{mail}", name, secret) for mail, name, secret in ROWS)]
    return "".join(
        ",".join(f'"{cell}"' if "," in cell else cell for cell in row[:width]) + "\n" for row in rows
    ).encode()


def jsonl(who: str) -> bytes:
    return "".join(f'{{"mail": "{who}-{mail}", "name": "{name}", "n": 1}}\n' for mail, name, _ in ROWS).encode()


def parquet(who: str, folder: Path) -> bytes:
    path = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (mail VARCHAR, name VARCHAR, secret VARCHAR)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(f"{who}-{row[0]}", *row[1:]) for row in ROWS])
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


@dataclass(frozen=True, slots=True)
class Kind:
    """One file, how it is prepared, and whether its bytes are uploaded as they are."""

    name: str
    data: bytes
    as_it_is: bool
    mapping: str = "{mail: email, name: first_name}"
    options: str = ""


ALL = "{mail: email, name: first_name, secret: last_name}"


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Kind]:
    folder = tmp_path_factory.mktemp("kinds")
    passthrough = "prepare: {mode: passthrough}"
    return {
        "csv-some": Kind("a.csv", csv("csv-some"), as_it_is=False),
        "csv-all": Kind("a.csv", csv("csv-all"), as_it_is=True, mapping=ALL),
        "csv-as-is": Kind("a.csv", csv("csv-as-is"), as_it_is=True, options=passthrough),
        "csv-tagged": Kind(
            "a.csv", csv("csv-tagged"), as_it_is=False, options="batch: {field: import_batch, value: 'B {spec}'}"
        ),
        "csv-gz-some": Kind("a.csv.gz", packed(csv("csv-gz-some")), as_it_is=False),
        "csv-gz-all": Kind("a.csv.gz", packed(csv("csv-gz-all", width=2)), as_it_is=True),
        "csv-ragged": Kind("a.csv", csv("csv-ragged", width=2) + b"x@example.com,X,more\n", as_it_is=False),
        "jsonl": Kind("a.jsonl", jsonl("jsonl"), as_it_is=False),
        "jsonl-as-is": Kind("a.jsonl", jsonl("jsonl-as-is"), as_it_is=True, options=passthrough),
        "jsonl-gz": Kind("a.jsonl.gz", packed(jsonl("jsonl-gz")), as_it_is=False),
        "parquet-some": Kind("a.parquet", parquet("parquet-some", folder), as_it_is=False),
        "parquet-all": Kind("a.parquet", parquet("parquet-all", folder), as_it_is=True, mapping=ALL),
    }


def write_specs(workspace: Workspace, kinds: Mapping[str, Kind], base: str) -> None:
    for spec, kind in kinds.items():
        workspace.spec(
            spec,
            f"""
version: 1
source: {{uri: {base}{spec}/{kind.name}}}
target: {{object: profiles, match_key: email}}
mapping: {kind.mapping}
{kind.options}
""",
        )


JSON = dict[str, Any]


def facts(workspace: Workspace, spec: str) -> JSON:
    """What the log proves of a spec's one import, without what names the run, the file and the moment."""
    by_event = {line["event"]: line for line in workspace.log(spec)}
    submitted, finished = by_event["submitted"], by_event["finished"]
    return {
        "artifact": submitted["artifact"],
        "content": submitted["content"],
        "size": by_event["claimed"]["size"],
        "outcome": finished["outcome"],
        "rows": finished["rows"],
        "rejections": finished.get("rejections"),
    }


def everybody(workspace: Workspace) -> list[tuple[Any, ...]]:
    return workspace.emulator.query("SELECT * EXCLUDE (_job_id) FROM profiles ORDER BY email")


@pytest.fixture(scope="session")
def expected(
    kinds: Mapping[str, Kind], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, JSON], list[tuple[Any, ...]]]]:
    """What comes of the files in a project's own folder."""
    folder = tmp_path_factory.mktemp("expected")
    with running(folder / "emulator", options=Options()) as emulator:
        workspace = Workspace(folder / "project", emulator)
        write_specs(workspace, kinds, "data/")
        for spec, kind in kinds.items():
            path = workspace.root / "data" / spec / kind.name
            path.parent.mkdir(parents=True)
            path.write_bytes(kind.data)
        workspace.run()
        yield {spec: facts(workspace, spec) for spec in kinds}, everybody(workspace)


def test_the_same_import_comes_of_every_store(
    workspace: Workspace,
    bucket: Bucket,
    kinds: Mapping[str, Kind],
    expected: tuple[dict[str, JSON], list[tuple[Any, ...]]],
) -> None:
    """Digests, columns, row counts, rejections and outcomes are the same, and so are the rows that arrive.

    Where nothing is rewritten no byte is written to the disk, and where something is, the copy is gone before the
    upload begins.
    """
    write_specs(workspace, kinds, bucket.uri())
    for spec, kind in kinds.items():
        bucket.put(f"{spec}/{kind.name}", kind.data)
    on_disk: list[int] = []

    def watch(method: str, path: str) -> None:
        if shape_of(method, path) == UPLOAD:
            kept = (workspace.root / ".syncer").glob("syncer-work-*/**/*")
            on_disk.append(sum(each.is_file() and each.name != ".gitignore" for each in kept))

    workspace.watch(watch)
    outcome = workspace.run()

    assert set(results(outcome).values()) == {"completed"}
    assert {spec: facts(workspace, spec) for spec in kinds} == expected[0]
    assert everybody(workspace) == expected[1]
    order = [next(spec for spec in kinds if f"/{spec}/" in ended.item.file.path) for ended in outcome.imports]
    assert dict(zip(order, on_disk, strict=True)) == {spec: 0 if kind.as_it_is else 1 for spec, kind in kinds.items()}
    for spec, kind in kinds.items():
        submitted = only(line for line in workspace.log(spec) if line["event"] == "submitted")
        assert submitted["content"] == f"sha256:{hashlib.sha256(kind.data).hexdigest()}"
        assert (submitted.get("version", "") == "") == (bucket.uri().startswith("file:"))
        assert (submitted["artifact"]["digest"] == submitted["content"]) == kind.as_it_is
    assert workspace.run().imports == ()
