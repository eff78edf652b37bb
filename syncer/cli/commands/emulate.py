"""`syncer emulate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HIGHEST_PORT = 65535


def configure(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that keeps everything")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--objects", type=Path, metavar="FILE", help="YAML or JSON file that declares objects")
    parser.add_argument("--job-seconds", type=_seconds, default=0.0, metavar="N", help="how long a job stays running")
    parser.add_argument("--strict-auth", action="store_true", help="accept issued and listed tokens only")
    parser.add_argument("--token", action="append", default=[], help="a token to accept (repeatable)")
    parser.add_argument(
        "--client", type=_client, action="append", default=[], metavar="ID:SECRET", help="an OAuth client (repeatable)"
    )
    parser.add_argument("--control", action="store_true", help="open /_emulator/faults and /_emulator/clock")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until SIGINT or SIGTERM, which is how it is meant to end."""
    from duckdb import IOException

    from syncer.emulator.options import Options
    from syncer.emulator.server import serve
    from syncer.errors import SyncerError

    if arguments.host not in _LOOPBACK:
        console.note(f"warning: {arguments.host} may be reached from other machines, and any token is let in")
    options = Options(
        strict_auth=arguments.strict_auth,
        tokens=dict.fromkeys(arguments.token),
        clients=dict(arguments.client),
        job_seconds=arguments.job_seconds,
        control=arguments.control,
    )
    try:
        serve(
            host=arguments.host,
            port=arguments.port,
            data=arguments.data,
            objects=arguments.objects,
            options=options,
        )
    except IOException as error:
        raise SyncerError(
            f"the data folder {arguments.data} cannot be opened",
            why="another emulator has it open, or it is not an emulator's",
            next_step="stop the other one, or name another folder with --data",
        ) from error
    except OSError as error:
        raise SyncerError(
            f"the emulator cannot listen on {arguments.host} port {arguments.port}: {error.strerror or error}",
            next_step="name another port, or leave --port out for a free one",
        ) from error
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to {_HIGHEST_PORT})")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _client(text: str) -> tuple[str, str]:
    name, separator, secret = text.partition(":")
    if not separator or not name or not secret:
        raise argparse.ArgumentTypeError("expected ID:SECRET")
    return name, secret
