"""How long syncer takes to say something, as a multiple of a bare interpreter's start in the same run.

    .venv/bin/python benchmarks/startup.py [--rounds 15] [--json startup.json]

Milliseconds differ between machines and hours; the multiples hardly do. The limits are the project's: `--help` within 4
times a bare start, a plan with nothing to do within 20 times and half a second. Exit code 1 when one is passed.
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
from dataclasses import asdict, dataclass
from pathlib import Path

# One spec with one file that is recorded as imported: a plan reads all that there is and finds nothing to do.
_SPEC = """\
version: 1
source: {uri: inbox/*.csv}
target: {object: profiles, match_key: email}
mapping: {email: email}
"""
_SETTINGS = """\
api: {base_url: "http://127.0.0.1:9"}
"""


@dataclass(frozen=True)
class Subject:
    """A command to time, and how many bare starts it may take."""

    name: str
    arguments: tuple[str, ...]
    limit: float | None = None
    limit_ms: float | None = None


@dataclass(frozen=True)
class Measured:
    """A command's median of all rounds, in milliseconds and in bare starts of the interpreter."""

    name: str
    median_ms: float
    times_bare: float
    limit: float | None
    passed: bool


SUBJECTS = (
    Subject("python -c pass", ("-c", "pass")),
    Subject("syncer --version", ("-m", "syncer", "--version"), limit=4),
    Subject("syncer --help", ("-m", "syncer", "--help"), limit=4),
    Subject("syncer completion bash", ("-m", "syncer", "completion", "bash"), limit=4),
    Subject("syncer plan, nothing to do", ("-m", "syncer", "plan"), limit=20, limit_ms=500),
)


def make_workspace(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "inbox").mkdir()
    (folder / "specs" / "nothing.yaml").write_text(_SPEC, "utf-8")
    (folder / "syncer.yaml").write_text(_SETTINGS, "utf-8")
    (folder / "inbox" / "a.csv").write_text("email\nada@example.com\n", "utf-8")
    baseline = ("-m", "syncer", "baseline", "nothing", "--reason", "there before")
    subprocess.run([sys.executable, *baseline], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def seconds_of(subject: Subject, folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *subject.arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measure(rounds: int) -> list[Measured]:
    """Time all commands in turn, round after round, so that a busy minute of the machine falls on all of them alike."""
    seconds: dict[Subject, list[float]] = {subject: [] for subject in SUBJECTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_workspace(folder)
        for subject in SUBJECTS:
            seconds_of(subject, folder)  # the first start writes bytecode
        for _ in range(rounds):
            for subject in SUBJECTS:
                seconds[subject].append(seconds_of(subject, folder))
    medians = {subject: 1000 * statistics.median(taken) for subject, taken in seconds.items()}
    bare = medians[SUBJECTS[0]]
    return [judge(subject, median, bare) for subject, median in medians.items()]


def judge(subject: Subject, median_ms: float, bare_ms: float) -> Measured:
    times_bare = median_ms / bare_ms
    passed = (subject.limit is None or times_bare <= subject.limit) and (
        subject.limit_ms is None or median_ms <= subject.limit_ms
    )
    return Measured(subject.name, round(median_ms, 1), round(times_bare, 2), subject.limit, passed)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each command is started (default: 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()

    results = measure(options.rounds)

    print(f"{'command':<28} {'median':>10} {'x bare':>8} {'limit':>6}")
    for result in results:
        limit = "" if result.limit is None else f"{result.limit:g}"
        print(
            f"{result.name:<28} {result.median_ms:>7.1f} ms {result.times_bare:>8.2f} {limit:>6}"
            + ("" if result.passed else "  OVER THE LIMIT")
        )
    if options.json:
        figures = {
            "python": sys.version.split()[0],
            "cpus": os.cpu_count(),
            "rounds": options.rounds,
            "results": [asdict(result) for result in results],
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
