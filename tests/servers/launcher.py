"""Runs one server for as long as standard input stays open: `python launcher.py FOLDER COMMAND…`.

The tests hold the other end of that pipe. The system closes it when they end, also when they are killed, and on every
platform; then the server is killed and FOLDER removed. A server that ends by itself leaves FOLDER, with its output in
`log`, to be read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path


def main(folder: Path, command: list[str]) -> None:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
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
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
