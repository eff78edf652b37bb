"""Azurite: Azure Blob Storage from memory, in a process of Node's; it checks signatures."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.process import Recipe, running
from tests.servers.store import in_parallel, unique_name

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

ACCOUNT = "devstoreaccount1"
# The key that every emulator of this store has, and that Microsoft publishes.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
INSTALL = "npm ci --prefix tests/servers --silent"
BLOCK_BYTES = 1024 * 1024


@contextmanager
def azurite() -> Iterator[AzureServer]:
    """Serve blobs until the block ends; skips the test where Azurite is not installed, and fails it in CI."""
    script = _installed() / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    node = shutil.which("node")
    if node is None or not script.exists():
        (pytest.fail if "SYNCER_TEST_CI" in os.environ else pytest.skip)(f"needs Node.js and Azurite: {INSTALL}")
    with running(partial(_recipe, node, script)) as (port,):
        yield AzureServer(f"http://127.0.0.1:{port}/{ACCOUNT}")


def _installed() -> Path:
    """Find the folder that npm installed into: this one, or what SYNCER_TEST_AZURITE names."""
    return Path(os.environ.get("SYNCER_TEST_AZURITE", Path(__file__).parent))


def _recipe(node: str, script: Path, _folder: Path, ports: list[int]) -> Recipe:
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(ports[0]), "--inMemoryPersistence"]
    return Recipe([node, str(script), *where, "--skipApiVersionCheck", "--silent", "--disableTelemetry"])


@dataclass(frozen=True)
class AzureServer:
    endpoint_url: str
    protocol: str = "az"
    account: str = ACCOUNT
    environ: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        facts = {
            "DefaultEndpointsProtocol": "http",
            "AccountName": self.account,
            "AccountKey": KEY,
            "BlobEndpoint": self.endpoint_url,
        }
        text = ";".join(f"{name}={value}" for name, value in facts.items())
        object.__setattr__(self, "environ", {"AZURE_STORAGE_CONNECTION_STRING": text})

    def make_bucket(self) -> AzureContainer:
        container = AzureContainer(self, unique_name())
        container.client.create_container()
        return container


@dataclass(frozen=True)
class AzureContainer:
    server: AzureServer
    name: str

    @cached_property
    def client(self) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        return ContainerClient.from_connection_string(
            self.server.environ["AZURE_STORAGE_CONNECTION_STRING"], container_name=self.name
        )

    def uri(self, key: str = "") -> str:
        return f"az://{self.name}/{key}"

    def put(self, key: str, data: bytes) -> None:
        self.client.upload_blob(key, data, overwrite=True)

    def put_blocks(self, key: str, data: bytes) -> None:
        """Write a blob as a list of blocks: it then has no content_md5."""
        blob, blocks = self.client.get_blob_client(key), []
        for number, start in enumerate(range(0, len(data), BLOCK_BYTES)):
            blocks.append(base64.b64encode(f"{number:06}".encode()).decode())
            blob.stage_block(blocks[-1], data[start : start + BLOCK_BYTES])
        blob.commit_block_list(blocks)  # type: ignore[arg-type]  # names will do

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        in_parallel(lambda key: self.put(key, data), keys)

    def get(self, key: str) -> bytes:
        return self.client.download_blob(key).readall()

    def head(self, key: str) -> Any:
        """Return what Azure says about a blob: etag, last_modified, content_settings, metadata, …."""
        return self.client.get_blob_client(key).get_blob_properties()

    def keys(self) -> list[str]:
        return sorted(self.client.list_blob_names())

    def delete(self, key: str) -> None:
        self.client.delete_blob(key)

    def edit_metadata(self, key: str, **metadata: str) -> None:
        self.client.get_blob_client(key).set_blob_metadata(metadata)

    def change_storage_class(self, key: str) -> None:
        self.client.get_blob_client(key).set_standard_blob_tier("Cool")
