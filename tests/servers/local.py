"""The local disk, dressed as the other stores are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.store import unique_name


@dataclass(frozen=True)
class LocalDisk:
    """A folder whose subfolders are the buckets."""

    root: Path
    endpoint_url: None = None
    protocol: str = "file"
    environ: Mapping[str, str] = field(default_factory=dict)

    def make_bucket(self) -> LocalBucket:
        bucket = LocalBucket(self.root / unique_name())
        bucket.folder.mkdir()
        return bucket


@dataclass(frozen=True)
class LocalBucket:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.as_posix()

    def uri(self, key: str = "") -> str:
        return f"file://{self.name}/{key}"

    def put(self, key: str, data: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        for key in keys:
            self.put(key, data)

    def get(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def keys(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def delete(self, key: str) -> None:
        (self.folder / key).unlink()

    def edit_metadata(self, key: str, **metadata: str) -> None:  # noqa: ARG002  # the other buckets keep it
        """Change the mode, which is what a disk has for metadata; what `metadata` says is not kept."""
        path = self.folder / key
        path.chmod(path.stat().st_mode ^ 0o040)
