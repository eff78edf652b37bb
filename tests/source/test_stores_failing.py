"""What a person is told when a store cannot be used: the connection, what is wrong and what to check, and no secret."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncer.errors import SourceError
from syncer.settings import Connection
from syncer.source.stores.base import Place
from syncer.source.stores.opening import open_store
from tests.api.scripted import Reply, ScriptedServer
from tests.servers.azure import ACCOUNT, KEY, AzureContainer
from tests.servers.process import free_ports
from tests.servers.s3 import SECRET_KEY, S3Bucket
from tests.servers.store import Bucket, Store
from tests.source.opening import check_helpful, cloud, every_cloud, keys, opened, refusal

PROTOCOLS = ("s3", "gs", "az")
KEYS = (SECRET_KEY, KEY)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine on which no cloud has credentials, and which asks no network for them."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CLOUDSDK_CONFIG", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    return monkeypatch


@pytest.fixture
def somebody(nobody: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The same machine with keys for S3 and Azure, which open nothing."""
    environ = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    for name, value in {**environ, "AZURE_STORAGE_ACCOUNT_KEY": KEY}.items():
        nobody.setenv(name, value)
    return nobody


def at(protocol: str, url: str) -> dict[str, object]:
    """The connection's settings for a store that listens there."""
    more: Mapping[str, Mapping[str, object]] = {"gs": {"anonymous": True}, "az": {"account": ACCOUNT}}
    return {"endpoint_url": url, **more.get(protocol, {})}


def refused(status: int, code: str, **headers: str) -> Reply:
    """An answer that refuses, in the words of all three clouds."""
    body = {"error": {"code": status, "message": f"{code} for {KEY}", "errors": [{"reason": code}]}}
    text = json.dumps(body) if code.islower() else f"<Error><Code>{code}</Code><Message>{KEY}</Message></Error>"
    return Reply(status, text.encode(), tuple(headers.items()))


@every_cloud
@pytest.mark.usefixtures("bucket")
def test_a_missing_bucket(store: Store) -> None:
    """A listing and a look both tell that the bucket is missing, and where its name comes from."""
    with opened(store.protocol, "no-such-bucket") as place:
        error = refusal(place, secrets=KEYS)
        with pytest.raises(SourceError, match="does not exist"):
            place.folders("")

    assert error.what.endswith(" no-such-bucket does not exist")
    assert "source.uri" in error.next_step


@cloud("s3-seaweed")
@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_wrong_key_of_s3(bucket: Bucket, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the store does not know, or a secret that is not its own, is told apart from a missing right."""
    monkeypatch.setenv(variable, "wrongwrongwrong")

    with opened("s3", bucket.name) as place:
        error = refusal(place, secrets=("wrongwrongwrong", SECRET_KEY))

    assert "the credentials are not accepted" in error.what
    assert "AWS_SECRET_ACCESS_KEY" in error.next_step


@cloud("azure")
def test_a_wrong_key_of_azure(bucket: Bucket, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not the account's is refused, and not shown."""
    wrong = "d3Jvbmcgd3Jvbmcgd3Jvbmc="
    text = store.environ["AZURE_STORAGE_CONNECTION_STRING"].replace(KEY, wrong)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)

    with opened("az", bucket.name) as place:
        error = refusal(place, secrets=(wrong, "sig="))

    assert "the credentials are not accepted" in error.what
    assert "AZURE_STORAGE_CONNECTION_STRING" in error.next_step


@cloud("s3-seaweed")
def test_no_permission_on_s3(bucket: Bucket) -> None:
    """A bucket whose policy denies everything: the rights that are needed are named."""
    assert isinstance(bucket, S3Bucket)
    arn = f"arn:aws:s3:::{bucket.name}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    bucket.server.client.put_bucket_policy(Bucket=bucket.name, Policy=policy)

    with opened("s3", bucket.name) as place:
        error = refusal(place, secrets=KEYS)

    assert "permission denied" in error.what
    assert "s3:ListBucket" in error.next_step


