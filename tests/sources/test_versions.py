"""What tells the versions of a file apart, and what holds a read to one of them."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

import pytest

from syncer.errors import SourceError
from syncer.source.found import NothingKnown
from syncer.source.pins import Held
from syncer.source.window import FIRST_BYTES
from tests.servers.azure import AzureContainer
from tests.servers.gcs import GcsBucket
from tests.servers.store import Bucket, Classed, Versioned
from tests.sources.conftest import CLOUDS
from tests.sources.looking import Look

SCHEMES = {"s3": "etag", "gs": "md5", "az": "md5", "file": "sha256"}
in_clouds = pytest.mark.parametrize("store", CLOUDS, indirect=True)


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def whole(look: Look) -> Bucket:
    """Return the bucket that the test's folder is in."""
    return getattr(look.bucket, "bucket", look.bucket)


def test_other_bytes_are_another_version(look: Look) -> None:
    """Bytes of the same length too; the same bytes written again are the same version, as far as a listing can tell."""
    prints = []
    for data in (b"a\n1\n", b"a\n2\n", b"a\n1\n"):
        look.bucket.put("in/a.csv", data)
        (listed,) = look.find("in/*.csv")
        (seen,) = look.find("in/a.csv")
        assert listed.fingerprint == seen.fingerprint  # one file, however its URI is written
        prints.append(listed.fingerprint)

    assert prints[0] != prints[1]
    assert prints[0] == prints[2]
    assert prints[0].partition(":")[0] == SCHEMES[look.bucket.uri().partition("://")[0]]


@pytest.mark.parametrize("identity", ["tag", "content"])
def test_what_is_said_about_an_object_is_no_version(own: Look, identity: str) -> None:
    """Metadata, another storage class and versioning leave the fingerprint, and a file that was found can be read."""
    bucket = own.bucket
    bucket.put("in/a.csv", b"a\n1\n")
    (before,) = own.find("in/*.csv", identity=identity)

    bucket.edit_metadata("in/a.csv", owner="crm")
    if isinstance(bucket, Classed):
        bucket.change_storage_class("in/a.csv")
    if isinstance(bucket, Versioned):
        bucket.switch_versioning_on()

    (after,) = own.find("in/*.csv", identity=identity)
    assert after.fingerprint == before.fingerprint
    assert own.read(before, "in/*.csv", identity=identity) == b"a\n1\n"
    bucket.put("in/a.csv", b"a\n1\n")
    assert own.find("in/*.csv", identity=identity)[0].fingerprint == before.fingerprint


def test_identity_path(look: Look) -> None:
    """The path alone tells files apart, and whatever is there is read."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    (file,) = look.find("in/*.csv", identity="path")
    look.bucket.put("in/a.csv", b"other\n")

    assert file.fingerprint == "path:"
    assert look.find("in/*.csv", identity="path")[0].fingerprint == "path:"
    assert look.sources.pin(file, look.source("in/*.csv", identity="path")).size == 6


def test_identity_content(look: Look) -> None:
    """The fingerprint is the hash of the stored bytes in every store, the same under another name."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    look.bucket.put("in/b.csv", b"a\n1\n")

    first, second = look.find("in/*.csv", identity="content")

    assert first.fingerprint == second.fingerprint == sha256(b"a\n1\n")
    assert look.read(first, "in/*.csv", identity="content") == b"a\n1\n"


@in_clouds
def test_contents_are_read_once(look: Look) -> None:
    """A version whose bytes were read before, on this machine or as the log knows, is not read again."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    (first,) = look.find("in/*.csv", identity="content")
    assert len(look.asked.ranges) == 1

    assert look.find("in/*.csv", identity="content") == [first]
    assert len(look.asked.ranges) == 1

    class Logged(NothingKnown):
        def content_of(self, path: str, tag: str) -> str | None:
            return sha256(b"as it was logged") if (path, tag) == (first.path, other.tag) else None

    look.bucket.put("in/a.csv", b"a\n2\n")
    (other,) = look.find("in/*.csv", identity="content")
    assert other.fingerprint == sha256(b"a\n2\n")
    look.bucket.put("in/a.csv", b"a\n1\n")
    look.bucket.put("in/a.csv", b"a\n2\n")
    ranges = len(look.asked.ranges)
    (known,) = look.find("in/*.csv", identity="content", known=Logged())
    assert (known.fingerprint, len(look.asked.ranges)) == (sha256(b"as it was logged"), ranges)


def test_another_version_than_the_planned_one_is_not_read(look: Look) -> None:
    """What was overwritten or removed after the plan is refused before a byte of it is read."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    for identity in ("tag", "content"):
        for data in (b"a\n2\n", b"a\n1\n2\n"):
            (file,) = look.find("in/*.csv", identity=identity)
            look.bucket.put("in/a.csv", data)
            with pytest.raises(SourceError, match="changed since it was planned"):
                look.sources.pin(file, look.source("in/*.csv", identity=identity))
            look.bucket.put("in/a.csv", b"a\n1\n")

    (file,) = look.find("in/*.csv")
    look.bucket.delete("in/a.csv")
    with pytest.raises(SourceError, match=r"in/a\.csv (is gone|cannot be read)"):
        look.sources.pin(file, look.source("in/*.csv"))


