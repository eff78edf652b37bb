"""A large file passes from a store to the platform, and the memory that it takes does not know how large it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from syncer.values import format_size
from tests.apply.workspace import START, Workspace, only
from tests.servers.fixtures import reaching
from tests.servers.store import Bucket, Store

MB = 10**6
SIZE = 300 * MB
MOST = 200 * MB

SPEC = """
version: 1
source: {{uri: "{uri}"}}
target: {{object: orders}}
mapping: {{id: order_id, at: {{to: ordered_at, type: datetime}}, note: import_source}}
prepare: {{mode: {mode}}}
"""

# Not `resource`: its peak is also that of the process that the child was forked from.
RUN = """
import re, sys
from pathlib import Path
from syncer.cli import run
code = run(["apply", "--no-wait"])
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""


def large() -> bytes:
    """Make a CSV file of a few thousand rows."""
    note = "n" * 100_000
    return "".join(["id,at,note\n", *(f"o{number},2026-04-21T16:30:00Z,{note}\n" for number in range(3000))]).encode()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize(
    ("store", "mode"),
    [("s3-seaweed", "passthrough"), ("s3-seaweed", "auto"), ("gcs", "passthrough"), ("azure", "passthrough")],
    indirect=["store"],
)
def test_memory_is_flat(workspace: Workspace, bucket: Bucket, store: Store, mode: str) -> None:
    """300 MB that are uploaded as they are take less than 200 MB of memory, all libraries included."""
    workspace.spec("shop", SPEC.format(uri=bucket.uri("in/*.csv"), mode=mode))
    bucket.put("in/a.csv", large())
    environ = {**reaching(store), **workspace.environ}

    ran = subprocess.run(
        [sys.executable, "-c", RUN], cwd=workspace.root, env=environ, capture_output=True, text=True, check=False
    )

    submitted = only([line for line in workspace.log("shop") if line["event"] == "submitted"])
    assert submitted["artifact"]["size"] >= SIZE, ran.stderr
    assert workspace.calls().count(START) == 1
    peak = int(ran.stdout.splitlines()[-1]) * 1024
    assert peak <= MOST, format_size(peak)
