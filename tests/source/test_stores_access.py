"""As whom a store is asked: tokens, keys, signatures and accounts of each cloud's own chain."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from syncer.errors import SourceError
from syncer.settings import Connection
from syncer.source.stores.azure_access import AzureAccess
from syncer.source.stores.base import ObjectChangedError, Place
from tests.api.scripted import Reply, ScriptedServer, Seen
from tests.servers.azure import ACCOUNT, KEY, AzureContainer
from tests.servers.s3 import S3Bucket
from tests.servers.store import Bucket, Store
from tests.source.opening import check_helpful, cloud, content, found, keys, opened

TOKEN = "ya29.not-for-anybodys-eyes"
NO_OBJECTS = b'{"kind": "storage#objects"}'
NO_BLOBS = b"<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>"
FAR_AWAY = 4_000_000_000  # when the tokens of these tests end, in seconds since 1970


@pytest.fixture
def storage() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def tokens() -> Iterator[ScriptedServer]:
    """Where tokens are given out."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.fixture
def service_account(
    tokens: ScriptedServer, private_key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ScriptedServer:
    """A service account of Google's in the environment, whose tokens come from this server."""
    account = {
        "type": "service_account",
        "client_email": "etl@acme.iam.gserviceaccount.com",
        "private_key": private_key,
        "token_uri": f"{tokens.url}/token",
        "project_id": "acme-etl",
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    return tokens


@pytest.fixture
def managed_identity(tokens: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A machine of Azure's with an identity of its own, whose tokens come from this server."""
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{tokens.url}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    return tokens


def google_token() -> Reply:
    return Reply(200, json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}).encode())


def azure_token() -> Reply:
    token = {"access_token": TOKEN, "expires_on": str(FAR_AWAY), "resource": "storage", "token_type": "Bearer"}
    return Reply(200, json.dumps(token).encode(), (("Content-Type", "application/json"),))


def query(seen: Seen) -> dict[str, str]:
    return {name: value for name, (value, *_) in parse_qs(urlsplit(seen.target).query).items()}


def test_google_is_asked_with_a_token(service_account: ScriptedServer, storage: ScriptedServer) -> None:
    """The token of the environment's account is asked for once, and sent with every request."""
    service_account.will(google_token())
    storage.always(Reply(200, NO_OBJECTS))

    with opened("gs", "bucket", {"endpoint_url": storage.url}) as place:
        assert keys(place) == keys(place, "other/") == []

    assert [seen.all("Authorization") for seen in storage.seen] == [[f"Bearer {TOKEN}"]] * 2
    service_account.check()


def test_google_gives_no_token(service_account: ScriptedServer, storage: ScriptedServer) -> None:
    """An account that is no longer good is told as such, and the store is not asked."""
    service_account.always(Reply(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'))

    with (
        opened("gs", "bucket", {"endpoint_url": storage.url}) as place,
        pytest.raises(SourceError, match="the credentials are not accepted") as caught,
    ):
        keys(place)

    check_helpful(caught.value, TOKEN, "private_key")
    assert storage.seen == []


@pytest.mark.parametrize(("status", "told"), [(401, "the credentials are not accepted"), (403, "permission denied")])
def test_google_refuses(service_account: ScriptedServer, storage: ScriptedServer, status: int, told: str) -> None:
    """A token that is not accepted and a right that is missing are two things; neither message shows the token."""
    service_account.always(google_token())
    storage.always(Reply(status, json.dumps({"error": {"code": status, "message": TOKEN}}).encode()))

    with opened("gs", "bucket", {"endpoint_url": storage.url}) as place, pytest.raises(SourceError) as caught:
        keys(place)

    check_helpful(caught.value, TOKEN)
    assert told in caught.value.what


@pytest.mark.parametrize(("project", "billed"), [(None, "acme-etl"), ("acme-billing", "acme-billing")])
def test_google_bills_the_requester(
    service_account: ScriptedServer, storage: ScriptedServer, project: str | None, billed: str
) -> None:
    """A connection that pays names its project in every request, or that of its credentials."""
    service_account.always(google_token())
    storage.always(Reply(200, NO_OBJECTS))
    settings = {"endpoint_url": storage.url, "requester_pays": True, "project": project}

    with opened("gs", "bucket", settings) as place:
        keys(place)

    assert query(storage.seen[0])["userProject"] == billed


def test_google_says_who_should_pay(storage: ScriptedServer) -> None:
    """A bucket that has its requester pay says what to set."""
    message = "Bucket is a requester pays bucket but no user project provided."
    storage.always(Reply(400, json.dumps({"error": {"code": 400, "message": message}}).encode()))

    with (
        opened("gs", "bucket", {"endpoint_url": storage.url, "anonymous": True}) as place,
        pytest.raises(SourceError) as caught,
    ):
        keys(place)

    assert "`requester_pays: true`" in caught.value.why


def test_somebody_must_pay(storage: ScriptedServer) -> None:
    """A connection that pays with nobody's money is refused before anything is asked."""
    settings = {"endpoint_url": storage.url, "requester_pays": True, "anonymous": True}

    with pytest.raises(SourceError, match="no project pays") as caught, opened("gs", "bucket", settings):
        pass

    assert "`project`" in caught.value.next_step
    assert storage.seen == []


def test_google_reads_one_generation_as_it_is_stored(storage: ScriptedServer) -> None:
    """A read names the generation, takes compressed bytes as they are, and is refused once that is gone."""
    told = {"name": "a/k", "size": "7", "generation": "17", "timeCreated": "2026-11-23T17:39:06Z", "crc32c": "x"}
    storage.will(
        Reply(200, json.dumps(told).encode()), Reply(206, b"content"), Reply(404, b"No such object: bucket/a/k")
    )

    with opened("gs", "bucket", {"endpoint_url": storage.url, "anonymous": True}) as place:
        one = found(place, "a/k")
        assert content(place, one) == b"content"
        with pytest.raises(ObjectChangedError):
            content(place, one)

    look, read, _ = storage.seen
    assert urlsplit(look.target).path == urlsplit(read.target).path == "/storage/v1/b/bucket/o/a%2Fk"
    assert (query(read)["generation"], query(read)["alt"]) == ("17", "media")
    assert read.header("Accept-Encoding") == "gzip"


def test_azure_is_asked_with_a_token(managed_identity: ScriptedServer, storage: ScriptedServer) -> None:
    """Where only the account is known, the cloud's identity gives a token, once, and nothing is signed with a key."""
    managed_identity.will(azure_token())
    storage.always(Reply(200, NO_BLOBS))

    with opened("az", "container", {"account": "acme", "endpoint_url": storage.url}) as place:
        assert keys(place) == keys(place, "other/") == []

    assert [seen.all("Authorization") for seen in storage.seen] == [[f"Bearer {TOKEN}"]] * 2
    assert "sig" not in query(storage.seen[0])
    assert "https://storage.azure.com" in query(managed_identity.seen[0])["resource"]
    managed_identity.check()


def test_azure_gives_no_token(managed_identity: ScriptedServer, storage: ScriptedServer) -> None:
    """An identity that gets no token is told, and the store is not asked."""
    no_identity = b'{"error": "invalid_request", "error_description": "no identity"}'
    managed_identity.always(Reply(400, no_identity, (("Connection", "close"),)))

    with (
        opened("az", "container", {"account": "acme", "endpoint_url": storage.url}) as place,
        pytest.raises(SourceError, match="credentials") as caught,
    ):
        keys(place)

    check_helpful(caught.value)
    assert storage.seen == []


def test_azure_reads_one_version(storage: ScriptedServer) -> None:
    """A blob that has a version is read by it, any other is held to its ETag."""
    head = {"Last-Modified": "Mon, 23 Nov 2026 17:39:06 GMT", "ETag": '"0x1"', "x-ms-blob-type": "BlockBlob"}
    settings = {"account": "acme", "endpoint_url": storage.url, "anonymous": True}
    storage.will(Reply(200, b"", tuple(head.items())), Reply(412, b""))
    storage.will(Reply(200, b"", (*head.items(), ("x-ms-version-id", "v1"))), Reply(206, b""))

    with opened("az", "container", settings) as place:
        unversioned = found(place, "k")._replace(size=7)
        with pytest.raises(ObjectChangedError):
            content(place, unversioned)
        versioned = found(place, "k")
        content(place, versioned)

    held, pinned = storage.seen[1], storage.seen[3]
    assert (held.header("If-Match"), query(held)) == ('"0x1"', {})
    assert (pinned.header("If-Match"), query(pinned)) == (None, {"versionid": "v1"})


def test_s3_reads_on_without_the_right_to_name_versions(
    storage: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may get objects and not their versions is held to the ETag instead."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    head = (("ETag", '"e1"'), ("Last-Modified", "Mon, 23 Nov 2026 17:39:06 GMT"), ("x-amz-version-id", "v1"))
    storage.will(Reply(200, b"", head), Reply(403, b"<Error><Code>AccessDenied</Code></Error>"))
    storage.will(Reply(206, b"content", head[:1]))

    with opened("s3", "bucket", {"endpoint_url": storage.url, "region": "us-east-1"}) as place:
        one = found(place, "k")
        assert content(place, one._replace(size=7)) == b"content"

    _, named, held = storage.seen
    assert ("versionId" in query(named), "versionId" in query(held)) == (True, False)
    assert held.header("If-Match") == '"e1"'


@cloud("azure")
@pytest.mark.parametrize("how", ["connection string", "key", "sas"])
def test_azure_takes_what_the_environment_has(
    bucket: Bucket, store: Store, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection string, a key and a shared access signature open the account that the connection names."""
    assert isinstance(bucket, AzureContainer)
    bucket.put("k", b"content")
    if how != "connection string":
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    if how == "key":
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    if how == "sas":
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", signature())

    with opened("az", bucket.name, {"account": ACCOUNT, "endpoint_url": store.endpoint_url}) as place:
        assert keys(place) == ["k"]
        assert content(place, found(place, "k")) == b"content"


def signature() -> str:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

    return generate_account_sas(
        ACCOUNT,
        KEY,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, list=True),
        datetime.now(UTC) + timedelta(days=1),
    )


@cloud("s3-seaweed")
def test_s3_opens_what_is_public(bucket: Bucket) -> None:
    """A bucket that its policy opens is read as nobody, whatever keys the environment has."""
    assert isinstance(bucket, S3Bucket)
    bucket.put("k", b"content")
    arn = f"arn:aws:s3:::{bucket.name}"
    allow = {"Effect": "Allow", "Principal": "*", "Action": ["s3:ListBucket", "s3:GetObject"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": [arn, f"{arn}/*"]}]})
    bucket.server.client.put_bucket_policy(Bucket=bucket.name, Policy=policy)

    with opened("s3", bucket.name, {"anonymous": True}) as place:
        assert keys(place) == ["k"]
        assert content(place, found(place, "k")) == b"content"


@cloud("azure")
def test_azure_opens_what_is_public(bucket: Bucket) -> None:
    """A container that is public is read as nobody, at the endpoint that the environment names."""
    assert isinstance(bucket, AzureContainer)
    bucket.put("k", b"content")
    bucket.client.set_container_access_policy({}, public_access="container")

    with opened("az", bucket.name, {"anonymous": True}) as place:
        assert keys(place) == ["k"]
        assert content(place, found(place, "k")) == b"content"


@pytest.mark.parametrize(
    ("place", "settings", "base"),
    [
        (Place("az", "c"), {"account": "acme"}, "https://acme.blob.core.windows.net/c"),
        (Place("abfss", "c", account="acme"), {}, "https://acme.blob.core.windows.net/c"),
        (Place("abfss", "c", account="acme.dfs.core.windows.net"), {}, "https://acme.blob.core.windows.net/c"),
        (
            Place("abfss", "c", account="acme.dfs.core.chinacloudapi.cn"),
            {},
            "https://acme.blob.core.chinacloudapi.cn/c",
        ),
        (
            Place("az", "$web"),
            {"account": "acme", "endpoint_url": "https://blobs.acme.example"},
            "https://blobs.acme.example/$web",
        ),
    ],
)
def test_where_an_account_is(place: Place, settings: dict[str, object], base: str) -> None:
    """The connection, or the account in the URI, says where the container is."""
    connection = Connection.model_validate({"protocol": "az", **settings})

    assert AzureAccess(place, connection, {"AZURE_STORAGE_ACCOUNT_KEY": KEY}).base == base


def test_a_signature_is_made_once() -> None:
    """The URLs of a run share a signature, which is good for hours; only one that is about to end is made again."""
    access = AzureAccess(
        Place("az", "c"), None, {"AZURE_STORAGE_ACCOUNT_NAME": "acme", "AZURE_STORAGE_ACCOUNT_KEY": KEY}
    )

    first = access.query("listed")
    ends = time.strptime(parse_qs(first)["se"][0], "%Y-%m-%dT%H:%M:%SZ")
    assert time.mktime(ends) - time.mktime(time.gmtime()) > 3600
    assert parse_qs(first)["sp"] == ["rl"]
    assert access.query("read") is first
    access._proves_until = time.time() + 60
    assert access.query("read") is not first
