"""`syncer demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="an empty or new folder for the workspace (default: a temporary one)"
    )


def run(arguments: Namespace, console: Console) -> int:
    from syncer.apply.context import Stop
    from syncer.cli.signals import stopping
    from syncer.operations.demo import demo

    stop = Stop()
    with stopping(stop, insist=False):  # so that the emulator never outlives the demo
        demo(arguments.dir, environ=console.environ, tell=console.data, style=console.style, stop=stop)
    return 0
