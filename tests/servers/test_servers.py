"""The stores that other tests stand on do what those tests take for granted."""

from __future__ import annotations

from tests.servers.store import Bucket

# Every character that a URL, a glob or a shell would make something else of.
ODD = ["a b.csv", "ü/日本 é.csv", "a#b.csv", "p%20q.csv", "x+y.csv", "[1]{2}.csv", "..x/y&=z;,@!$'().csv", "plain/x"]


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
