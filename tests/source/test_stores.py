"""The contract that every object store keeps, held against real servers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from syncer.errors import SourceError
from syncer.source.stores.base import ObjectChangedError, ObjectStore
from syncer.source.window import Buffers, Window
from tests.servers.azure import AzureContainer
from tests.servers.fixtures import reaching
from tests.servers.gcs import GcsBucket
from tests.servers.s3 import S3Bucket
from tests.servers.store import Bucket, Classed, Store, Versioned
from tests.source.opening import (
    CLOUDS,
    cloud,
    content,
    every_cloud,
    found,
    keys,
    listed,
    opened,
    opened_in_small_pages,
)

VERSIONING = ("s3-moto", "s3-seaweed", "gcs")

# What a URL, a query, a glob, XML or a shell would make something else of.
ODD = [
    " leading and trailing ",
    "a b.csv",
    "a#b.csv",
    "p%20q.csv",
    "p%2Fq.csv",
    "100%",
    "x+y.csv",
    "q?a=1&b=2.csv",
    "st*r.csv",
    "[1].csv",
    "{a,b}.csv",
    "\"quoted\" 'twice'.csv",
    "<tag>&amp;.csv",
    "a=b;c:d,e@f!g$h(i).csv",
    "ü/日本 é.csv",
    "emoji\U0001f600.csv",
    "e\u0301 is not \u00e9.csv",
    "~tilde|pipe^`.csv",
    "..dots.csv",
]


@pytest.fixture
def place(store: Store, bucket: Bucket) -> Iterator[ObjectStore]:
    with opened(store.protocol, bucket.name) as place:
        yield place


@every_cloud
def test_a_listing_and_a_look_say_the_same(bucket: Bucket, place: ObjectStore) -> None:
    """Both tell key, size, time, fingerprint and pin of an object; the time is the store's, with its zone."""
    bucket.put("data/one.csv", b"12345")

    (from_listing,) = listed(place)
    from_look = found(place, "data/one.csv")

    assert from_look._replace(version=from_listing.version) == from_listing
    assert (from_listing.key, from_listing.size, from_listing.cold) == ("data/one.csv", 5, "")
    assert abs(datetime.now(UTC) - from_listing.modified) < timedelta(minutes=5)
    assert from_listing.held


@every_cloud
def test_names_are_literal(bucket: Bucket, place: ObjectStore, store: Store) -> None:
    """Nothing in a key is escaped, decoded or taken for a pattern: it is listed, found and read by its own name."""
    for key in ODD:
        bucket.put(key, key.encode())
    bucket.put("pXq.csv", b"another")

    assert keys(place) == sorted([*ODD, "pXq.csv"])
    for key in ODD:
        assert keys(place, key) == [key]
        assert content(place, found(place, key)) == key.encode()
    with opened_in_small_pages(store.protocol, bucket.name) as paged:
        assert keys(paged) == sorted([*ODD, "pXq.csv"])


@cloud("s3-moto", "gcs", "azure")  # SeaweedFS keeps its objects in folders, which have no empty names
def test_empty_folder_names_are_names(bucket: Bucket, place: ObjectStore) -> None:
    """Two slashes in a row are two slashes, also at the beginning."""
    for key in ("a//b", "/a/b", "a/b"):
        bucket.put(key, key.encode())

    assert keys(place) == ["/a/b", "a//b", "a/b"]
    assert keys(place, "a//") == ["a//b"]
    assert [content(place, one) for one in listed(place)] == [b"/a/b", b"a//b", b"a/b"]


@cloud("s3-moto", "gcs")  # the others' servers refuse such names
def test_dots_are_names(bucket: Bucket, place: ObjectStore) -> None:
    """A key with `..` in it is not another key."""
    bucket.put("a/../b", b"with dots")
    bucket.put("b", b"without")

    assert content(place, found(place, "a/../b")) == b"with dots"


@every_cloud
def test_a_prefix_need_not_be_a_folder(bucket: Bucket, place: ObjectStore) -> None:
    """A listing has the keys that begin with its prefix, wherever that ends, and no neighbour's."""
    bucket.put_many(["crm/part-1.csv", "crm/part-10.csv", "crm/part-2.csv", "crm-old/part-1.csv", "crm.csv", "aaa"])

    assert keys(place, "crm/part-1") == ["crm/part-1.csv", "crm/part-10.csv"]
    assert keys(place, "crm/") == ["crm/part-1.csv", "crm/part-10.csv", "crm/part-2.csv"]
    assert sorted(keys(place, "crm")) == ["crm-old/part-1.csv", "crm.csv", *keys(place, "crm/")]
    assert keys(place, "crm/part-3") == []


