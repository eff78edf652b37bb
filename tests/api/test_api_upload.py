"""The presigned PUT: what is sent, what counts as delivered, and what is never shown."""

from __future__ import annotations

import hashlib
import io
import logging
import signal
import tracemalloc
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from syncer.api.models import UploadTarget
from syncer.errors import Interrupted, SyncerError, UploadFailed
from tests.api.scripted import Reply, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncer.api.client import ImportApi
    from tests.api.rig import Rig

MEBIBYTE = 1 << 20
DATA = b"email\njane@example.test\n"


class Zeros(io.RawIOBase):
    """A file of zeros that keeps none of them."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        buffer[:count] = bytes(count)
        self._left -= count
        return count


class Uploads:
    """Uploads to the scripted server, opening the body anew as often as it is asked to."""

    def __init__(self, api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
        self.api, self.server, self.rig, self.opened = api, server, rig, 0

    def target(self, headers: Mapping[str, str] | None = None, url: str = "", method: str = "PUT") -> UploadTarget:
        url = url or f"{self.server.url}/jobs/imp_1/file?X-Amz-Signature=s3cr3t&a=b%2Fc"
        return UploadTarget(url, method, headers or {}, self.rig.now + timedelta(hours=1))

    def send(
        self, data: bytes = DATA, *, size: int | None = None, target: UploadTarget | None = None, **more: Any
    ) -> None:
        def body() -> BinaryIO:
            self.opened += 1
            return io.BytesIO(data)

        size = len(data) if size is None else size
        self.api.upload(target or self.target(), body, size, "text/csv", **more)


@pytest.fixture
def uploads(api: ImportApi, server: ScriptedServer, rig: Rig) -> Uploads:
    return Uploads(api, server, rig)


def test_the_file_goes_as_it_is_without_the_token(uploads: Uploads) -> None:
    """One PUT with Content-Length and our type, the URL's query untouched, and no Authorization."""
    uploads.server.will(Reply(200))
    uploads.send()
    (seen,) = uploads.server.seen
    assert (seen.method, seen.target) == ("PUT", "/jobs/imp_1/file?X-Amz-Signature=s3cr3t&a=b%2Fc")
    assert seen.body == DATA
    assert seen.header("Content-Length") == str(len(DATA))
    assert seen.header("Content-Type") == "text/csv"
    assert seen.header("Transfer-Encoding") is None
    assert seen.header("Authorization") is None
    assert seen.header("Idempotency-Key") is None


def test_headers_that_came_with_the_url_win(uploads: Uploads) -> None:
    """Returned headers go back as they are; one that is also ours is sent once, whatever its case."""
    uploads.server.will(Reply(201))
    given = {"content-TYPE": "application/x-signed", "x-ms-blob-type": "BlockBlob", "CONTENT-LENGTH": str(len(DATA))}
    uploads.send(target=uploads.target(given, method="POST"))
    (seen,) = uploads.server.seen
    assert seen.method == "POST"
    assert seen.header("Content-Type") == "application/x-signed"
    assert seen.header("Content-Length") == str(len(DATA))
    assert ("x-ms-blob-type", "BlockBlob") in seen.headers


def test_a_url_that_was_issued_for_another_size_is_refused(uploads: Uploads) -> None:
    """A signed Content-Length that is not the file's is found before anything is sent."""
    with pytest.raises(UploadFailed, match="another size"):
        uploads.send(target=uploads.target({"Content-Length": "1"}))
    assert uploads.opened == 0


@pytest.mark.parametrize(
    ("headers", "method"),
    [({"x-a": "1\r\nAuthorization: s3cr3t"}, "PUT"), ({"x a": "1"}, "PUT"), ({"x-a": "é"}, "PUT"), ({}, "PUT /")],
)
def test_headers_that_no_request_can_carry_are_refused(uploads: Uploads, headers: dict[str, str], method: str) -> None:
    """What the API tells to send cannot smuggle in another header or request."""
    with pytest.raises(UploadFailed, match="cannot be sent") as caught:
        uploads.send(target=uploads.target(headers, method=method))
    assert "s3cr3t" not in repr(vars(caught.value))
    assert uploads.opened == 0


