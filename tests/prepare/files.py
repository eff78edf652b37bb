"""What the preparation tests share: source files on disk, and specs for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncer.model.files import Compression, SourceFile, SourceFormat
from syncer.model.spec import Spec
from syncer.prepare.artifact import Artifact

MakeFile = Callable[..., SourceFile]


def source_file(
    path: Path, content: bytes, file_format: SourceFormat = "csv", compression: Compression | None = None
) -> SourceFile:
    path.write_bytes(content)
    return SourceFile(
        path=path.name,
        location=str(path),
        size=len(content),
        modified=datetime(2026, 11, 1, tzinfo=UTC),
        fingerprint=f"sha256:{hashlib.sha256(content).hexdigest()}",
        format=file_format,
        compression=compression,
    )


def on_disk(artifact: Artifact) -> Path:
    """Return where an artifact is that was made on this disk."""
    assert artifact.path is not None
    return artifact.path


def contents(artifact: Artifact) -> bytes:
    return on_disk(artifact).read_bytes()


def spec_of(mapping: dict[str, Any], **more: Any) -> Spec:
    return Spec.model_validate(
        {
            "version": 1,
            "name": "crm",
            "source": {"uri": "data/*.csv", **more.pop("source", {})},
            "target": {"object": "profiles"},
            "mapping": mapping,
            **more,
        }
    )