@every_cloud
def test_a_listing_comes_in_pages(bucket: Bucket, store: Store) -> None:
    """However many pages there are, each key is in exactly one of them, and a page is no larger than asked for."""
    names = [f"{number % 3}/{number}" for number in range(7)]
    bucket.put_many(names)

    with opened_in_small_pages(store.protocol, bucket.name) as place:
        pages = list(place.pages(""))
        assert keys(place, "1/") == ["1/1", "1/4"]

    assert [one.key for page in pages for one in page] == sorted(names)
    assert max(len(page) for page in pages) == 2


@every_cloud
def test_a_listing_may_begin_later(bucket: Bucket, store: Store) -> None:
    """`after` leaves out nothing that sorts after it, on the first page and on the others."""
    bucket.put_many(f"day={day}" for day in range(1, 8))

    with opened_in_small_pages(store.protocol, bucket.name) as place:
        some = keys(place, "day=", after="day=3")

    assert set(some) >= {"day=4", "day=5", "day=6", "day=7"}
    assert len(some) == len(set(some))
    if store.protocol != "az":  # which cannot begin anywhere else
        assert "day=1" not in some


@every_cloud
def test_folders_of_one_level(bucket: Bucket, store: Store, place: ObjectStore) -> None:
    """What continues a prefix up to the next slash is told once, without listing what is below, and files are not."""
    bucket.put_many(["dt=1/a", "dt=1/b", "dt=2/deep/c", "dt=3 ü+/d", "dt=file", "other/e"])

    assert sorted(place.folders("dt=")) == ["dt=1/", "dt=2/", "dt=3 ü+/"]
    assert place.folders("dt=2/") == ["dt=2/deep/"]
    assert place.folders("none/") == []
    with opened_in_small_pages(store.protocol, bucket.name) as paged:
        assert sorted(paged.folders("")) == ["dt=1/", "dt=2/", "dt=3 ü+/", "other/"]


@every_cloud
def test_markers_of_folders_are_no_files(bucket: Bucket, place: ObjectStore) -> None:
    """Keys that end with a slash, which consoles write for a new folder, are left out."""
    bucket.put("folder/", b"")
    bucket.put("folder/file", b"x")

    assert keys(place) == ["folder/file"]


@cloud("azure")
def test_folders_that_are_blobs_are_no_files(bucket: Bucket, place: ObjectStore) -> None:
    """A blob that says of itself that it stands for a folder is left out, and is nothing that can be read."""
    assert isinstance(bucket, AzureContainer)
    bucket.client.upload_blob("folder", b"", metadata={"hdi_isfolder": "true"})
    bucket.client.upload_blob("folder/file", b"x", metadata={"label": "gold"})

    assert keys(place) == ["folder/file"]
    assert place.look("folder") is None


@every_cloud
def test_an_empty_bucket_is_no_error(place: ObjectStore) -> None:
    """No objects, no folders, nothing to look at."""
    assert keys(place) == []
    assert place.folders("") == []
    assert place.look("key") is None


@every_cloud
def test_nothing_is_stale(bucket: Bucket, place: ObjectStore) -> None:
    """What another client wrote or deleted a moment ago shows in the next listing and the next look."""
    bucket.put("a", b"old")
    before = found(place, "a")
    assert keys(place) == ["a"]

    bucket.put("a", b"newer")
    bucket.put("b", b"x")
    after = found(place, "a")
    assert [one.fingerprint for one in listed(place, "a")] == [after.fingerprint]
    assert after.fingerprint != before.fingerprint
    assert keys(place) == ["a", "b"]

    bucket.delete("a")
    assert keys(place) == ["b"]
    assert place.look("a") is None


@every_cloud
def test_any_range_can_be_read(bucket: Bucket, place: ObjectStore) -> None:
    """A read gives exactly the bytes of its range: the first, the last, one, all."""
    data = bytes(range(256)) * 40
    bucket.put("file", data)
    one = found(place, "file")

    assert content(place, one) == data
    for start, length in [(0, 1), (1, 300), (len(data) - 1, 1), (5000, len(data) - 5000)]:
        assert content(place, one, start, length) == data[start : start + length]


