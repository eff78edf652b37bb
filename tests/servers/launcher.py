"""Runs one server for as long as standard input stays open: `python launcher.py FOLDER LEFTOVER… -- COMMAND…`.

The tests hold the other end of that pipe. The system closes it when they end, also when they are killed, and on every
platform; then the server is killed, and FOLDER and the leftovers are removed. A server that ends by itself leaves
FOLDER, with its output in `log`, to be read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path


def remove(folder: Path, leftovers: Sequence[Path]) -> None:
    """Remove what a server wrote: its folder, and the files that it insists on having elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


def main(folder: Path, leftovers: Sequence[Path], command: Sequence[str]) -> None:
    here = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=here)
    abandoned = threading.Event()

    def follow() -> None:
        code = server.wait()
        if not abandoned.is_set():
            os._exit(code or 1)  # the main thread cannot be woken from its read

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    sys.stdin.buffer.read()
    abandoned.set()
    server.kill()
    follower.join()
    remove(folder, leftovers)


if __name__ == "__main__":
    end = sys.argv.index("--")
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:end]], sys.argv[end + 1 :])
