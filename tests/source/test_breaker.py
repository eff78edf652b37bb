"""A read that is given up ends at once, however long its store would hang."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from syncer.errors import Interrupted
from syncer.source.remote_pins import RemotePin
from syncer.source.stores.base import READ_SECONDS, Listed, Place, RetryableError
from syncer.source.stores.breaker import Breaker
from syncer.source.stores.http import Http
from syncer.source.stores.s3 import S3Store
from tests.servers.store import Bucket, Store
from tests.source.opening import every_cloud, found, opened

SOON = READ_SECONDS / 3


@dataclass
class Hanging:
    """A server that answers every request with so many bytes and then with nothing, and never hangs up."""

    url: str
    asked: threading.Event


@contextmanager
def hanging(answer: bytes) -> Iterator[Hanging]:
    asked, kept = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.recv(1 << 16)
                connection.sendall(answer)
                asked.set()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Hanging(f"http://127.0.0.1:{server.getsockname()[1]}", asked)
        finally:
            server.shutdown(socket.SHUT_RDWR)  # ends `accept`, which closing alone does not
            thread.join()
            for connection in kept:
                connection.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b'HTTP/1.1 206 Partial Content\r\nETag: "e"\r\nContent-Length: 10\r\n\r\n0123'],
    ids=["before its answer", "within its answer"],
)
def test_a_stop_does_not_wait_for_a_store_that_hangs(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is stopped while a store hangs on a range leaves at once, and not when the store's time is over."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    stop = threading.Event()
    listed = Listed("k", 10, datetime(2026, 1, 1, tzinfo=UTC), "etag:e:10", "e")

    with hanging(answer) as server, ThreadPoolExecutor(1) as pool:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        store = S3Store(Place("s3", "bucket"), None, os.environ)

        def read() -> None:
            with RemotePin("k", store, listed).open(stop=stop.is_set) as stream:
                stream.read(10)

        reading = pool.submit(read)
        assert server.asked.wait(20)
        stop.set()
        with pytest.raises(Interrupted):
            reading.result(SOON)
        store.close()


@every_cloud
def test_what_is_broken_off_stays_broken_off(store: Store, bucket: Bucket) -> None:
    """Once a reader's requests are broken off no later one of it is answered, and other readers are as before."""
    bucket.put("k", b"content")
    with opened(store.protocol, bucket.name) as place:
        one, broken, buffer = found(place, "k"), Breaker(), bytearray(7)
        broken.break_off()
        with pytest.raises(RetryableError):
            place.read(one, 0, memoryview(buffer), breaker=broken)
        place.read(one, 0, memoryview(buffer), breaker=Breaker())
        assert buffer == b"content"


def test_a_connection_that_was_let_go_is_not_broken_off() -> None:
    """A breaker leaves a connection alone that carries somebody else's request by now."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with hanging(answer) as server:
        http, breaker = Http({}), Breaker()
        assert http.get(server.url, {}, breaker=breaker).body == b"ok"
        (manager,) = http._managers.values()
        (key,) = manager.pools.keys()
        idle = manager.pools[key].pool
        assert idle is not None
        sock = idle.queue[-1].sock
        breaker.break_off()
        sock.settimeout(0.0)
        with pytest.raises(BlockingIOError):  # what was shut down would be at its end
            sock.recv(1)
        http.close()