@every_cloud
def test_a_listed_object_can_be_read_without_a_look(bucket: Bucket, place: ObjectStore) -> None:
    """What a listing tells of an object is enough to read it."""
    bucket.put("file", b"content")

    assert [content(place, one) for one in listed(place)] == [b"content"]


@every_cloud
def test_a_window_reads_the_whole_object(bucket: Bucket, place: ObjectStore) -> None:
    """Ranges fetched side by side come out as the object's bytes, in order."""
    data = bytes(range(251)) * 4001
    bucket.put("file", data)
    one = found(place, "file")

    with Window(partial(place.read, one), one.size, buffers=Buffers(4, 64 << 10)) as window:
        assert window.readall() == data


@every_cloud
def test_a_change_during_a_read_is_noticed(bucket: Bucket, place: ObjectStore) -> None:
    """Bytes of two versions are never mixed: without versioning the rest of the old one is refused."""
    bucket.put("file", b"old" * 400_000)
    one = found(place, "file")

    with Window(partial(place.read, one), one.size, buffers=Buffers(2, 64 << 10)) as window:
        assert window.read(3) == b"old"
        bucket.put("file", b"new" * 400_000)
        with pytest.raises(ObjectChangedError):
            window.readall()


@every_cloud
def test_a_deleted_object_is_a_changed_one(bucket: Bucket, place: ObjectStore) -> None:
    """What is gone can no longer be read."""
    bucket.put("file", b"old")
    one = found(place, "file")
    bucket.delete("file")

    with pytest.raises(ObjectChangedError):
        content(place, one)


@every_cloud
def test_a_shorter_object_is_a_changed_one(bucket: Bucket, place: ObjectStore) -> None:
    """A range beyond the end of what is there now is of another version."""
    bucket.put("file", b"old and long")
    one = found(place, "file")
    bucket.put("file", b"new")

    with pytest.raises(ObjectChangedError):
        content(place, one, 8, 4)


@cloud(*VERSIONING)
def test_a_version_that_is_kept_is_read_to_its_end(bucket: Bucket, place: ObjectStore) -> None:
    """Where the bucket keeps versions, the one that was looked at is read whole, whatever is written meanwhile."""
    assert isinstance(bucket, Versioned)
    bucket.switch_versioning_on()
    bucket.put("file", b"old" * 400_000)
    one = found(place, "file")
    assert one.version

    with Window(partial(place.read, one), one.size, buffers=Buffers(2, 64 << 10)) as window:
        begin = window.read(3)
        bucket.put("file", b"new" * 400_000)
        assert begin + window.readall() == b"old" * 400_000

    bucket.delete("file")
    assert content(place, one, 0, 3) == b"old"


@every_cloud
def test_the_fingerprint_is_of_the_content(bucket: Bucket, place: ObjectStore) -> None:
    """Other bytes have another fingerprint, and the same bytes have the first one again."""
    told = []
    for data in (b"A", b"B", b"A"):
        bucket.put("file", data)
        told.append(found(place, "file").fingerprint)

    assert told[0] == told[2]
    assert told[0] != told[1]


@every_cloud
def test_metadata_leaves_the_fingerprint_alone(bucket: Bucket, place: ObjectStore) -> None:
    """A label that somebody adds is no new version of the content."""
    bucket.put("file", b"content")
    (before,) = listed(place)

    bucket.edit_metadata("file", label="gold")

    (after,) = listed(place)
    assert after.fingerprint == before.fingerprint == found(place, "file").fingerprint


@every_cloud
def test_a_storage_class_leaves_the_fingerprint_alone(bucket: Bucket, place: ObjectStore) -> None:
    """An object that is moved to a cheaper class holds the same content."""
    assert isinstance(bucket, Classed)
    bucket.put("file", b"content")
    (before,) = listed(place)

    bucket.change_storage_class("file")

    (after,) = listed(place)
    assert after.fingerprint == before.fingerprint
    assert not after.cold


@cloud(*VERSIONING)
def test_versioning_leaves_the_fingerprint_alone(bucket: Bucket, place: ObjectStore) -> None:
    """Switching versioning on is no new version of anything, nor is writing the same bytes again after that."""
    assert isinstance(bucket, Versioned)
    bucket.put("file", b"content")
    (before,) = listed(place)

    bucket.switch_versioning_on()
    assert [one.fingerprint for one in listed(place)] == [before.fingerprint]
    assert content(place, found(place, "file")) == b"content"

    bucket.put("file", b"content")
    assert [one.fingerprint for one in listed(place)] == [before.fingerprint]


