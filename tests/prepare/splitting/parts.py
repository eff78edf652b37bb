"""What the splitting tests share: parts put together again, and what must hold of every part."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from syncer.prepare.artifact import Artifact
from tests.prepare.reshape.artifacts import bytes_of


def check_parts(whole: Artifact, parts: Sequence[Artifact], limit: int, work_dir: Path) -> None:
    """Each part is a private file within the limit that says what it is, and nothing else was left."""
    assert sorted(work_dir.iterdir()) == sorted(part.path for part in parts if part.path is not None)
    for number, part in enumerate(parts, start=1):
        assert part.path is not None
        data = part.path.read_bytes()
        assert (part.size, part.digest) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
        assert part.size <= limit
        assert part.owned
        assert part.path.stat().st_mode & 0o777 == 0o600
        assert (part.format, part.compression, part.content) == (whole.format, whole.compression, whole.content)
        assert f".part-{number:04d}." in part.file_name


def digests(parts: Sequence[Artifact]) -> list[tuple[str, str]]:
    return [(part.file_name, part.digest) for part in parts]


def joined(parts: Sequence[Artifact], header: bytes = b"") -> bytes:
    """All bytes of the parts, without the header that each begins with."""
    contents = [bytes_of(part) for part in parts]
    assert all(content.startswith(header) for content in contents)
    return header + b"".join(content.removeprefix(header) for content in contents)


def records(content: bytes) -> list[list[str]]:
    """What the csv module reads, without blank lines."""
    return [record for record in csv.reader(io.StringIO(content.decode(), newline=""), strict=True) if record]


def stopping_after(asked: int) -> Callable[[], bool]:
    """A `stop` that says so from then on."""
    answers = iter([False] * asked)
    return lambda: next(answers, True)
