"""Run every benchmark, one after the other.

    .venv/bin/python -m benchmarks

Exit code 1 when one of them missed a goal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

HELPERS: Final = frozenset({"__main__", "link", "sink", "stream"})
"""Parts of other benchmarks."""


def main() -> int:
    missed = []
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.stem in HELPERS:
            continue
        print(f"# {script.stem}", flush=True)
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            missed.append(script.stem)
        print(flush=True)
    if missed:
        print(f"missed a goal: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
