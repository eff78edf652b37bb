"""`python -m syncer.emulator --port 0 --data DIR`: the emulator by itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from syncer.emulator.options import Options
from syncer.emulator.server import serve


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m syncer.emulator", description="Stand in for the Import Jobs API.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument("--objects", type=Path, help="YAML or JSON file that declares objects")
    parser.add_argument("--control", action="store_true", help="open /_emulator/faults and /_emulator/clock")
    parser.add_argument("--strict-auth", action="store_true", help="accept issued and listed tokens only")
    parser.add_argument("--token", action="append", default=[], help="a token to accept, with all scopes (repeatable)")
    parser.add_argument(
        "--client", action="append", default=[], metavar="ID:SECRET", help="an OAuth client (repeatable)"
    )
    parser.add_argument("--job-seconds", type=float, default=0.0, help="how long a job stays running")
    given = parser.parse_args(arguments)
    options = Options(
        strict_auth=given.strict_auth,
        tokens=dict.fromkeys(given.token),
        clients=dict(each.split(":", 1) for each in given.client),
        job_seconds=given.job_seconds,
        control=given.control,
    )
    serve(host=given.host, port=given.port, data=given.data, objects=given.objects, options=options)


if __name__ == "__main__":
    main()
