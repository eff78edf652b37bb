"""Split one file in a process of its own, and print the most memory that it took, in MB."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from syncer.model.files import SourceFormat
from syncer.prepare.artifact import Artifact
from syncer.prepare.splitting import split

if __name__ == "__main__":
    path, work_dir, limit, columns = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
    made = Artifact(
        path=path,
        owned=True,
        format=cast("SourceFormat", path.name.split(".")[1]),
        compression="gzip" if path.suffix == ".gz" else None,
        size=path.stat().st_size,
        digest="",
        rows=None,
        columns=tuple(columns),
        file_name=path.name,
        source_fields=dict.fromkeys(columns, "string"),
        field_map={name: name for name in columns},
    )
    for part in split(made, limit=limit, work_dir=work_dir, memory_limit=1 << 29):
        part.discard()
    status = Path("/proc/self/status").read_text("utf-8")
    print(int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024)  # noqa: T201 - what it is for
