"""`syncer completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.cli.parser import one_of

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

SHELLS = ("bash", "zsh", "fish")


def configure(parser: Parser) -> None:
    parser.add_argument(
        "shell",
        metavar="SHELL",
        type=one_of(*SHELLS),
        help="bash or zsh: `source <(syncer completion bash)`; fish: `syncer completion fish | source`",
    )


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.completion import script

    console.data(script(arguments.shell))
    return 0
