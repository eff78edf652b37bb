"""Sort one CSV file in a process of its own, and print the most memory that it took, in MB."""

from __future__ import annotations

import sys
from pathlib import Path

from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape.reshape import reshape

if __name__ == "__main__":
    path, work_dir, columns = Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3].split(","))
    made = Artifact(
        path=path,
        owned=True,
        format="csv",
        compression=None,
        size=path.stat().st_size,
        digest="",
        rows=None,
        columns=columns,
        file_name=path.name,
        source_fields=dict.fromkeys(columns, "string"),
        field_map={name: name for name in columns},
    )
    reshape(made, sort=True, match_column=columns[0], work_dir=work_dir).artifact.discard()
    status = Path("/proc/self/status").read_text("utf-8")
    print(int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024)  # noqa: T201 - what it is for
