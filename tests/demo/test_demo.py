"""`syncer demo`, as a newcomer runs it, and what it stands on."""

from __future__ import annotations

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from syncer.errors import SyncerError, UsageError
from syncer.operations.demo import tour
from syncer.operations.demo.processes import clean_environment
from syncer.operations.demo.proof import prove
from syncer.operations.demo.workspace import (
    CHANGED,
    ORDERS,
    PRIVATE,
    correct_first_bad_address,
    make_workspace,
    order_id,
)
from syncer.spec.load import load_project, validate_documents

# An environment in which everything would go wrong if the demo's commands saw it.
HOSTILE = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "EXPERITURE_API_KEY": "the-real-token",
    "SYNCER_API__BASE_URL": "https://api.example.com/v1",
    "SYNCER_STATE__DIR": "elsewhere",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


@contextmanager
def demo_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    cwd = folder.parent / "somewhere else"
    cwd.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "syncer", "demo", "--dir", str(folder)],
        cwd=cwd,
        env={**os.environ, **HOSTILE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def listens(folder: Path) -> bool:
    """Whether the emulator of a workspace still takes connections."""
    found = re.search(r"127\.0\.0\.1:(\d+)", (folder / "syncer.yaml").read_text("utf-8"))
    assert found
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", int(found[1]))) == 0


@pytest.mark.slow
def test_the_demo_does_what_it_says(tmp_path: Path) -> None:
    """In any folder and environment it shows every step, proves its claims, leaves the workspace and no process."""
    folder = tmp_path / "demo's folder"
    with demo_process(folder) as child:
        output, _ = child.communicate(timeout=100)

    assert child.returncode == 0, output
    for line in (
        "$ syncer validate --online",
        "Plan: 5 to import.",
        "Applied: 5 completed (2 with rejected rows).",
        "3 specs: 3 ok.",
        '"error": "email_address: invalid email format"}',
        "Plan: nothing to do, 5 up to date.",
        "Plan: 1 to import again, 4 up to date.",
        "ok  each of the 1,200 orders is in the append object exactly once",
        "syncer-demo" if not folder.exists() else str(folder),
    ):
        assert line in output
    assert "::" not in output
    assert "the-real-token" not in output
    assert not listens(folder)
    uploads = list((folder / ".syncer/emulator/uploads").iterdir())
    contents = b"".join(
        gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw for raw in map(Path.read_bytes, uploads)
    )
    assert len(uploads) == 6
    assert b"calls on Mondays" not in contents
    assert b"card_last4" not in contents


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_stopped_demo_leaves_no_emulator(tmp_path: Path) -> None:
    """SIGTERM in the middle ends the demo, and the emulator with it."""
    folder = tmp_path / "demo"
    with demo_process(folder) as child:
        assert child.stdout is not None
        assert any(line.startswith("$ syncer validate") for line in child.stdout)
        assert listens(folder)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)

    assert child.returncode == 143
    assert not listens(folder)


def test_a_failing_step_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that exits otherwise than announced is an error, and the emulator is stopped all the same."""
    monkeypatch.setattr(tour, "run_syncer", lambda *_: 1)

    with pytest.raises(SyncerError, match="validate --online exited with 1 instead of 0"):
        tour.demo(tmp_path / "demo", tell=lambda _: None)

    assert not listens(tmp_path / "demo")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """The demo writes into a new or empty folder only."""
    (tmp_path / "mine.txt").write_text("mine", "utf-8")

    with pytest.raises(UsageError, match="is not empty"):
        tour.demo(tmp_path, tell=lambda _: None)


def test_children_see_nothing_of_the_outer_settings() -> None:
    """Settings, secrets, CI and proxies stay outside; what the system needs stays inside."""
    clean = clean_environment({**HOSTILE, "PATH": "/bin", "http_proxy": "x", "PYTHONPATH": "/own"})

    assert clean.keys() == {"PATH", "PYTHONPATH", "EXPERITURE_API_KEY"}
    assert clean["EXPERITURE_API_KEY"] == "demo-token"
    assert clean["PYTHONPATH"].endswith(f"{os.pathsep}/own")


def test_the_workspace_is_the_same_every_time(tmp_path: Path) -> None:
    """Every byte of it is made from numbers, and its people are nobody's."""
    for name in ("a", "b"):
        make_workspace(tmp_path / name, "http://127.0.0.1:1/public/v1")

    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 10
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)
    addresses = re.findall(r"\S+@([\w.]+)", (tmp_path / "a" / CHANGED).read_text("utf-8"))
    assert set(addresses) == {"example.com"}


