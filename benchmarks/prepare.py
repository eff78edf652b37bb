"""What preparing a file with its checks on costs, against a bare DuckDB COPY of the same file in the same run.

    .venv/bin/python benchmarks/prepare.py [--rows 2000000] [--rounds 3] [--case csv] [--json prepare.json]

The files have twelve columns, of which six are mapped, with line feeds and quotes in some cells; one e-mail address in
200 is invalid. syncer projects them, tags every row, judges every row and hashes what it made. The peer copies the
same six columns and a tag, every cell as the text that it is, and does no more. Each runs in a process of its own, in
turn, with the same memory limit on the same cores. The goals: 1.2 times the peer's time, and 600 MB, whatever the
file's size. Exit code 1 when one is missed. Gzip is shown, and has no goal of its own: what it takes is compression.
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import duckdb

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the benchmark runs without an installation

from syncer.model.files import SourceFile  # noqa: E402 - needs the line above
from syncer.model.objects import FieldSchema  # noqa: E402 - the same
from syncer.model.spec import FieldType, Spec  # noqa: E402 - the same
from syncer.prepare.engine import DEFAULT_MEMORY  # noqa: E402 - the same
from syncer.prepare.making import Means, make  # noqa: E402 - the same

GOAL: Final = 1.2
GOAL_MEGABYTES: Final = 600
TAG: Final = "benchmark-20261101"
TYPES: Final[Mapping[str, FieldType]] = {
    "email": "string",
    "first_name": "string",
    "country": "string",
    "points": "integer",
    "signed_up_at": "datetime",
    "note": "string",
}
SCHEMA: Final = {name: FieldSchema(type="email" if name == "email" else kind) for name, kind in TYPES.items()}
COLUMNS: Final = ("id", *TYPES, "last_name", "balance", "opt_in", "ssn", "internal")
_ROWS: Final = """
    SELECT i AS id,
        CASE WHEN i % 200 = 0 THEN 'nobody' ELSE substr(md5(i::VARCHAR), 1, 12) || '@example.com' END AS email,
        'First' || (i % 1000) AS first_name, ['DE', 'FR', 'NO'][i % 3 + 1] AS country,
        (i * 37) % 1000000 AS points,
        strftime(TIMESTAMP '2020-01-01' + to_seconds(i), '%Y-%m-%dT%H:%M:%SZ') AS signed_up_at,
        CASE WHEN i % 50 = 0 THEN 'two' || chr(10) || 'lines ' || i ELSE 'note ' || i END AS note,
        CASE WHEN i % 7 = 0 THEN 'O"Neil, ' || i ELSE 'Last' || i END AS last_name,
        (i * 7919) % 100000 / 100 AS balance, i % 3 = 0 AS opt_in,
        md5(i::VARCHAR) AS ssn, i % 97 AS internal
    FROM range({rows}) t(i)"""
_TO_TIMESTAMP: Final = "* REPLACE (signed_up_at::TIMESTAMPTZ AS signed_up_at)"


@dataclass(frozen=True)
class Case:
    """One kind of file: how it is made and read, and what the peer writes. `goal` is None where there is none."""

    name: str
    source: str
    writer: str
    reader: str
    format: Literal["csv", "jsonl", "parquet"]
    peer_writer: str
    shown: str = "*"
    to: Literal["parquet"] | None = None
    goal: float | None = GOAL

    @property
    def compression(self) -> Literal["gzip"] | None:
        return "gzip" if self.source.endswith(".gz") else None


_AS_TEXT: Final = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS) + "}"
_AS_JSON: Final = _AS_TEXT.replace("VARCHAR", "JSON")
_CSV: Final = f"read_csv($1, columns={_AS_TEXT}, auto_detect=false, header=true)"
_JSONL: Final = f"read_ndjson($1, columns={_AS_JSON})"
_PARQUET: Final = "FORMAT parquet, COMPRESSION zstd"
CASES: Final = (
    Case("csv", "source.csv", "FORMAT csv", _CSV, "csv", "FORMAT csv"),
    Case("jsonl", "source.jsonl", "FORMAT json", _JSONL, "jsonl", "FORMAT json"),
    Case("parquet", "source.parquet", _PARQUET, "read_parquet($1)", "parquet", _PARQUET, shown=_TO_TIMESTAMP),
    Case("csv to parquet", "source.csv", "FORMAT csv", _CSV, "csv", _PARQUET, to="parquet", goal=None),
    Case("csv.gz", "source.csv.gz", "FORMAT csv", _CSV, "csv", "FORMAT csv, COMPRESSION gzip", goal=None),
)


def fill(folder: Path, cases: tuple[Case, ...], rows: int) -> None:
    """Write the files that the cases read."""
    (folder / "work").mkdir()
    with duckdb.connect(config={"memory_limit": f"{DEFAULT_MEMORY}B", "temp_directory": str(folder)}) as connection:
        for source, case in {case.source: case for case in reversed(cases)}.items():
            options = case.writer + (", COMPRESSION gzip" if case.compression else "")
            statement = f"COPY (SELECT {case.shown} FROM ({_ROWS.format(rows=rows)})) TO ? ({options})"  # noqa: S608 - our own text
            connection.execute(statement, [str(folder / source)])


def copied(case: Case, folder: Path) -> None:
    """Do what people do by hand: one COPY of the columns that are wanted, and the tag."""
    config: dict[str, Any] = {"memory_limit": f"{DEFAULT_MEMORY // 2}B", "temp_directory": str(folder / "work")}
    wanted = f"SELECT '{TAG}' AS import_batch, {', '.join(TYPES)} FROM {case.reader}"  # noqa: S608 - our own text
    with duckdb.connect(config=config) as connection:
        statement = f"COPY ({wanted}) TO $2 ({case.peer_writer})"
        connection.execute(statement, [str(folder / case.source), str(folder / "work/peer")])


def prepared(case: Case, folder: Path) -> None:
    """Do what `syncer apply` does before it uploads."""
    spec = Spec.model_validate(
        {
            "version": 1,
            "name": "benchmark",
            "source": {"uri": "*"},
            "target": {"object": "people", "match_key": "email"},
            "mapping": {name: {"to": name, "type": kind} for name, kind in TYPES.items()},
            "batch": {"field": "import_batch"},
            "prepare": {} if case.to is None else {"format": case.to},
            "checks": {"max_invalid": "1%"},
        }
    )
    path = folder / case.source
    file = SourceFile(
        path=case.source,
        location=str(path),
        size=path.stat().st_size,
        modified=datetime(2026, 11, 1, tzinfo=UTC),
        fingerprint="tag:1",
        format=case.format,
        compression=case.compression,
    )
    work = folder / "work"
    means = Means(work_dir=work, fields=lambda: SCHEMA, rejects=work / "rejects.jsonl")
    made = make(file, spec, means, batch_value=TAG)
    if not made.judged or made.rejected != -(-made.judged // 200):
        raise AssertionError(f"{made.rejected} of {made.judged} rows were found invalid")


@dataclass(frozen=True)
class Measured:
    """Medians of all rounds. `times_peer` compares with the same round's peer, `cpu` seconds are of all cores."""

    case: str
    peer_seconds: float
    seconds: float
    times_peer: float
    peer_cpu: float
    cpu: float
    times_cpu: float
    goal: float | None
    peer_mb: int
    peak_mb: int
    passed: bool


