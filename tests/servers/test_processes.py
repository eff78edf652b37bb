"""Servers of the tests start when they are asked for, and end with whoever asked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.azure import INSTALL, azurite
from tests.servers.process import NotStartedError, Recipe, running

SERVE = """
import sys
from tests.servers.gcs import fake_gcs
with fake_gcs() as server:
    print(server.endpoint_url, flush=True)
    sys.stdin.read()
"""


def test_only_what_is_asked_for_is_started() -> None:
    """A run of one store's tests sets up that store and none of the others."""
    here = Path(__file__).with_name("test_servers.py")
    command = [sys.executable, "-m", "pytest", "-n0", "--setup-show", f"{here}::test_the_last_bytes_count[local]"]

    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "SETUP    S local_disk" in shown
    assert not [name for name in ("s3_moto", "s3_seaweed", "gcs", "azure") if f"SETUP    S {name}" in shown]


def test_a_server_ends_with_a_killed_process(tmp_path: Path) -> None:
    """When the tests are killed, the server closes its connections and nothing that it wrote is left."""
    environ = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as tests:
        assert tests.stdout is not None
        address = urlsplit(tests.stdout.readline())
        with socket.create_connection(("127.0.0.1", address.port or 0), timeout=30) as connection:
            assert list(tmp_path.iterdir())
            tests.kill()
            assert _closed(connection)
        assert tests.stdout.read() == ""  # the launcher holds the other end until all is removed
    assert list(tmp_path.iterdir()) == []


def _closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:  # the server went before it had taken this connection
        return True


def test_a_server_that_does_not_start_says_why() -> None:
    """A server that ends at once is not waited for, and what it printed is told."""
    command = [sys.executable, "-c", "import sys; sys.exit('no disk left')"]

    with pytest.raises(NotStartedError, match="no disk left"), running(lambda _folder, _ports: Recipe(command)):
        pass


def test_azurite_is_missed_loudly_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Azurite a test is skipped and says what to run; in CI it fails with the same words."""
    monkeypatch.setenv("SYNCER_TEST_AZURITE", str(tmp_path))
    monkeypatch.delenv("SYNCER_TEST_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=INSTALL), azurite():
        pass

    monkeypatch.setenv("SYNCER_TEST_CI", "1")
    with pytest.raises(pytest.fail.Exception, match=INSTALL), azurite():
        pass