def test_the_specs_are_valid_and_map_nothing_private(tmp_path: Path) -> None:
    """The demo's specs pass the checks, and the columns that it calls private are in its files and in no mapping."""
    make_workspace(tmp_path / "w", "http://127.0.0.1:1/public/v1")

    project = load_project(tmp_path / "w", environ={})

    assert validate_documents(tmp_path / "w", environ={}) == []
    mapped = {column for loaded in project.specs for column in loaded.spec.mapping}
    assert mapped & PRIVATE == set()
    with duckdb.connect() as connection:
        wide = str(tmp_path / "w/exports/warehouse/customer-360.parquet")
        columns = {row[0] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [wide]).fetchall()}
    assert len(columns) == 40
    assert {"ssn", "internal_notes"} <= columns & PRIVATE


def test_one_cell_is_corrected(tmp_path: Path) -> None:
    """The change is one that a person would make: one rejected address becomes a good one."""
    make_workspace(tmp_path / "w", "http://127.0.0.1:1/public/v1")
    before = (tmp_path / "w" / CHANGED).read_text("utf-8").splitlines()

    correct_first_bad_address(tmp_path / "w")

    after = (tmp_path / "w" / CHANGED).read_text("utf-8").splitlines()
    ((old, new),) = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert " at example.com" in old
    assert "@example.com" in new


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """Data as the emulator keeps it after a demo that went well."""
    (tmp_path / "uploads").mkdir()
    with duckdb.connect(str(tmp_path / "emulator.duckdb")) as connection:
        connection.execute("CREATE TABLE orders (order_id VARCHAR)")
        ids = [order_id(number) for numbers in ORDERS.values() for number in numbers]
        connection.execute("INSERT INTO orders SELECT unnest(?::VARCHAR[])", [ids])
        connection.execute("CREATE TABLE jobs (id VARCHAR, file_name VARCHAR, state VARCHAR)")
        for number in range(6):
            connection.execute("INSERT INTO jobs VALUES (?, 'a.csv', 'completed')", [f"imp_{number}"])
            (tmp_path / "uploads" / f"imp_{number}").write_text("email,city\na@example.com,Lyon\n", "utf-8")
    return tmp_path


def test_the_proof_holds_for_good_data(platform: Path) -> None:
    """Three sentences, and no error."""
    assert len(list(prove(platform))) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("INSERT INTO orders VALUES ('ord-000001')", "1,201 orders are stored"),
        ("DELETE FROM orders WHERE order_id = 'ord-000001'", "1,199 orders are stored"),
        ("UPDATE jobs SET state = 'failed' WHERE id = 'imp_1'", "failed"),
        ("INSERT INTO jobs VALUES ('imp_7', 'a.csv', 'completed')", "jobs in the states"),
    ],
)
def test_the_proof_fails_for_other_data(platform: Path, change: str, told: str) -> None:
    """A row too many or too few, a failed job, a job too many: each is found."""
    with duckdb.connect(str(platform / "emulator.duckdb")) as connection:
        connection.execute(change)

    with pytest.raises(SyncerError, match=told):
        list(prove(platform))


def test_the_proof_finds_a_private_column(platform: Path) -> None:
    """A single upload with a column that must not leave is named."""
    (platform / "uploads" / "imp_3").write_text("email,ssn\na@example.com,1\n", "utf-8")

    with pytest.raises(SyncerError, match="ssn left this machine"):
        list(prove(platform))
