"""What 100,000 imported files cost a plan, beside 1,000 and beside a bare reading of the same log.

    .venv/bin/python benchmarks/reconcile.py [--keys 100000] [--rounds 3] [--json reconcile.json]

The log is real: each file has the events that an import leaves (claimed, submitted, finished), or a baseline. `decode`
reads every line with msgspec and keeps nothing; `fold` is the store's reading; `plan` holds every file against the log
and plans, listing left out; `syncer plan` is the command with files on disk. Processor seconds are told as multiples of
`decode`, memory as what the peak is above that of 1,000 files. Exit code 1 when a limit is passed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from syncer.model.events import AnyEvent
    from syncer.state.store import Store

FEW = 1_000
KINDS = ("imported", "baselined")
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
_SPEC = """\
version: 1
source: {uri: "inbox/dt={date:%Y-%m-%d}/part-*.csv"}
target: {object: profiles, match_key: email}
mapping: {email: email}
"""
_SETTINGS = """\
api: {base_url: "http://127.0.0.1:9"}
"""
_DECODE = """
from pathlib import Path
import msgspec
from syncer.model.events import AnyEvent
decode = msgspec.json.Decoder(AnyEvent).decode
for path in Path("state").glob("*.jsonl"):
    with path.open("rb") as lines:
        for line in lines:
            decode(line)
"""
_FOLD = """
from pathlib import Path
from syncer.state.store import LocalStore
log = LocalStore(Path("state")).read()
"""
_PLAN = f"""
{_FOLD}
from datetime import UTC, datetime
from syncer.model.log import Lineage
from syncer.plan import Inputs, SpecInput, make_plan
from syncer.spec.load import load_project
project = load_project(Path(), environ={{}})
own = project.specs[0]
lineage = Lineage(own.spec.lineage, project.settings.api.workspace, own.spec.target.object)
listed = ((path, life) for path in log.paths(lineage) for life in log.summaries(lineage, path))
settled = sum(log.is_settled(lineage, path, life.fingerprint) for path, life in listed)
given = SpecInput(spec=own.spec, path=own.path, digest=own.digest, preparation="", files=(), settled=settled)
made = make_plan(Inputs(specs=(given,), log=log, now=datetime.now(UTC), workspace=lineage.workspace))
assert made.settled == int(Path("count").read_text())
"""


@dataclass(frozen=True)
class Subject:
    """What is timed, and how many times the processor seconds of `decode` and how many MB it may take."""

    name: str
    arguments: tuple[str, ...]
    limit: float | None = None
    limit_mb: float | None = None


class Cost(NamedTuple):
    """What one process took: processor seconds, and its peak of memory in MB."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Measured:
    """A subject's median of all rounds for many files. `more_mb` is its peak memory above that of few files."""

    kind: str
    name: str
    seconds: float
    times_decode: float
    peak_mb: float
    more_mb: float
    passed: bool


SUBJECTS = (
    Subject("decode", ("-c", _DECODE)),
    Subject("fold", ("-c", _FOLD), limit=8, limit_mb=100),
    Subject("plan", ("-c", _PLAN), limit=12, limit_mb=100),
    Subject("syncer plan", ("-m", "syncer", "plan")),
)