@cloud("azure")
def test_no_permission_on_azure(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared access signature that allows writing only: the rights that are needed are named."""
    assert isinstance(bucket, AzureContainer)
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    signature = generate_container_sas(
        ACCOUNT,
        bucket.name,
        KEY,
        permission=ContainerSasPermissions(write=True),
        expiry=datetime.now(UTC) + timedelta(1),
    )
    text = f"BlobEndpoint={bucket.server.endpoint_url};SharedAccessSignature={signature}"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)

    with opened("az", bucket.name) as place:
        error = refusal(place, secrets=(signature, "sig="))

    assert "permission denied" in error.what
    assert "Storage Blob Data Reader" in error.next_step


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("status", [401, 403])
def test_a_bucket_of_google_that_is_not_public(scripted: ScriptedServer, status: int) -> None:
    """Whoever asks Google as nobody is told that the bucket is not public."""
    scripted.always(refused(status, "required"))

    with opened("gs", "bucket", at("gs", scripted.url)) as place:
        error = refusal(place, secrets=KEYS)

    assert "it is not public" in error.what
    assert "GOOGLE_APPLICATION_CREDENTIALS" in error.next_step


@cloud("s3-seaweed", "azure")
def test_a_bucket_that_is_not_public(bucket: Bucket, store: Store) -> None:
    """Asking as nobody is refused: either give credentials, or the bucket is not the one that was meant."""
    with opened(store.protocol, bucket.name, {"anonymous": True}) as place:
        error = refusal(place, secrets=KEYS)

    assert "it is not public" in error.what
    assert "take `anonymous` out" in error.next_step


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_credentials(protocol: str) -> None:
    """Where the cloud's chain finds nothing, the message lists where it looks."""
    settings = {"account": "acme"} if protocol == "az" else {}
    with pytest.raises(SourceError) as caught, opened(protocol, "bucket", settings) as place:
        keys(place)

    check_helpful(caught.value)
    assert "no credentials were found" in caught.value.what
    variable = {"s3": "AWS_ACCESS_KEY_ID", "gs": "GOOGLE_APPLICATION_CREDENTIALS", "az": "AZURE_STORAGE_"}[protocol]
    assert variable in caught.value.next_step


def test_a_profile_that_does_not_exist(somebody: pytest.MonkeyPatch) -> None:
    """A profile that is named and missing is not replaced by whatever else the machine has."""
    with opened("s3", "bucket", {"profile": "acme-etl"}) as place:
        error = refusal(place, secrets=KEYS)

    assert somebody
    assert "no credentials were found" in error.what


@pytest.mark.parametrize(
    "content", [None, "{}", "not JSON", json.dumps({"type": "service_account", "private_key": KEY})]
)
def test_a_key_file_of_google_that_is_none(nobody: pytest.MonkeyPatch, tmp_path: Path, content: str | None) -> None:
    """A key file that is missing or damaged is told, and nothing of it is shown."""
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content, "utf-8")
    nobody.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    with pytest.raises(SourceError, match="credentials") as caught, opened("gs", "bucket"):
        pass

    check_helpful(caught.value, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        f"AccountKey={KEY}",
        f"AccountName={ACCOUNT};AccountKey=no-base64!",
        f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=127.0.0.1:9/x y",
    ],
)
def test_a_connection_string_that_is_none(nobody: pytest.MonkeyPatch, text: str) -> None:
    """A connection string that cannot be used is told without showing it."""
    nobody.setenv("AZURE_STORAGE_CONNECTION_STRING", text)

    with pytest.raises(SourceError) as caught, opened("az", "container") as place:
        keys(place)

    check_helpful(caught.value, KEY, "no-base64", "nonsense")


@pytest.mark.usefixtures("nobody")
def test_a_container_without_an_account() -> None:
    """A container is found through its account only, and the message says where to name one."""
    with pytest.raises(SourceError, match="no storage account is named") as caught, opened("az", "container"):
        pass

    check_helpful(caught.value)
    assert "`account` on connection acme" in caught.value.next_step
    assert "AZURE_STORAGE_ACCOUNT_NAME" in caught.value.next_step


