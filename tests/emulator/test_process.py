"""The emulator as a process: its ready line, its signals, and what survives when it is killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest

from syncer.emulator.testing import running
from tests.emulator.driver import PROFILE_COLUMNS, Api, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READY = re.compile(r"syncer emulator ready: (http://127\.0\.0\.1:[0-9]+/public/v1)\n")
CONTENT = b"email_address,FirstName,LastName,signup_ts\na@example.com,A,B,\n"
ORDERS = {"id": "order_id", "at": "ordered_at"}


@contextmanager
def process(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Api]]:
    """Run an emulator of its own; kill it at the end if it still runs."""
    command = [sys.executable, "-m", "syncer.emulator", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            ready = READY.fullmatch(line)
            assert ready, line + (child.stderr.read() if child.stderr else "")
            api = Api(ready[1])
            with api.session:
                yield child, api
        finally:
            child.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """One ready line, nothing else on either stream, exit code 0, and a data file that others can open."""
    with process(tmp_path) as (child, api):
        api.run("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
        child.send_signal(number)
        out, err = child.communicate(timeout=20)
        assert (out, err, child.returncode) == ("", "", 0)
    with duckdb.connect(str(tmp_path / "emulator.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM profiles").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) >= 5 FROM requests").fetchall() == [(True,)]


def test_a_job_that_runs_when_it_is_killed_is_merged_once(tmp_path: Path) -> None:
    """Kill it in the middle of an append; the next process finishes the job, and every row is there exactly once."""
    rows = 30_000
    content = b"id,at\n" + b"".join(b"%d,2026-04-21T16:30:00Z\n" % number for number in range(1, rows + 1))
    with process(tmp_path) as (child, api):
        job = api.ready("orders", "a.csv", content, ORDERS)
        api.start(job)
        until(lambda: api.status(job)["readRows"] > 0)
        child.kill()
        child.wait()
    with running(tmp_path) as emulator:
        api = Api(emulator.base_url)
        assert api.finish(job).status["mergedInserts"] == rows
        api.session.close()
        counted = emulator.query("SELECT count(*), count(DISTINCT _row_number), count(DISTINCT _job_id) FROM orders")
    assert counted == [(rows, rows, 1)]


def test_everything_is_still_there_after_a_kill(tmp_path: Path) -> None:
    """Jobs in every state, lists, idempotency keys, uploads, rejected rows and the clock go on where they were."""
    key = {"Idempotency-Key": "6f1c7a52-30f4-4d5e-9a52-3d3d2c0f8a11"}
    with process(tmp_path, "--control", "--job-seconds", "1000") as (child, api):
        made = api.call("POST", "/lists", {"name": "Kept"}, key).json()["data"]
        pending = api.init("profiles", "a.csv", CONTENT)
        waiting = api.ready("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
        api.start(waiting)
        child.kill()
        child.wait()
    with running(tmp_path) as emulator:
        api = Api(emulator.base_url)
        assert api.call("POST", "/lists", {"name": "Kept"}, key).json()["data"] == made
        assert api.status(pending["jobId"])["state"] == "pending"
        assert api.status(waiting)["state"] == "running"
        emulator.clock.advance(1001)
        assert api.finish(waiting).status["mergedInserts"] == 1
        api.session.close()
    with running(tmp_path) as emulator:
        assert emulator.query("SELECT state FROM jobs ORDER BY state") == [("completed",), ("pending",)]


def test_a_job_that_runs_when_it_is_stopped_is_merged_once(tmp_path: Path) -> None:
    """An orderly stop does not wait for a long job, and loses nothing of it."""
    rows = 30_000
    content = b"id,at\n" + b"".join(b"%d,2026-04-21T16:30:00Z\n" % number for number in range(1, rows + 1))
    with running(tmp_path) as emulator:
        api = Api(emulator.base_url)
        job = api.ready("orders", "a.csv", content, ORDERS)
        api.start(job)
        api.session.close()
    with running(tmp_path) as emulator:
        api = Api(emulator.base_url)
        assert api.finish(job).status["state"] == "completed"
        api.session.close()
        assert emulator.query("SELECT count(*), count(DISTINCT _row_number) FROM orders") == [(rows, rows)]


def test_a_stuck_job_is_taken_up_by_a_restart(tmp_path: Path) -> None:
    """As the guide says of infrastructure events: jobs resume."""
    with running(tmp_path) as emulator:
        emulator.faults.add(match="POST */start", do="stick")
        api = Api(emulator.base_url)
        job = api.ready("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
        api.start(job)
        emulator.clock.advance(10**6)
        assert api.status(job)["state"] == "running"
        api.session.close()
    with running(tmp_path) as emulator:
        api = Api(emulator.base_url)
        assert api.finish(job).status["state"] == "completed"
        api.session.close()
