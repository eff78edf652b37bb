"""SeaweedFS: S3 in a process of its own, which checks signatures, expiry and checksums as the cloud does."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import listening, running
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, S3Server, connect
from tests.servers.store import unique_name

PORTS = (
    *("s3.port", "filer.port", "master.port", "volume.port", "admin.port"),
    *("s3.port.grpc", "filer.port.grpc", "master.port.grpc", "volume.port.grpc", "admin.port.grpc"),
)


@contextmanager
def seaweed() -> Iterator[S3Server]:
    """Serve S3 from a folder of the server's own until the block ends."""
    secrets = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with running(_command, _ready, ports=len(PORTS), environ=secrets) as ports:
        yield S3Server(f"http://127.0.0.1:{ports[0]}")


def _command(folder: Path, ports: list[int]) -> list[str]:
    return [
        str(Path(sysconfig.get_path("scripts")) / "weed"),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{name}={port}" for name, port in zip(PORTS, ports, strict=True)),
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.lance=0",
        "-s3.port.iceberg=0",
    ]


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