@cloud("s3-moto", "s3-seaweed")
def test_the_tag_of_parts_is_a_fingerprint(bucket: Bucket, place: ObjectStore) -> None:
    """An object of several parts has no digest of its bytes on S3; its ETag and size are its fingerprint."""
    assert isinstance(bucket, S3Bucket)
    bucket.put_multipart("file", b"x" * (6 << 20))

    (one,) = listed(place)

    assert one.fingerprint == f"etag:{one.held}:{6 << 20}"
    assert one.held.endswith("-2")
    assert content(place, found(place, "file"), 5 << 20, 2) == b"xx"


@cloud("s3-moto")
def test_what_is_archived_is_told_until_it_is_restored(bucket: Bucket, place: ObjectStore) -> None:
    """An object of an archive class is cold, and readable once a copy was brought back."""
    assert isinstance(bucket, S3Bucket)
    client, where = bucket.server.client, {"Bucket": bucket.name, "Key": "file"}
    client.put_object(**where, Body=b"content", StorageClass="GLACIER")

    one = found(place, "file")
    assert [each.cold for each in (one, *listed(place))] == ["GLACIER", "GLACIER"]
    with pytest.raises(SourceError, match="is archived"):
        content(place, one)

    client.restore_object(**where, RestoreRequest={"Days": 1})
    assert found(place, "file").cold == ""
    assert content(place, found(place, "file")) == b"content"


@cloud("azure")
def test_what_is_archived_cannot_be_read(bucket: Bucket, place: ObjectStore) -> None:
    """A blob of the archive tier is cold, in a listing and in a look, and a read says why it fails."""
    assert isinstance(bucket, AzureContainer)
    bucket.put("file", b"content")
    bucket.client.get_blob_client("file").set_standard_blob_tier("Archive")

    one = found(place, "file")
    assert [each.cold for each in (one, *listed(place))] == ["Archive", "Archive"]
    with pytest.raises(SourceError, match="is archived"):
        content(place, one)


@cloud("azure")
def test_a_blob_of_blocks_has_its_tag(bucket: Bucket, place: ObjectStore) -> None:
    """A blob without an MD5 is told by its ETag."""
    assert isinstance(bucket, AzureContainer)
    bucket.put_blocks("file", b"x" * 100)

    (one,) = listed(place)

    assert one.fingerprint == f"etag:{one.held}:100" == found(place, "file").fingerprint
    assert content(place, one) == b"x" * 100


@cloud("gcs")
def test_stored_bytes_are_read(bucket: Bucket, place: ObjectStore) -> None:
    """An object that is labelled as compressed comes as it is stored, and its range too."""
    assert isinstance(bucket, GcsBucket)
    bucket.server.call(
        "POST",
        f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=file.csv&contentEncoding=gzip",
        body=b"\x1f\x8bnot really",
        headers={"Content-Type": "text/csv"},
    )
    one = found(place, "file.csv")

    assert content(place, one) == b"\x1f\x8bnot really"
    assert content(place, one, 2, 3) == b"not"


SESSION = """
import os, sys
from syncer.errors import SourceError
from syncer.source.stores.base import Place
from syncer.source.stores.opening import open_store

before = dict(os.environ)
protocol, bucket = sys.argv[1:]
store = open_store(Place(protocol, bucket), None, os.environ)
(one,) = next(iter(store.pages("")))
store.read(one, 0, memoryview(bytearray(one.size)))
assert store.look("missing") is None
store.close()
try:
    list(open_store(Place(protocol, "no-such-bucket"), None, os.environ).pages(""))
except SourceError:
    assert dict(os.environ) == before
else:
    sys.exit("the missing bucket is there")
"""


@every_cloud
def test_the_libraries_say_nothing(bucket: Bucket, store: Store) -> None:
    """A process that used a store and met a refusal prints nothing and leaves nothing open; its environment is kept."""
    bucket.put("file", b"content")

    ran = subprocess.run(
        [sys.executable, "-W", "default::ResourceWarning", "-c", SESSION, store.protocol, bucket.name],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={name: value for name, value in reaching(store).items() if not name.startswith("GCSFS_")},
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_cloud_is_held_to_the_contract() -> None:
    """The stores that the fixtures know are those of this suite, but for the local disk."""
    from tests.servers.fixtures import STORES

    assert set(CLOUDS) == set(STORES) - {"local"}
