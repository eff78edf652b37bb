"""`python -m syncer` and the `syncer` console script."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    # A start makes many objects and hardly any garbage: collecting in between takes a twentieth of a plan's time.
    gc.set_threshold(50_000, 20, 20)
    # Otherwise pydantic looks for plugins in every installed package, which takes a tenth of a plan's time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from syncer.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