@dataclass(frozen=True)
class _Run:
    seconds: float
    cpu: float
    megabytes: int


def measure(case: Case, folder: Path, rounds: int) -> Measured:
    pairs = [(alone("peer", case, folder), alone("syncer", case, folder)) for _ in range(rounds)]
    peers, runs = zip(*pairs, strict=True)
    times = statistics.median(run.seconds / peer.seconds for peer, run in pairs)
    peak = max(run.megabytes for run in runs)
    return Measured(
        case=case.name,
        peer_seconds=round(statistics.median(one.seconds for one in peers), 2),
        seconds=round(statistics.median(one.seconds for one in runs), 2),
        times_peer=round(times, 2),
        peer_cpu=round(statistics.median(one.cpu for one in peers), 2),
        cpu=round(statistics.median(one.cpu for one in runs), 2),
        times_cpu=round(statistics.median(run.cpu / peer.cpu for peer, run in pairs), 2),
        goal=case.goal,
        peer_mb=max(one.megabytes for one in peers),
        peak_mb=peak,
        passed=peak <= GOAL_MEGABYTES and (case.goal is None or times <= case.goal),
    )


def alone(who: str, case: Case, folder: Path) -> _Run:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--alone", who, "--case", case.name, "--folder", str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    for path in (folder / "work").iterdir():
        path.unlink()
    return _Run(**json.loads(told))


def run_alone(who: str, case: Case, folder: Path) -> None:
    begun, cpu = time.perf_counter(), time.process_time()
    (prepared if who == "syncer" else copied)(case, folder)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    status = Path("/proc/self/status").read_text("utf-8")  # getrusage counts the memory of whoever started this, too
    megabytes = round(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": megabytes}))


@contextmanager
def filled(cases: tuple[Case, ...], rows: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="prepare-") as name:
        fill(Path(name), cases, rows)
        yield Path(name)


def show(results: list[Measured]) -> None:
    print(f"{'case':<15} {'peer s':>7} {'s':>7} {'x peer':>7} {'goal':>5} {'x CPU':>6} {'peer MB':>8} {'peak MB':>8}")
    for one in results:
        goal = "" if one.goal is None else f"{one.goal:g}"
        print(
            f"{one.case:<15} {one.peer_seconds:>7.2f} {one.seconds:>7.2f} {one.times_peer:>7.2f} {goal:>5}"
            f" {one.times_cpu:>6.2f} {one.peer_mb:>8} {one.peak_mb:>8}" + ("" if one.passed else "  MISSED")
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of each file (default: 2,000,000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="only this, repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument("--alone", choices=("peer", "syncer"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = tuple(case for case in CASES if case.name in (options.case or [case.name]))
    if options.alone:
        run_alone(options.alone, cases[0], cast("Path", options.folder))
        return 0

    with filled(cases, options.rows) as folder:
        sizes = {case.source: (folder / case.source).stat().st_size for case in cases}
        results = [measure(case, folder, options.rounds) for case in cases]
    show(results)
    if options.json:
        figures = {
            "rows": options.rows,
            "bytes": sizes,
            "rounds": options.rounds,
            "cpus": os.cpu_count(),
            "duckdb": duckdb.__version__,
            "results": [asdict(one) for one in results],
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if all(one.passed for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
