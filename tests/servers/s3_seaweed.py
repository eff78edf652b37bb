"""SeaweedFS: S3 in a process of its own, which checks signatures, expiry and checksums as the cloud does.

Where it falls short of the cloud: `a//b` is the same key as `a/b`, and a backslash in a key is a slash.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.servers.process import Recipe, listening, running
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, S3Server, connect
from tests.servers.store import unique_name
from tests.servers.weed_load import load

WEED = str(Path(sysconfig.get_path("scripts")) / ("weed.exe" if sys.platform == "win32" else "weed"))
PARTS = ("s3", "filer", "master", "volume", "admin")


@contextmanager
def seaweed() -> Iterator[S3Server]:
    """Serve S3 from a folder of the server's own until the block ends."""
    with running(_recipe, _ready, ports=2 * len(PARTS)) as ports:
        at = {part: f"127.0.0.1:{port}.{grpc}" for part, port, grpc in _addresses(ports)}
        shell = [WEED, "shell", f"-master={at['master']}", f"-filer={at['filer']}"]
        yield S3Server(f"http://127.0.0.1:{ports[0]}", fill=partial(load, shell))


def _addresses(ports: list[int]) -> Iterator[tuple[str, int, int]]:
    return zip(PARTS, ports[: len(PARTS)], ports[len(PARTS) :], strict=True)


def _recipe(folder: Path, ports: list[int]) -> Recipe:
    command = [WEED, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-admin.ui=false", "-webdav=false", "-s3.port.lance=0", "-s3.port.iceberg=0"]
    command += ["-volume.max=100000"]  # every bucket takes one; by itself it allows as many as the disk has free GiB
    sockets = []
    for part, port, grpc in _addresses(ports):
        command += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
        sockets += [Path(f"/tmp/seaweedfs-{part}-{port}.sock"), Path(f"/tmp/seaweedfs-{part}-grpc-{grpc}.sock")]
    return Recipe(command, {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}, sockets)


def _ready(port: int) -> bool:
    # It listens before it can store anything.
    if not listening(port):
        return False
    client, probe = connect(f"http://127.0.0.1:{port}"), unique_name()
    try:
        client.create_bucket(Bucket=probe)
        client.put_object(Bucket=probe, Key="probe", Body=b"x")
        client.delete_object(Bucket=probe, Key="probe")
        client.delete_bucket(Bucket=probe)
    except client.exceptions.ClientError:
        return False
    return True
