"""What it takes to list a long prefix of an S3 store, against s3fs, and to plan when all that it holds is imported.

    .venv/bin/python benchmarks/listing.py [--keys 100000] [--rounds 3] [--json listing.json]

`syncer` is the listing as a plan makes it, `s3fs find` what s3fs has for it, and `obstore` a listing in Rust where that
package is at hand: each a process of its own, told without its start, on the same bucket of SeaweedFS and in turn.
`syncer plan` is the whole command in a project that has imported every key, and `1,000 keys` the same beside so many:
what a plan keeps must not grow with what is done. The listing has to be three times as fast as that of s3fs. Exit code
1 when a limit is passed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the store's server is the one of the tests

from benchmarks.stream import peak_megabytes  # noqa: E402 - needs the line above
from tests.servers.s3_seaweed import seaweed  # noqa: E402 - the same

GOAL_TIMES: Final = 3.0
PLAN_SECONDS: Final = 15.0
PLAN_MEGABYTES: Final = 250
FEW: Final = 1000
_SPEC = """\
version: 1
source: {{uri: "s3://{bucket}/{prefix}/part-*.csv"}}
target: {{object: profiles, match_key: email}}
mapping: {{email: email}}
"""
_SETTINGS = """\
api: {base_url: "http://127.0.0.1:9"}
"""


@dataclass(frozen=True)
class Measured:
    """Medians of all rounds; `times_s3fs` is how many times as fast as s3fs in the same round."""

    name: str
    seconds: float
    peak_mb: int
    times_s3fs: float | None = None
    passed: bool = True


def list_syncer(bucket: str, prefix: str) -> int:
    from syncer.source.stores.base import Place
    from syncer.source.stores.opening import open_store

    store = open_store(Place("s3", bucket), None, os.environ)
    try:
        return sum(len(page) for page in store.pages(f"{prefix}/"))
    finally:
        store.close()


def list_s3fs(bucket: str, prefix: str) -> int:
    import s3fs

    fs = s3fs.S3FileSystem(config_kwargs={"s3": {"addressing_style": "path"}})
    return len(fs.find(f"{bucket}/{prefix}", detail=True))


def list_obstore(bucket: str, prefix: str) -> int:
    from obstore.store import S3Store  # type: ignore[import-not-found, unused-ignore] # only where it is installed

    store = S3Store(bucket, endpoint=os.environ["AWS_ENDPOINT_URL"], client_options={"allow_http": True})
    return sum(len(page) for page in store.list(f"{prefix}/"))


LISTERS: Final[Mapping[str, Callable[[str, str], int]]] = {
    "syncer": list_syncer,
    "s3fs find": list_s3fs,
    "obstore": list_obstore,
}


def work(name: str, bucket: str, prefix: str) -> None:
    """List in this process, and print what it took."""
    # What a lister imports is no part of its listing.
    LISTERS[name](bucket, "nothing")
    begun = time.perf_counter()
    keys = LISTERS[name](bucket, prefix)
    print(json.dumps({"seconds": time.perf_counter() - begun, "keys": keys, "megabytes": peak_megabytes()}))


def listed(name: str, bucket: str, prefix: str, keys: int, environ: Mapping[str, str]) -> tuple[float, int]:
    command = [sys.executable, __file__, "--worker", name, bucket, prefix]
    told = json.loads(subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if told["keys"] != keys:
        raise SystemExit(f"{name} lists {told['keys']} of {keys} keys")
    return told["seconds"], told["megabytes"]


_PLAN = """
import sys
from syncer.cli import run
from benchmarks.stream import peak_megabytes
code = run(sys.argv[1:])
print(peak_megabytes(), file=sys.stderr)
sys.exit(code)
"""


def planned(folder: Path, environ: Mapping[str, str], *, rounds: int, name: str) -> Measured:
    """Plan in a project whose files are all done."""
    seconds, peaks = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        command = [sys.executable, "-c", _PLAN, "plan", "-q", "--detailed-exitcode"]
        done = subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, text=True)
        seconds.append(time.perf_counter() - begun)
        peaks.append(int(done.stderr.split()[-1]))
    passed = statistics.median(seconds) <= PLAN_SECONDS and max(peaks) <= PLAN_MEGABYTES
    return Measured(name, round(statistics.median(seconds), 2), max(peaks), passed=passed)


def make_project(folder: Path, bucket: str, prefix: str, environ: Mapping[str, str]) -> Path:
    """Write a project that has recorded every key below the prefix as imported."""
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "crm.yaml").write_text(_SPEC.format(bucket=bucket, prefix=prefix), "utf-8")
    (folder / "syncer.yaml").write_text(_SETTINGS, "utf-8")
    command = [sys.executable, "-m", "syncer", "baseline", "crm", "-q", "--reason", "a benchmark"]
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    return folder


def measure(keys: int, rounds: int) -> list[Measured]:
    with seaweed() as server, tempfile.TemporaryDirectory() as folder:
        bucket = server.make_bucket()
        bucket.put_many(f"many/part-{number:06}.csv" for number in range(keys))
        bucket.put_many(f"few/part-{number:06}.csv" for number in range(FEW))
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        environ = {**os.environ, **server.environ, "AWS_ENDPOINT_URL": server.endpoint_url, "PYTHONPATH": paths}
        names = [name for name in LISTERS if name != "obstore" or find_spec("obstore") is not None]
        runs: dict[str, list[tuple[float, int]]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                runs[name].append(listed(name, bucket.name, "many", keys, environ))
        results = [_compared(name, runs[name], runs["s3fs find"]) for name in names]
        few = make_project(Path(folder) / "few", bucket.name, "few", environ)
        many = make_project(Path(folder) / "many", bucket.name, "many", environ)
        results.append(planned(few, environ, rounds=rounds, name=f"syncer plan, {FEW:,} keys"))
        results.append(planned(many, environ, rounds=rounds, name=f"syncer plan, {keys:,} keys"))
    return results


def _compared(name: str, own: list[tuple[float, int]], s3fs: list[tuple[float, int]]) -> Measured:
    times = statistics.median(other[0] / one[0] for one, other in zip(own, s3fs, strict=True))
    seconds = statistics.median(second for second, _ in own)
    passed = name != "syncer" or times >= GOAL_TIMES
    return Measured(name, round(seconds, 2), max(peak for _, peak in own), round(times, 1), passed)


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    results = measure(options.keys, options.rounds)
    print(f"{'what':<28} {'seconds':>8} {'x s3fs':>7} {'peak MB':>8}")
    for one in results:
        times = "" if one.times_s3fs is None else f"{one.times_s3fs:g}"
        print(f"{one.name:<28} {one.seconds:>8g} {times:>7} {one.peak_mb:>8}" + ("" if one.passed else "  MISSED"))
    if options.json:
        figures = {"keys": options.keys, "rounds": options.rounds, "results": [asdict(one) for one in results]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if all(one.passed for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