def test_a_spec_that_names_another_bucket_by_now(look: Look) -> None:
    """A file that none of its spec's buckets holds is no file of the spec any more."""
    look.bucket.put("in/a.csv", b"a\n")
    (file,) = look.find("in/*.csv")
    elsewhere = look.source("in/*.csv").model_copy(update={"uri": "s3://elsewhere/in/*.csv"})
    if file.is_remote:
        with pytest.raises(SourceError, match="is in no bucket that its spec names now"):
            look.sources.pin(file, elsewhere)
    else:
        assert look.sources.pin(file, elsewhere).size == 2


def drain(stream: BinaryIO) -> bytes:
    return b"".join(iter(lambda: stream.read(1 << 20), b""))


def verified(held: Held, stream: BinaryIO) -> bytes:
    """Read what is left of a file, and ask whether it was the version that was held."""
    data = drain(stream)
    held.verify()
    return data


LARGE = FIRST_BYTES + 1000
OLD, NEW = b"o" * LARGE, b"n" * LARGE


@pytest.mark.parametrize("change", ["overwritten", "removed", "rewritten shorter"])
def test_a_file_that_changes_while_it_is_read_is_of_no_use(look: Look, change: str) -> None:
    """Neither the old version's bytes nor a mixture count: reading or verifying says that the file changed."""
    look.bucket.put("in/a.csv", OLD)
    (file,) = look.find("in/*.csv")
    held = look.sources.pin(file, look.source("in/*.csv"))

    with held.open() as stream:
        stream.read(1000)
        if change == "removed":
            look.bucket.delete("in/a.csv")
        else:
            look.bucket.put("in/a.csv", NEW if change == "overwritten" else NEW[:-500])
        with pytest.raises(SourceError, match=r"changed while it was read|cannot be read"):
            verified(held, stream)


@pytest.mark.parametrize("store", ["s3-moto", "s3-seaweed", "gcs"], indirect=True)
def test_a_version_that_is_kept_can_be_read_to_its_end(own: Look) -> None:
    """Where the store keeps versions, an overwritten or removed file is still read as it was planned."""
    assert isinstance(own.bucket, Versioned)
    own.bucket.switch_versioning_on()
    own.bucket.put("in/a.csv", OLD)
    (file,) = own.find("in/*.csv")
    held = own.sources.pin(file, own.source("in/*.csv"))

    with held.open() as stream:
        data = stream.read(1000)
        own.bucket.put("in/a.csv", NEW)
        own.bucket.delete("in/a.csv")
        data += verified(held, stream)

    assert data == OLD
    assert held.version != ""


@in_clouds
def test_the_last_bytes_are_checked_too(look: Look) -> None:
    """A file that is overwritten after its last byte was read is refused all the same, unless its version is kept."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    (file,) = look.find("in/*.csv")
    held = look.sources.pin(file, look.source("in/*.csv"))
    with held.open() as stream:
        assert stream.read(100) == b"a\n1\n"
    look.bucket.put("in/a.csv", b"a\n2\n")

    if isinstance(whole(look), GcsBucket):
        held.verify()  # a generation has one content, and every byte came from it
    else:
        with pytest.raises(SourceError, match="changed while it was read"):
            held.verify()


def test_a_read_may_jump(look: Look) -> None:
    """A held file is a seekable file: its tail, its head and its middle are those of the stored bytes."""
    data = bytes(range(256)) * 2000
    look.bucket.put("in/a.parquet", data)
    (file,) = look.find("in/*")

    with look.sources.pin(file, look.source("in/*")).open() as stream:
        assert stream.seek(-8, 2) == len(data) - 8
        assert stream.read(100) == data[-8:]
        assert stream.seek(300_000) == 300_000
        assert stream.read(7) == data[300_000:300_007]
        assert stream.tell() == 300_007
        assert stream.seek(0) == 0
        assert stream.read(5) == data[:5]


def test_an_empty_file(look: Look) -> None:
    """A file without a byte is found, and reading it gives nothing."""
    look.bucket.put("in/a.csv", b"")
    (file,) = look.find("in/*.csv")
    assert (file.size, look.read(file, "in/*.csv")) == (0, b"")


@pytest.mark.parametrize("store", ["azure"], indirect=True)
def test_azure_without_a_digest(look: Look) -> None:
    """A blob that came in blocks has no MD5: its ETag is its fingerprint, and its contents tell what a tag cannot."""
    container = whole(look)
    assert isinstance(container, AzureContainer)
    folder = look.bucket.name.rpartition("/")[2]
    container.put_blocks(f"{folder}/in/a.csv", b"a\n1\n")
    (before,) = look.find("in/*.csv")
    (content,) = look.find("in/*.csv", identity="content")
    look.bucket.edit_metadata("in/a.csv", owner="crm")
    (after,) = look.find("in/*.csv")

    assert before.fingerprint.startswith("etag:")
    assert after.fingerprint != before.fingerprint
    assert look.find("in/*.csv", identity="content")[0].fingerprint == content.fingerprint
    assert look.sources.read_content(after, look.source("in/*.csv")) == content.fingerprint


@in_clouds
def test_what_is_too_large_is_not_read(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the API's limit is listed, so that a plan can say so, and is not taken hold of."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    (file,) = look.find("in/*.csv")
    monkeypatch.setattr("syncer.model.files.MAX_FILE_BYTES", 3)

    with pytest.raises(SourceError, match="too large"):
        look.sources.pin(file, look.source("in/*.csv"))
