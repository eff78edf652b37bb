"""Remember what samples of files told, so that a plan need not look at the same version twice."""

from __future__ import annotations

from pathlib import Path

from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.samples import Sample
from syncer.source.contents import Contents


class Samples:
    """Samples of earlier plans. Losing the file costs time and nothing else; failing to write it is silent.

    Thread-safe, and safe for concurrent runs, as `Contents` is.
    """

    def __init__(self, path: Path) -> None:
        self._kept = Contents(path)

    def get(self, file: SourceFile, reading: str) -> Sample | None:
        """Return the sample of this version of the file, or None if it has to be looked at.

        `reading` names whatever else a sample depends on, such as the delimiter that the spec gives.
        """
        import msgspec

        kept = self._kept.get(file.path, _version(file, reading))
        if kept is None:
            return None
        try:
            return msgspec.json.decode(kept, type=Sample)
        except msgspec.DecodeError:
            return None

    def remember(self, file: SourceFile, reading: str, sample: Sample) -> None:
        import msgspec

        self._kept.remember(file.path, _version(file, reading), msgspec.json.encode(sample).decode())

    def save(self) -> None:
        """Write what was learnt since the last save."""
        self._kept.save()


def _version(file: SourceFile, reading: str) -> str:
    """Name the version also where the fingerprint is the path's alone."""
    return digest([file.tag or file.fingerprint, file.size, file.modified.isoformat(), reading])