def make_project(folder: Path, kind: str, count: int) -> None:
    """Write a project with so many small files, and a log in which all of them are done."""
    from syncer.spec.load import load_project
    from syncer.state.store import LocalStore

    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "crm.yaml").write_text(_SPEC, "utf-8")
    (folder / "syncer.yaml").write_text(_SETTINGS, "utf-8")
    (folder / "count").write_text(str(count), "utf-8")
    own = load_project(folder, environ={}).specs[0]
    store = LocalStore(folder / "state", sync=lambda _: None)
    days = [f"inbox/dt=2026-{day // 25 + 1:02}-{day % 25 + 1:02}" for day in range(100)]
    for day in days:
        (folder / day).mkdir(parents=True)
        paths = [f"{day}/part-{number:05}.csv" for number in range(count // len(days))]
        contents = {path: f"email\n{path}@example.com\n" for path in paths}
        for path, content in contents.items():
            (folder / path).write_text(content, "utf-8")
        events = [event for path, text in contents.items() for event in _events(own.digest, path, text, kind)]
        _append(store, events)


def _append(store: Store, events: list[AnyEvent]) -> None:
    store.transact(lambda _: events)


def _events(digest: str, path: str, content: str, kind: str) -> list[AnyEvent]:
    """Return what the log says of one file that is done; the store gives the events their ids."""
    from syncer.model.events import ArtifactFacts, Baselined, Claimed, Finished, RowCounts, Submitted

    sha = hashlib.sha256(content.encode()).hexdigest()
    about: dict[str, Any] = {
        "time": NOW,
        "run": "20261123T020000Z-a1b2c3",
        "actor": "mara (GitHub Actions run 77)",
        "spec": "crm",
        "workspace": "127.0.0.1",
        "object": "profiles",
        "path": path,
        "fingerprint": f"sha256:{sha}",
        "import_id": sha[:16],
        "generation": 1,
    }
    if kind == "baselined":
        return [Baselined(**about, reason="imported by the old cron job")]
    about |= {"spec_digest": digest, "preparation": digest}
    job = f"imp_{sha[:22]}"
    artifact = ArtifactFacts(
        digest=f"sha256:{sha[::-1]}", size=len(content), columns=("email",), file_name="a.csv", rows=1
    )
    ended: dict[str, Any] = {
        "rows": RowCounts(read=1, valid=1, inserts=1),
        "seconds": {"job": 61.0},
        "commit": sha[:40],
    }
    return [
        Claimed(**about, epoch=1, lease=NOW, size=len(content), modified=NOW, write_mode="upsert", place=sha[:16]),
        Submitted(**about, epoch=1, job=job, artifact=artifact, correlation_id=sha[-32:]),
        Finished(**about, outcome="completed", job=job, correlation_id=sha[:32], **ended),
    ]


def cost_of(subject: Subject, folder: Path) -> Cost:
    """Run the subject in the project and return what it took."""
    process = subprocess.Popen([sys.executable, *subject.arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{subject.name} failed")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(keys: int, rounds: int) -> list[Measured]:
    """Measure all subjects in turn, round after round, so that a busy minute of the machine falls on all of them alike.

    Projects are made in processes of their own: the memory that this one ever had counts for those that it starts.
    """
    with tempfile.TemporaryDirectory() as name:
        folders = {(kind, count): Path(name) / f"{kind}-{count}" for kind in KINDS for count in (FEW, keys)}
        for (kind, count), folder in folders.items():
            maker = multiprocessing.get_context("spawn").Process(target=make_project, args=(folder, kind, count))
            maker.start()
            maker.join()
            for subject in SUBJECTS:
                cost_of(subject, folder)  # the first time hashes the files and writes bytecode
        costs: dict[tuple[str, int, Subject], list[Cost]] = defaultdict(list)
        for _ in range(rounds):
            for (kind, count), folder in folders.items():
                for subject in SUBJECTS:
                    costs[kind, count, subject].append(cost_of(subject, folder))
    medians = {key: Cost(*map(statistics.median, zip(*taken, strict=True))) for key, taken in costs.items()}
    return [
        judge(
            kind, subject, medians[kind, keys, subject], medians[kind, FEW, subject], medians[kind, keys, SUBJECTS[0]]
        )
        for kind in KINDS
        for subject in SUBJECTS
    ]


def judge(kind: str, subject: Subject, many: Cost, few: Cost, decode: Cost) -> Measured:
    times, more = many.seconds / decode.seconds, many.peak_mb - few.peak_mb
    passed = (subject.limit is None or times <= subject.limit) and (
        subject.limit_mb is None or more <= subject.limit_mb
    )
    return Measured(
        kind, subject.name, round(many.seconds, 2), round(times, 2), round(many.peak_mb, 1), round(more, 1), passed
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", type=int, default=100_000, help="how many files are done (default: 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each subject is run (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()

    results = measure(options.keys, options.rounds)

    print(f"{'log':<10} {'subject':<12} {'cpu':>8} {'x decode':>9} {'peak':>9} {'more than for 1,000':>20}")
    for each in results:
        print(
            f"{each.kind:<10} {each.name:<12} {each.seconds:>6.2f} s {each.times_decode:>9.2f} {each.peak_mb:>6.1f} MB "
            f"{each.more_mb:>17.1f} MB" + ("" if each.passed else "  OVER THE LIMIT")
        )
    if options.json:
        figures = {
            "python": sys.version.split()[0],
            "cpus": os.cpu_count(),
            "keys": options.keys,
            "rounds": options.rounds,
            "results": [asdict(each) for each in results],
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if all(each.passed for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
