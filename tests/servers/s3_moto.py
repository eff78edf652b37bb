"""moto: S3 in this very process. Fast, and it checks no signature, so that it proves nothing about credentials."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.servers.s3 import S3Server


@contextmanager
def moto() -> Iterator[S3Server]:
    """Serve S3 from memory until the block ends."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request otherwise
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", fill=_fill)
    finally:
        server.stop()


def _fill(bucket: str, keys: Iterable[str], data: bytes) -> None:
    # Past the socket: a hundred thousand requests take minutes, a hundred thousand calls seconds.
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for key in keys:
        backend.put_object(bucket, key, data, disable_notification=True)