@pytest.mark.parametrize(
    ("in_uri", "on_connection"),
    [("ours.dfs.core.windows.net", {}), ("", {"account": "ours"})],
    ids=["uri", "connection"],
)
def test_the_credentials_of_another_account(
    nobody: pytest.MonkeyPatch, in_uri: str, on_connection: dict[str, object]
) -> None:
    """A container of that name in the environment's account is never read in place of the one that was asked for."""
    nobody.setenv("AZURE_STORAGE_CONNECTION_STRING", f"AccountName=theirs;AccountKey={KEY}")
    settings = Connection.model_validate({"protocol": "az", **on_connection})

    with pytest.raises(SourceError, match="another account's") as caught:
        open_store(Place("az", "container", "acme", in_uri), settings, os.environ)

    check_helpful(caught.value, KEY)
    assert "account theirs" in caught.value.why
    assert "account ours" in caught.value.why


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_endpoint_that_nobody_listens_at(protocol: str) -> None:
    """A store that cannot be reached is told, with the settings that say where it is."""
    (port,) = free_ports(1)

    with opened(protocol, "bucket", at(protocol, f"http://127.0.0.1:{port}")) as place:
        error = refusal(place, secrets=KEYS)

    assert error.what.endswith("bucket cannot be reached")
    assert "endpoint_url" in error.next_step


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("reply", [Reply(503, b"busy"), Reply(act="cut_after")], ids=["busy", "cut off"])
def test_a_store_that_stays_busy(protocol: str, reply: Reply, scripted: ScriptedServer) -> None:
    """A store that answers nothing but 503, or hangs up, is asked a few times and then given up."""
    scripted.always(reply)

    with opened(protocol, "bucket", at(protocol, scripted.url)) as place, pytest.raises(SourceError) as caught:
        keys(place)

    check_helpful(caught.value, *KEYS)
    assert "cannot be reached" in caught.value.what
    assert 3 <= len(scripted.seen) <= 6


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("protocol", ["gs", "az"])
def test_a_store_that_is_busy_for_a_moment(protocol: str, scripted: ScriptedServer) -> None:
    """One 503, one answer that is cut off and one that is none are no reason to give up."""
    page = b'{"kind": "storage#objects"}' if protocol == "gs" else b"<EnumerationResults><Blobs/></EnumerationResults>"
    for failure in (Reply(503, b"busy"), Reply(200, page, act="cut_within"), Reply(200, b"<html>Please log in</html>")):
        scripted.will(failure, Reply(200, page))
        with opened(protocol, "bucket", at(protocol, scripted.url)) as place:
            assert keys(place) == []
    scripted.check()


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_somebody_else_who_answers(protocol: str, scripted: ScriptedServer) -> None:
    """A login page in place of the store is not an empty bucket."""
    scripted.always(Reply(200, b"<html>Please log in</html>", (("Content-Type", "text/html"),)))

    with opened(protocol, "bucket", at(protocol, scripted.url)) as place, pytest.raises(SourceError) as caught:
        keys(place)

    check_helpful(caught.value, *KEYS)


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize(
    ("protocol", "status", "code", "told"),
    [
        ("s3", 403, "AccessDenied", "permission denied"),
        ("s3", 400, "ExpiredToken", "the credentials are not accepted"),
        ("s3", 403, "RequestTimeTooSkewed", "the credentials are not accepted"),
        ("s3", 404, "NoSuchBucket", "does not exist"),
        ("s3", 400, "AuthorizationHeaderMalformed", "another region"),
        ("s3", 418, "SomethingNew", "cannot be listed"),
        ("gs", 404, "notFound", "does not exist"),
        ("gs", 418, "somethingnew", "cannot be listed"),
        ("az", 404, "ContainerNotFound", "does not exist"),
        ("az", 403, "AuthenticationFailed", "the credentials are not accepted"),
        ("az", 403, "AuthorizationPermissionMismatch", "permission denied"),
        ("az", 409, "PublicAccessNotPermitted", "not public"),
        ("az", 418, "SomethingNew", "cannot be listed"),
    ],
)
def test_a_refusal_is_told_by_its_code(
    protocol: str, status: int, code: str, told: str, scripted: ScriptedServer
) -> None:
    """Each cloud's own code decides what is said; its text is not repeated."""
    scripted.always(refused(status, code))

    with opened(protocol, "bucket", at(protocol, scripted.url)) as place, pytest.raises(SourceError) as caught:
        keys(place)

    check_helpful(caught.value, *KEYS)
    assert told in caught.value.what


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_store_that_is_closed_lets_go(protocol: str) -> None:
    """Closing a store ends its connections at once, and not when the process does."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as server:
        answered = server.submit(refuse_once, listener)
        with opened(protocol, "bucket", at(protocol, f"http://127.0.0.1:{listener.getsockname()[1]}")) as place:
            with pytest.raises(SourceError):
                keys(place)
            connection = answered.result(20)

    with connection:
        connection.settimeout(8)  # sooner than an idle connection is given up anyway
        assert connection.recv(1) == b""


def refuse_once(listener: socket.socket) -> socket.socket:
    """Refuse one request in a way that leaves the connection open, and return it."""
    connection, _ = listener.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    connection.sendall(b"HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n")
    return connection


UNKNOWN = """
import os
from syncer.errors import SourceError
from syncer.source.stores.base import Place
from syncer.source.stores.opening import open_store

try:
    list(open_store(Place("az", "container"), None, os.environ).pages(""))
except SourceError as error:
    print(error.what)
"""


def test_a_chain_that_finds_nothing_says_nothing(nobody: pytest.MonkeyPatch) -> None:
    """What a cloud's library logs of its search does not end up on the screen."""
    nobody.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")

    ran = subprocess.run([sys.executable, "-c", UNKNOWN], capture_output=True, encoding="utf-8", check=False)

    assert ran.stdout == "container container cannot be listed: no credentials were found\n"
    assert ran.stderr == ""


def test_a_store_that_is_none() -> None:
    """Another protocol is told with those that there are."""
    with pytest.raises(SourceError, match="ftp:// is no store") as caught:
        open_store(Place("ftp", "host"), None, {})

    assert "s3://" in caught.value.next_step
