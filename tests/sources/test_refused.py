"""What a person reads when a store refuses: the real command, its exit code, and every byte of standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.servers.azure import KEY
from tests.servers.fixtures import reaching
from tests.servers.process import free_ports
from tests.servers.store import Bucket, Store
from tests.sources.conftest import CLOUDS

SPEC = """
version: 1
source: {{uri: "{uri}"{more}}}
target: {{object: profiles, match_key: email}}
mapping: {{mail: email}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one spec that finds its file beside it."""
    root = tmp_path / "project"
    (root / "specs").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "data" / "a.csv").write_text("mail\na@example.com\n")
    write(root, "here", "data/*.csv")
    return root


def write(root: Path, name: str, uri: str, *, more: str = "") -> None:
    (root / "specs" / f"{name}.yaml").write_text(SPEC.format(uri=uri, more=f", {more}" if more else ""))


def connect(root: Path, store: Store) -> None:
    """Give the project a connection, acme, whose credentials are the environment's."""
    (root / "syncer.yaml").write_text(f"connections: {{acme: {{protocol: {store.protocol}}}}}\n")


def planned(root: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `syncer plan` with every warning of Python's shown, as an unclosed connection would be at exit."""
    command = [sys.executable, "-W", "always", "-m", "syncer", "plan", "-o", "json"]
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False, timeout=60)


def problems(ran: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What is wrong by spec; the spec beside them has its file all the same."""
    document: dict[str, Any] = json.loads(ran.stdout)
    assert [item["spec"] for item in document["imports"]] == ["here"]
    return {spec["name"]: spec["problem"] for spec in document["specs"] if spec["problem"]}


@pytest.mark.parametrize("store", CLOUDS, indirect=True)
def test_a_plan_leaves_nothing_on_standard_error(project: Path, bucket: Bucket, store: Store) -> None:
    """No library says a word, neither while files are found and read nor when the process ends."""
    bucket.put("in/a.csv", b"mail\n")
    write(project, "there", bucket.uri("in/*.csv"), more="identity: content")

    ran = planned(project, reaching(store))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert bucket.uri("in/a.csv") in ran.stdout


@pytest.mark.parametrize("store", CLOUDS, indirect=True)
def test_a_bucket_that_does_not_exist(project: Path, bucket: Bucket, store: Store) -> None:
    """Its specs say so, with the connection and what to check; the other specs go on, and the command fails."""
    connect(project, store)
    for name, key in {"glob": "in/*.csv", "literal": "in/a.csv", "dated": "in/{date}/*.csv"}.items():
        write(project, name, f"{store.protocol}://{bucket.name}-gone/{key}", more="connection: acme")

    ran = planned(project, reaching(store))

    assert (ran.returncode, ran.stderr) == (1, "")
    told = problems(ran)
    assert set(told) == {"glob", "literal", "dated"}
    for text in told.values():
        assert f"{bucket.name}-gone does not exist" in text
        assert "name in source.uri" in text
        assert "connection acme in syncer.yaml" in text


@pytest.mark.parametrize("store", ["s3-seaweed", "azure"], indirect=True)
def test_credentials_that_are_wrong(project: Path, bucket: Bucket, store: Store) -> None:
    """The message names the connection and where its credentials come from, and none of them is in it."""
    bucket.put("in/a.csv", b"mail\n")
    connect(project, store)
    for name, key in {"glob": "in/*.csv", "literal": "in/a.csv"}.items():
        write(project, name, bucket.uri(key), more="connection: acme")
    wrong = {
        "AWS_SECRET_ACCESS_KEY": "not-the-secret",
        "AZURE_STORAGE_CONNECTION_STRING": store.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").replace(
            KEY, "bm9uZQ=="
        ),
    }

    ran = planned(
        project, {**reaching(store), **{name: value for name, value in wrong.items() if name in store.environ}}
    )

    assert (ran.returncode, ran.stderr) == (1, "")
    told = problems(ran)
    assert set(told) == {"glob", "literal"}
    variable = next(name for name in wrong if name in store.environ)
    for text in told.values():
        assert f"{bucket.name} cannot be" in text
        assert "connection acme" in text
        assert variable in text
        assert "not-the-secret" not in text
        assert "bm9uZQ==" not in text


@pytest.mark.parametrize("store", CLOUDS, indirect=True)
def test_a_store_that_does_not_answer(project: Path, bucket: Bucket, store: Store) -> None:
    """The message says that it cannot be reached, and what to check."""
    (port,) = free_ports(1)
    nowhere = {
        name: value.replace(str(store.endpoint_url), f"http://127.0.0.1:{port}")
        for name, value in store.environ.items()
    }
    write(project, "there", bucket.uri("in/*.csv"))

    ran = planned(project, {**reaching(store), **nowhere})

    assert (ran.returncode, ran.stderr) == (1, "")
    text = problems(ran)["there"]
    assert f"{bucket.name} cannot be reached" in text
    assert "the default connection" in text
    assert "this machine's network" in text
