"""An artifact of which every row was taken out."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from syncer.model.files import stem_of
from syncer.prepare.artifact import Artifact, Output, private_file
from syncer.prepare.reshape.work import described


def sendable(artifact: Artifact, *, work_dir: Path) -> Artifact:
    """Return the artifact, or in the place of JSON lines of which none is left CSV that has nothing but its header.

    The API takes no file without a byte, and a file of which no row may leave is imported all the same: nothing of it
    is left to do. A new artifact is a private file in `work_dir`; the given one is still the caller's to discard.
    """
    if artifact.format != "jsonl" or artifact.rows != 0:
        return artifact
    with private_file(work_dir, described(artifact, artifact.file_name)) as path:
        with path.open("wb") as raw:
            output = Output(raw, None)
            output.write(_header(artifact.columns))
            output.finish()
        return replace(
            artifact,
            path=path,
            owned=True,
            copied=False,
            opener=None,
            format="csv",
            compression=None,
            size=output.size,
            digest=output.digest,
            file_name=f"{stem_of(artifact.file_name)}.csv",
        )


def _header(columns: tuple[str, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(columns)
    return text.getvalue().removesuffix("\r\n").encode() + b"\n"