def test_several_blocks_arrive_in_order_and_progress_is_told(uploads: Uploads) -> None:
    """A file of more than one block arrives whole, and progress ends at its size."""
    data = bytes(range(256)) * (10 * 1024) + b"tail"
    told: list[int] = []
    uploads.server.will(Reply(200))
    uploads.send(data, progress=told.append)
    (seen,) = uploads.server.seen
    assert (seen.size, seen.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert told == [MEBIBYTE, 2 * MEBIBYTE, len(data)]


@pytest.mark.parametrize(
    "first",
    [
        Reply(500),
        Reply(503, headers=(("Retry-After", "4"),)),
        Reply(408),
        Reply(429),
        Reply(400, b"<Error><Code>RequestTimeout</Code></Error>"),
        Reply(act="cut_before"),
        Reply(act="cut_after"),
        Reply(500, act="answer_early_and_close"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.act}",
)
def test_what_may_pass_is_sent_again_from_the_start(uploads: Uploads, first: Reply) -> None:
    """A cut or busy server gets the whole file again at the same URL, opened anew, after a wait."""
    data = b"x" * (3 * MEBIBYTE)
    uploads.server.will(first, Reply(200))
    uploads.send(data)
    assert uploads.server.seen[-1].sha256 == hashlib.sha256(data).hexdigest()
    # A server that closes early may be noticed once more, by the attempt that comes before its socket is gone.
    assert uploads.opened == 2 or (first.act == "answer_early_and_close" and uploads.opened == 3)
    assert uploads.rig.waits == [4.5 if first.headers else 0.5]


def test_retries_end(uploads: Uploads) -> None:
    """A server that stays down is an UploadFailed which does not ask for a fresh URL."""
    uploads.server.always(Reply(500))
    with pytest.raises(UploadFailed) as caught:
        uploads.send()
    assert (caught.value.status, caught.value.expired) == (500, False)
    assert "gave up after 6 attempts" in caught.value.why
    assert uploads.opened == 6


@pytest.mark.parametrize(
    ("reply", "expired"),
    [
        (Reply(400), False),
        (Reply(400, b"<Error><Code>ExpiredToken</Code></Error>"), True),
        (Reply(401), True),
        (Reply(403, b"<Error><Code>AccessDenied</Code><Message>?X-Amz-Signature=s3cr3t</Message></Error>"), True),
        (Reply(404), True),
        (Reply(410), True),
        (Reply(413), False),
        (Reply(307, headers=(("Location", "/elsewhere?s3cr3t"),)), False),
    ],
)
def test_a_refusal_is_final(uploads: Uploads, reply: Reply, expired: bool) -> None:
    """A refusal is not tried again, and says whether only a fresh URL can help."""
    uploads.server.will(reply)
    with pytest.raises(UploadFailed) as caught:
        uploads.send()
    assert (caught.value.status, caught.value.expired) == (reply.status, expired)
    assert "s3cr3t" not in repr(vars(caught.value))
    assert uploads.rig.waits == []


@pytest.mark.parametrize("act", ["answer_early", "answer_early_and_close"])
def test_an_early_refusal_is_heard_while_sending(uploads: Uploads, act: Any) -> None:
    """A server that refuses at the headers and stops reading is understood long before any timeout."""
    uploads.server.will(Reply(403, b"<Error><Code>AccessDenied</Code></Error>", act=act))
    with pytest.raises(UploadFailed) as caught:
        uploads.api.upload(uploads.target(), lambda: io.BufferedReader(Zeros(64 * MEBIBYTE)), 64 * MEBIBYTE, "text/csv")
    assert (caught.value.status, caught.value.expired, caught.value.why) == (403, True, "AccessDenied")


def test_a_success_before_the_last_byte_is_none(uploads: Uploads) -> None:
    """A 200 that comes while most of the file is unsent is not taken for a delivery."""
    data = b"x" * (32 * MEBIBYTE)
    uploads.server.will(Reply(200, act="answer_early"), Reply(200))
    uploads.send(data)
    assert uploads.opened == 2
    assert uploads.server.seen[-1].size == len(data)


@pytest.mark.parametrize("size", [len(DATA) - 1, 1, 0])
def test_a_longer_file_is_never_complete(uploads: Uploads, size: int) -> None:
    """If the file has grown, the request is broken off before its last block."""
    uploads.server.always(Reply(200))
    with pytest.raises(UploadFailed, match="longer"):
        uploads.send(size=size)
    assert uploads.opened == 1
    assert all(seen.size < size for seen in uploads.server.seen)


def test_a_shorter_file_is_never_complete(uploads: Uploads) -> None:
    """If the file has shrunk, the request is broken off and nothing is tried again."""
    uploads.server.always(Reply(200))
    with pytest.raises(UploadFailed, match="shorter") as caught:
        uploads.send(size=len(DATA) + 1)
    assert str(len(DATA)) in caught.value.why
    assert uploads.opened == 1


def test_an_empty_file_can_be_sent(uploads: Uploads) -> None:
    """Nothing is a file too; whether it is wanted is the API's business."""
    uploads.server.will(Reply(200))
    uploads.send(b"")
    assert uploads.server.seen[0].header("Content-Length") == "0"


def test_the_store_and_not_this_machines_clock_decides_whether_a_url_is_good(uploads: Uploads) -> None:
    """A URL past its date is tried all the same; once it is refused, the date tells that a fresh one is needed."""
    target = uploads.target()
    uploads.rig.sleep(10 * 86_400)
    uploads.server.will(Reply(200), Reply(403))
    uploads.send(target=target)
    with pytest.raises(UploadFailed) as caught:
        uploads.send(target=target)
    assert (caught.value.expired, caught.value.overdue) == (True, True)


def test_a_url_that_is_refused_before_its_time_is_not_overdue(uploads: Uploads) -> None:
    """Only the store's own word or the date tells that a URL ran out; any other refusal may be for good."""
    uploads.server.will(Reply(403), Reply(403, body=b"<Message>Request has expired</Message>"))
    told = []
    for _ in range(2):
        with pytest.raises(UploadFailed) as caught:
            uploads.send(target=uploads.target())
        told.append((caught.value.expired, caught.value.overdue))
    assert told == [(True, False), (True, True)]


def test_stop_ends_the_upload_between_blocks(uploads: Uploads) -> None:
    """When stop says so, Interrupted is raised and no more is read."""
    told: list[int] = []
    uploads.server.always(Reply(200))
    with pytest.raises(Interrupted) as caught:
        uploads.send(b"x" * (8 * MEBIBYTE), stop=lambda: len(told) == 2, progress=told.append)
    assert caught.value.signal_number == signal.SIGINT
    assert told == [MEBIBYTE, 2 * MEBIBYTE]


@pytest.mark.parametrize(
    "error", [OSError("disk"), BrokenPipeError("pipe"), TimeoutError("slow store"), ConnectionError()]
)
def test_an_error_of_the_file_is_not_taken_for_the_networks(uploads: Uploads, error: OSError) -> None:
    """What reading the file raises comes out as it is, and is not tried again."""

    class Broken(Zeros):
        def readinto(self, buffer: Any) -> int:
            if self._left <= MEBIBYTE:
                raise error
            return super().readinto(buffer)

    uploads.server.always(Reply(200))
    with pytest.raises(type(error)) as caught:
        uploads.api.upload(uploads.target(), lambda: io.BufferedReader(Broken(4 * MEBIBYTE)), 4 * MEBIBYTE, "text/csv")
    assert caught.value is error
    assert uploads.rig.waits == []


def test_memory_stays_flat(uploads: Uploads) -> None:
    """96 MiB go out through a few MiB of memory."""
    size = 96 * MEBIBYTE
    uploads.server.will(Reply(200))
    tracemalloc.start()
    try:
        uploads.api.upload(uploads.target(), lambda: io.BufferedReader(Zeros(size)), size, "text/csv")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert uploads.server.seen[0].size == size
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize(
    "url", ["http://upload.example.test/f?s3cr3t", "ftp://x/s3cr3t", "s3cr3t", "https://u:s3cr3t@x/"]
)
def test_an_address_that_would_show_the_file_is_refused(uploads: Uploads, url: str) -> None:
    """A presigned URL that is not HTTPS (or loopback) is not used, and not shown."""
    with pytest.raises(UploadFailed) as caught:
        uploads.send(target=uploads.target(url=url))
    assert "s3cr3t" not in repr(vars(caught.value))
    assert uploads.opened == 0


def test_the_url_is_in_no_log_and_no_error(uploads: Uploads, caplog: pytest.LogCaptureFixture, rig: Rig) -> None:
    """Even with every logger at DEBUG, through retries and a failure, the signature shows nowhere."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3.connectionpool")
    uploads.server.will(Reply(act="cut_after"), Reply(403))
    with pytest.raises(SyncerError) as caught:
        uploads.send()
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr((vars(caught.value), rig.traces, uploads.target()))
    assert [trace.path for trace in rig.traces] == ["(presigned upload)"] * 2


def test_rejected_rows_are_streamed_to_the_file(uploads: Uploads, tmp_path: Path) -> None:
    """The error file is fetched without the token, over a retry that starts it anew, behind what was there."""
    rows = b'{"rowNumber": 1}\n' * 200_000
    uploads.server.will(Reply(200, rows, act="cut_within"), Reply(503), Reply(200, rows))
    with (tmp_path / "rows.jsonl").open("w+b") as file:
        file.write(b"head\n")
        assert uploads.api.download_errors(f"{uploads.server.url}/errors?sig=s3cr3t", file) == len(rows)
    assert (tmp_path / "rows.jsonl").read_bytes() == b"head\n" + rows
    assert all(seen.header("Authorization") is None for seen in uploads.server.seen)
    assert uploads.server.seen[-1].target == "/errors?sig=s3cr3t"


@pytest.mark.parametrize(
    "reply", [Reply(403), Reply(404), Reply(302, headers=(("Location", "/x"),)), Reply(206, b"part")]
)
def test_a_download_that_is_refused_says_what_to_do(uploads: Uploads, reply: Reply) -> None:
    """A refused download is final, follows no redirect, and asks for a fresh address."""
    uploads.server.will(reply)
    with pytest.raises(SyncerError) as caught:
        uploads.api.download_errors(f"{uploads.server.url}/errors?sig=s3cr3t", io.BytesIO())
    assert "fresh address" in caught.value.next_step
    assert "s3cr3t" not in repr(vars(caught.value))


def test_a_full_disk_is_not_taken_for_the_networks_fault(uploads: Uploads) -> None:
    """What writing the rows raises comes out as it is, and is not tried again."""

    class Full(io.BytesIO):
        def writelines(self, lines: Any) -> None:
            for _ in lines:
                raise OSError(28, "no space left")

    uploads.server.will(Reply(200, b"rows"))
    with pytest.raises(OSError, match="no space left"):
        uploads.api.download_errors(f"{uploads.server.url}/e", Full())
    assert uploads.rig.waits == []
