"""`syncer doctor` before real object stores: buckets that can be read, and every way in which one cannot."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.api.scripted import Reply, ScriptedServer
from tests.doctor.examined import Examined, examine
from tests.servers.fixtures import reach
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.azure import AzureServer
    from tests.servers.gcs import GcsServer
    from tests.servers.s3 import S3Bucket, S3Server
    from tests.servers.store import Store

SPEC = """\
version: 1
source: {{uri: "{uri}"{more}}}
target: {{object: profiles}}
mapping: {{email: email}}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of a user without any cloud's files in the home folder, on a machine that is in no cloud."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    root = tmp_path / "project"
    (root / "specs").mkdir(parents=True)
    return root


def spec(root: Path, name: str, uri: str, more: str = "") -> None:
    (root / "specs" / f"{name}.yaml").write_text(SPEC.format(uri=uri, more=more), "utf-8")


def look(root: Path, environ: Mapping[str, str] | None = None, *, seconds: float = 60) -> Examined:
    return examine(root, ["connections"], environ or {}, seconds=seconds)


def look_at(root: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Examined:
    reach(monkeypatch, store)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return look(root, store.environ)


@pytest.fixture
def seaweed(root: Path, s3_seaweed: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    """A bucket of a store that checks signatures, and the right credentials."""
    assert root
    reach(monkeypatch, s3_seaweed)
    return s3_seaweed.make_bucket()


@pytest.mark.parametrize("kind", ["s3_moto", "s3_seaweed", "gcs", "azure"])
def test_a_bucket_that_can_be_read_passes(
    root: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """One line a bucket, whatever the store: what was listed, and the file of which a byte was read."""
    store: Store = request.getfixturevalue(kind)
    bucket = store.make_bucket()
    bucket.put("crm/a b+1%.csv", b"email\n")
    bucket.put("crm/other.txt", b"x")
    spec(root, "crm", bucket.uri("crm/*.csv"))
    spec(root, "more", bucket.uri("crm/*.csv"))
    spec(root, "none", bucket.uri("empty/*.csv"))

    found = look_at(root, store, monkeypatch)

    assert found.exit_code == 0
    (check,) = found.found.checks
    assert check.status == "ok"
    assert bucket.uri("crm/") in check.what
    assert bucket.uri("empty/") in check.what
    assert f"read a byte of {bucket.uri('crm/a b+1%.csv')}" in check.what


@pytest.mark.parametrize("contents", [b"email\n", b"", None])
def test_a_file_that_is_named_in_full_need_not_be_there(root: Path, seaweed: S3Bucket, contents: bytes | None) -> None:
    """A missing or empty one is no failure, and no byte of it can be read."""
    if contents is not None:
        seaweed.put("all.csv", contents)
    spec(root, "crm", seaweed.uri("all.csv"))

    found = look(root)

    assert found.exit_code == 0
    assert ("read a byte of" in found["s3://"].what) is bool(contents)


def test_a_wrong_secret_is_told_without_it(root: Path, seaweed: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection, and the variables to check; no secret, no signed URL, nothing of the SDK's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-secret")
    spec(root, "crm", seaweed.uri("crm/*.csv"))

    found = look(root)

    assert found.exit_code == 1
    check = found["s3://"]
    assert "credentials are not accepted" in check.what
    assert "SignatureDoesNotMatch" in check.why
    assert "AWS_SECRET_ACCESS_KEY" in check.next_step
    for told in ("wrong-and-secret", "X-Amz", "botocore", "Traceback"):
        assert told not in found.text


def test_a_bucket_that_is_not_there_is_told_once(root: Path, seaweed: S3Bucket) -> None:
    """Two listings fail for one reason, which names both; another bucket is looked at all the same."""
    spec(root, "crm", f"s3://{seaweed.name}-gone/crm/*.csv")
    spec(root, "shop", f"s3://{seaweed.name}-gone/shop/*.csv")
    spec(root, "well", seaweed.uri("*.csv"))

    found = look(root)

    assert found.exit_code == 1
    check = found[f"s3://{seaweed.name}-gone/"]
    assert "does not exist" in check.what
    assert "/crm/, s3://" in check.where
    assert found[f"s3://{seaweed.name}/"].status == "ok"


@pytest.mark.parametrize("kind", ["gcs", "azure"])
def test_other_clouds_tell_a_missing_bucket_too(
    root: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """In the same words."""
    store: GcsServer | AzureServer = request.getfixturevalue(kind)
    spec(root, "crm", f"{store.protocol}://not-there/crm/*.csv")

    found = look_at(root, store, monkeypatch)

    assert found.exit_code == 1
    assert "not-there does not exist" in found[f"{store.protocol}://"].what


def test_nobody_at_the_endpoint_is_told_with_the_connection(root: Path, seaweed: S3Bucket) -> None:
    """Endpoint and region are what to check."""
    settings = f"connections: {{acme: {{protocol: s3, endpoint_url: 'http://127.0.0.1:{free_ports(1)[0]}'}}}}\n"
    (root / "syncer.yaml").write_text(settings, "utf-8")
    spec(root, "crm", seaweed.uri("*.csv"), ", connection: acme")

    found = look(root)

    assert found.exit_code == 1
    check = found[f"s3://{seaweed.name}/ (connection acme)"]
    assert "cannot be reached" in check.what
    assert "connection acme in syncer.yaml" in check.next_step


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_store_that_never_answers_holds_nothing_up(root: Path, seaweed: S3Bucket, silent: int) -> None:
    """The time is bounded, and what was found by then is told."""
    settings = f"connections: {{slow: {{protocol: s3, endpoint_url: 'http://127.0.0.1:{silent}'}}}}\n"
    (root / "syncer.yaml").write_text(settings, "utf-8")
    spec(root, "slow", seaweed.uri("*.csv"), ", connection: slow")
    spec(root, "well", seaweed.uri("*.csv"))

    found = look(root, seconds=4)

    assert found.exit_code == 1
    assert "no answer within 4 seconds" in found[f"s3://{seaweed.name}/ (connection slow)"].what
    assert found[f"s3://{seaweed.name}/ (default"].status == "ok"


def test_a_wrong_clock_is_told_where_the_store_says_so(root: Path, seaweed: S3Bucket) -> None:
    """Rather than that the credentials are wrong."""
    body = b"<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>"
    with ScriptedServer() as server:
        server.always(Reply(403, body, (("Content-Type", "application/xml"),)))
        settings = f"connections: {{acme: {{protocol: s3, endpoint_url: '{server.url}'}}}}\n"
        (root / "syncer.yaml").write_text(settings, "utf-8")
        spec(root, "crm", seaweed.uri("*.csv"), ", connection: acme")

        check = look(root)["s3://"]

    assert "clock" in check.what
    assert "timedatectl" in check.next_step


UNUSED = "connections: {{spare: {{{}}}}}\n"


@pytest.mark.parametrize(
    ("connection", "environ", "status", "told"),
    [
        ("protocol: s3", {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "wrong-and-secret"}, "ok", "found (env)"),
        ("protocol: s3", {}, "failed", "no credentials were found"),
        ("protocol: s3, profile: nobody", {}, "failed", "no credentials were found"),
        ("protocol: s3", {"AWS_ACCESS_KEY_ID": "a"}, "failed", "no credentials were found"),
        ("protocol: s3, anonymous: true", {}, "ok", "asks as nobody"),
        ("protocol: gs", {}, "failed", "no credentials were found"),
        ("protocol: gs", {"GOOGLE_APPLICATION_CREDENTIALS": "gone.json"}, "failed", "credentials"),
        ("protocol: abfss", {}, "failed", "no storage account is named"),
        ("protocol: az", {"AZURE_STORAGE_CONNECTION_STRING": "nonsense"}, "failed", "credentials are not accepted"),
        ("protocol: ftp", {}, "failed", "no store that can be read"),
    ],
)
def test_an_unused_connection_is_asked_for_credentials_only(  # noqa: PLR0917 - one column each
    root: Path, monkeypatch: pytest.MonkeyPatch, connection: str, environ: dict[str, str], status: str, told: str
) -> None:
    """No bucket is known, so none is asked; every cloud's own places are searched."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (root / "syncer.yaml").write_text(UNUSED.format(connection), "utf-8")

    found = look(root, environ)

    check = found["connection spare"]
    assert (check.status, found.exit_code) == (status, 0 if status == "ok" else 1)
    assert told in check.what
    assert "no spec uses it" in check.what
    assert "wrong-and-secret" not in found.text
    assert "*" not in check.where


def test_a_project_of_local_files_has_nothing_to_ask(root: Path) -> None:
    """And says that, too."""
    spec(root, "local", "in/*.csv")

    found = look(root)

    assert (found.exit_code, found["object stores"].status) == (0, "skipped")
