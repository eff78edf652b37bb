"""The stores that other tests stand on do what those tests take for granted."""

from __future__ import annotations

import pytest

from tests.servers.azure import AzureServer
from tests.servers.gcs import GcsServer
from tests.servers.s3 import PART_BYTES, S3Bucket, S3Server, connect
from tests.servers.store import Bucket, Classed, Store

# Every character that a URL, a glob or a shell would make something else of.
ODD = ["a b.csv", "ü/日本 é.csv", "a#b.csv", "p%20q.csv", "x+y.csv", "[1]{2}.csv", "..x/y&=z;,@!$'().csv", "plain/x"]


@pytest.fixture(params=["s3_moto", "s3_seaweed"])
def s3_bucket(request: pytest.FixtureRequest) -> S3Bucket:
    server: S3Server = request.getfixturevalue(request.param)
    return server.make_bucket()


def test_objects_come_back_under_any_name(bucket: Bucket) -> None:
    """What is put under an odd name is listed under that name and holds the same bytes."""
    for key in ODD:
        bucket.put(key, key.encode())

    assert bucket.keys() == sorted(ODD)
    assert [bucket.get(key) for key in ODD] == [key.encode() for key in ODD]


def test_the_last_bytes_count(bucket: Bucket) -> None:
    """An overwritten object holds the new bytes, and a deleted one is gone."""
    bucket.put("kept", b"old")
    bucket.put("kept", b"new")
    bucket.put("gone", b"x")
    bucket.delete("gone")

    assert bucket.keys() == ["kept"]
    assert bucket.get("kept") == b"new"


def test_many_objects_are_all_there(bucket: Bucket) -> None:
    """A crowd is complete, keeps its odd names and holds the bytes that were given."""
    keys = [f"day={number % 3}/a b#{number:04}+ü.csv" for number in range(300)]

    bucket.put_many(keys, b"email\n")

    assert bucket.keys() == sorted(keys)
    assert bucket.get(keys[-1]) == b"email\n"


def test_what_is_said_about_an_object_leaves_its_bytes(bucket: Bucket) -> None:
    """Neither other metadata nor another storage class changes a byte."""
    bucket.put("x", b"bytes")

    bucket.edit_metadata("x", owner="crm")
    if isinstance(bucket, Classed):
        bucket.change_storage_class("x")

    assert bucket.get("x") == b"bytes"


def test_s3_says_what_was_done(s3_bucket: S3Bucket) -> None:
    """Metadata and storage class are those that were set, and the ETag of the same bytes stays."""
    s3_bucket.put("x", b"bytes")
    before = s3_bucket.head("x")
    s3_bucket.edit_metadata("x", owner="crm")
    s3_bucket.change_storage_class("x")

    after = s3_bucket.head("x")

    assert (after["Metadata"], after["StorageClass"]) == ({"owner": "crm"}, "STANDARD_IA")
    assert after["ETag"] == before["ETag"]


def test_s3_has_the_parts_of_a_multipart_upload(s3_bucket: S3Bucket) -> None:
    """An object that came in two parts has an ETag that is no digest, and all its bytes."""
    data = b"a" * PART_BYTES + b"b"

    s3_bucket.put_multipart("x", data)

    assert s3_bucket.head("x")["ETag"].endswith('-2"')
    assert s3_bucket.get("x") == data


def test_s3_keeps_versions_once_switched_on(s3_bucket: S3Bucket) -> None:
    """The same bytes written again get another version and the same ETag; what was there before has none."""
    s3_bucket.put("x", b"bytes")
    before = s3_bucket.head("x")
    s3_bucket.switch_versioning_on()
    seen = []
    for _ in range(2):
        s3_bucket.put("x", b"bytes")
        seen.append(s3_bucket.head("x"))

    assert before.get("VersionId") is None
    assert None not in {answer.get("VersionId") for answer in seen}
    assert seen[0]["VersionId"] != seen[1]["VersionId"]
    assert {answer["ETag"] for answer in seen} == {before["ETag"]}


def test_seaweed_refuses_another_secret(s3_seaweed: S3Server) -> None:
    """A signature made with another secret is refused, so that tests about credentials mean something."""
    stranger = connect(s3_seaweed.endpoint_url, "another secret")

    with pytest.raises(stranger.exceptions.ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


def test_gcs_counts_generations(gcs: GcsServer) -> None:
    """Metadata leave the generation, the same bytes written again or moved to another class do not."""
    bucket = gcs.make_bucket()
    bucket.switch_versioning_on()
    bucket.put("x", b"bytes")
    first = bucket.head("x")
    bucket.edit_metadata("x", owner="crm")
    edited = bucket.head("x")
    bucket.put("x", b"bytes")
    second = bucket.head("x")
    bucket.change_storage_class("x")
    third = bucket.head("x")

    assert (edited["metadata"], edited["generation"]) == ({"owner": "crm"}, first["generation"])
    assert len({each["generation"] for each in (first, second, third)}) == 3
    assert {each["md5Hash"] for each in (second, third)} == {first["md5Hash"]}


def test_gcs_composes(gcs: GcsServer) -> None:
    """A composite object is its parts, one after another."""
    bucket = gcs.make_bucket()
    bucket.put("a", b"1")
    bucket.put("b c", b"2")

    bucket.compose("joined", ["a", "b c"])

    assert bucket.get("joined") == b"12"


def test_azure_tells_digests_only_of_whole_uploads(azure: AzureServer) -> None:
    """A list of blocks has no content_md5 and an etag that changes with the metadata."""
    container = azure.make_bucket()
    container.put("whole", b"bytes")
    container.put_blocks("blocks", b"bytes")
    before = container.head("blocks")
    container.edit_metadata("blocks", owner="crm")
    after = container.head("blocks")

    assert container.head("whole").content_settings.content_md5 is not None
    assert before.content_settings.content_md5 is None
    assert after.metadata == {"owner": "crm"}
    assert after.etag != before.etag
    assert container.get("blocks") == b"bytes"


def test_azure_refuses_another_key(azure: AzureServer) -> None:
    """A request signed with another key is refused."""
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobServiceClient

    credential = {"account_name": azure.account, "account_key": "AAAA"}
    with BlobServiceClient(azure.endpoint_url, credential) as stranger, pytest.raises(HttpResponseError):
        list(stranger.list_containers())


def test_the_environment_reaches_the_store(store: Store, bucket: Bucket) -> None:
    """A client that is told nothing finds the store through the cloud's own variables."""
    import fsspec

    bucket.put("a b/#.csv", b"bytes")

    files = fsspec.filesystem(store.protocol, use_listings_cache=False)

    assert files.cat_file(f"{bucket.name}/a b/#.csv") == b"bytes"
