"""What goes wrong between a store and the platform while a file passes through, and what becomes of the import."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from syncer.apply.context import Stop
from syncer.source.window import ATTEMPTS, BLOCK_BYTES, FIRST_BYTES, Window
from tests.apply.workspace import INIT, START, UPLOAD, Workspace, only, shape_of
from tests.servers.fixtures import reaching
from tests.servers.store import Bucket, Store, Versioned
from tests.sources.conftest import END_TO_END
from tests.sources.proxy import Act, Wire, wire_to

SPEC = """
version: 1
source: {{uri: "{uri}", connection: far}}
target: {{object: orders}}
mapping: {{id: order_id, at: {{to: ordered_at, type: datetime}}, note: import_source}}
prepare: {{mode: passthrough}}
"""

SECOND, THIRD = FIRST_BYTES, BLOCK_BYTES
"""Where the second and the third range of a read begin."""

CLOUDS = [name for name in END_TO_END if name != "local"]
in_clouds = pytest.mark.parametrize("store", CLOUDS, indirect=True)


def orders(letter: str, *, rows: int = 6) -> bytes:
    """Make a file of a few long rows, three ranges in all."""
    size = (THIRD + 1000) // rows + 1
    lines = [f"{letter}{number},2026-04-21T16:30:00Z,{letter * size}\n" for number in range(rows)]
    return ("id,at,note\n" + "".join(lines)).encode()


def ids(letter: str) -> list[str]:
    return [f"{letter}{number}" for number in range(6)]


@pytest.fixture
def wire(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A wire to the store. However fast it is, ranges keep their length, so that the third begins where it should."""
    assert store.endpoint_url is not None
    defaults = Window.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "fast", math.inf)
    with wire_to(store.endpoint_url) as wire:
        yield wire


@pytest.fixture
def far(workspace: Workspace, bucket: Bucket, store: Store, wire: Wire) -> Workspace:
    """A project whose one connection goes through the wire."""
    nobody = ", anonymous: true" if store.protocol == "gs" else ""  # whose emulator has no credentials to give
    (workspace.root / "syncer.yaml").write_text(
        f"connections: {{far: {{protocol: {store.protocol}, endpoint_url: '{wire.url}'{nobody}}}}}\n"
    )
    workspace.spec("shop", SPEC.format(uri=bucket.uri("in/*.csv")))
    bucket.put("in/a.csv", orders("o"))
    return workspace


@in_clouds
def test_a_range_that_fails_is_fetched_again_by_itself(far: Workspace, wire: Wire) -> None:
    """Whatever happens to the first request for each range, the import completes in one job and one upload."""
    faults: dict[int, Act] = {0: "busy", SECOND: "cut", THIRD: "drop"}
    wire.on_range = lambda start: faults.pop(start, "pass")

    assert only(far.run().imports).result == "completed"

    assert faults == {}
    assert (wire.ranges[SECOND], wire.ranges[THIRD]) == (2, 2)
    assert far.calls().count(UPLOAD) == 1
    assert far.merged("orders", "order_id") == ids("o")


@in_clouds
@pytest.mark.slow
def test_a_store_that_stays_silent_fails_the_import_and_not_the_run(far: Workspace, wire: Wire) -> None:
    """The message names the connection and what to check, nothing is started, and the next run gets there."""
    wire.on_range = lambda start: "drop" if start == THIRD else "pass"

    ended = only(far.run().imports)

    assert ended.result != "completed"
    assert "cannot be reached" in ended.message
    assert "connection far" in ended.message
    assert wire.ranges[THIRD] == ATTEMPTS
    assert START not in far.calls()
    wire.on_range = lambda _: "pass"
    assert only(far.run().imports).result == "completed"
    assert far.merged("orders", "order_id") == ids("o")


@in_clouds
def test_a_file_that_is_overwritten_on_its_way_is_not_imported(far: Workspace, bucket: Bucket, wire: Wire) -> None:
    """Nothing is started under the old version's fingerprint, and the next run imports the new version."""

    def overwrite(start: int) -> None:
        if start == THIRD and wire.ranges[THIRD] == 1:
            bucket.put("in/a.csv", orders("n"))

    wire.on_range = overwrite

    ended = only(far.run().imports)
    assert ended.result != "completed"
    assert "changed while it was read" in ended.message
    assert START not in far.calls()
    assert "submitted" not in far.events("shop")

    wire.on_range = lambda _: "pass"
    assert only(far.run().imports).result == "completed"
    assert far.merged("orders", "order_id") == ids("n")


@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_a_local_file_that_is_overwritten_on_its_way(workspace: Workspace, bucket: Bucket) -> None:
    """The same holds for a file of this disk."""
    workspace.spec("shop", SPEC.format(uri=bucket.uri("in/*.csv")).replace(", connection: far", ""))
    bucket.put("in/a.csv", orders("o"))

    def overwrite(method: str, path: str) -> None:
        if shape_of(method, path) == UPLOAD:
            bucket.put("in/a.csv", orders("n"))

    workspace.watch(overwrite)
    assert only(workspace.run().imports).result != "completed"
    assert START not in workspace.calls()

    workspace.watch(lambda *_: None)
    assert only(workspace.run().imports).result == "completed"
    assert workspace.merged("orders", "order_id") == ids("n")


@pytest.mark.parametrize("store", ["s3-seaweed", "gcs"], indirect=True)
def test_a_version_that_is_kept_is_imported_to_its_end(far: Workspace, bucket: Bucket, wire: Wire) -> None:
    """Where the store keeps versions the planned one is imported, whatever was written meanwhile, and then the next."""
    assert isinstance(bucket, Versioned)
    bucket.switch_versioning_on()
    bucket.put("in/a.csv", orders("o"))
    far.spec(
        "shop", (far.root / "specs" / "shop.yaml").read_text().replace("}\ntarget", ", on_change: import}\ntarget")
    )

    def overwrite(start: int) -> None:
        if start == THIRD and wire.ranges[THIRD] == 1:
            bucket.put("in/a.csv", orders("n"))

    wire.on_range = overwrite

    assert only(far.run().imports).result == "completed"
    assert far.merged("orders", "order_id") == ids("o")
    assert only(far.run().imports).result == "completed"
    assert far.merged("orders", "order_id") == sorted(ids("o") + ids("n"))
    versions = [line["version"] for line in far.log("shop") if line["event"] == "submitted"]
    assert len(set(versions)) == 2


@in_clouds
def test_a_run_that_is_asked_to_stop_in_the_middle_of_an_upload(far: Workspace, wire: Wire) -> None:
    """It stops there, nothing is started, and the next run imports the file."""
    stop = Stop()

    def ask(start: int) -> None:
        if start == THIRD:
            stop.by_signal(signal.SIGINT)

    wire.on_range = ask
    assert only(far.run(stop=stop).imports).result == "interrupted"
    assert START not in far.calls()

    wire.on_range = lambda _: "pass"
    assert only(far.run().imports).result == "completed"
    assert far.merged("orders", "order_id") == ids("o")


@pytest.mark.parametrize(
    "store", ["s3-seaweed", *(pytest.param(name, marks=pytest.mark.slow) for name in CLOUDS[1:])], indirect=True
)
def test_a_run_that_is_killed_in_the_middle_of_an_upload(far: Workspace, store: Store, wire: Wire) -> None:
    """The next run imports the file: one job was started in all, and every row is there once."""
    command = [sys.executable, "-m", "syncer", "apply"]
    killed: list[int] = []

    def kill(start: int) -> Act:
        if start >= SECOND and not killed:
            killed.append(process.pid)
            process.send_signal(signal.SIGKILL)
        return "pass"

    wire.on_range = kill
    environ = {**reaching(store), **far.environ}
    with subprocess.Popen(
        command, cwd=far.root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, printed
    assert far.events("shop") == ["claimed"]

    done = subprocess.run(command, cwd=far.root, env=environ, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
    assert far.calls().count(START) == 1
    assert sorted(far.jobs()) == ["completed", "pending"]
    assert far.merged("orders", "order_id") == ids("o")
    assert far.calls().count(INIT) == 2
    assert list((far.root / ".syncer").glob("syncer-work-*")) == []
