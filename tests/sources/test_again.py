"""A second look at files that were imported: what is done again, what is not, and what is asked first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncer.errors import Conflict, Refused
from syncer.operations.plan import plan, save
from syncer.plan import Action
from tests.apply.workspace import INIT, Workspace, only, results
from tests.servers.azure import AzureContainer
from tests.servers.store import Bucket, Classed, Versioned
from tests.sources.conftest import END_TO_END

everywhere = pytest.mark.parametrize("store", END_TO_END, indirect=True)

PEOPLE = """
version: 1
source: {{uri: "{uri}"{more}}}
target: {{object: profiles, match_key: email}}
mapping: {{mail: email, name: first_name}}
{options}
"""

ORDERS = """
version: 1
source: {{uri: "{uri}"{more}}}
target: {{object: orders}}
mapping: {{id: order_id, at: {{to: ordered_at, type: datetime}}}}
"""


def people(*names: str) -> bytes:
    return "".join(["mail,name\n", *(f"{name}@example.com,{name}\n" for name in names)]).encode()


def orders(*ids: str) -> bytes:
    return "".join(["id,at\n", *(f"{each},2026-04-21T16:30:00Z\n" for each in ids)]).encode()


def write(workspace: Workspace, text: str, uri: str, *, name: str = "it", more: str = "", options: str = "") -> None:
    workspace.spec(name, text.format(uri=uri, more=f", {more}" if more else "", options=options))


def actions(workspace: Workspace, **options: Any) -> list[Action]:
    return [item.action for item in plan(workspace.root, environ=workspace.environ, **options).imports]


def jobs(workspace: Workspace) -> int:
    return workspace.calls().count(INIT)


@everywhere
def test_new_and_changed_files_are_imported_and_nothing_else(workspace: Workspace, bucket: Bucket) -> None:
    """Run after run: each version of each file is one job, in its order, and a run without news asks nothing."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"))
    bucket.put("in/b.csv", people("b"))
    bucket.put("in/a.csv", people("a"))
    assert list(results(workspace.run()).values()) == ["completed", "completed"]
    before = workspace.hashes()
    asked = len(workspace.emulator.requests)

    assert workspace.run().imports == ()
    assert (workspace.hashes(), len(workspace.emulator.requests)) == (before, asked)

    bucket.put("in/a.csv", people("a", "aa"))
    bucket.put("in/c.csv", people("c"))
    bucket.delete("in/b.csv")
    assert list(results(workspace.run()).values()) == ["completed", "completed"]

    bucket.put("in/a.csv", people("a"))  # back to what it was before is a change, too
    assert only(workspace.run().imports).result == "completed"
    assert jobs(workspace) == 5
    assert workspace.merged("profiles", "email") == [f"{name}@example.com" for name in ("a", "aa", "b", "c")]


@everywhere
def test_what_is_said_about_a_file_imports_nothing(workspace: Workspace, bucket: Bucket) -> None:
    """Metadata, a storage class, versioning and the same bytes written once more are no change."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"))
    bucket.put("in/a.csv", people("a"))
    workspace.run()
    before = workspace.hashes()

    bucket.edit_metadata("in/a.csv", owner="crm")
    assert workspace.run().imports == ()
    if isinstance(bucket, Classed):
        bucket.change_storage_class("in/a.csv")
        assert workspace.run().imports == ()
    if isinstance(bucket, Versioned):
        bucket.switch_versioning_on()
    bucket.put("in/a.csv", people("a"))
    assert workspace.run().imports == ()
    assert (jobs(workspace), workspace.hashes()) == (1, before)


@pytest.mark.parametrize("store", ["azure"], indirect=True)
def test_a_tag_that_moves_by_itself_is_looked_behind(workspace: Workspace, bucket: Bucket) -> None:
    """Where only an ETag is known and metadata changed it, the bytes are read, and the same bytes are not imported."""
    assert isinstance(bucket, AzureContainer)
    write(workspace, ORDERS, bucket.uri("in/*.csv"))
    bucket.put_blocks("in/a.csv", orders("o1"))
    workspace.run()

    bucket.edit_metadata("in/a.csv", owner="crm")
    item = only(plan(workspace.root, environ=workspace.environ).imports)
    assert item.action is Action.SKIP
    assert item.reason.startswith("the same bytes as when it was imported")
    assert workspace.run().imports == ()

    bucket.put_blocks("in/a.csv", orders("o2"))  # of the same length
    assert actions(workspace) == [Action.BLOCKED]
    assert jobs(workspace) == 1


@everywhere
def test_the_same_bytes_under_a_new_name(workspace: Workspace, bucket: Bucket) -> None:
    """With identity: content they are recognised, in the run that imports them and in a later one."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"), more="identity: content")
    bucket.put("in/a.csv", people("a"))
    bucket.put("in/b.csv", people("a"))
    assert only(workspace.run().imports).result == "completed"

    bucket.delete("in/a.csv")
    bucket.put("in/c.csv", people("a"))
    assert workspace.run().imports == ()
    bucket.put("in/c.csv", people("c"))
    assert only(workspace.run().imports).result == "completed"
    assert jobs(workspace) == 2


@everywhere
def test_a_changed_file_of_an_object_that_appends(workspace: Workspace, bucket: Bucket) -> None:
    """Its rows would be there twice: it is imported again only where its spec says so."""
    choices = {
        "unsaid": ("", Action.BLOCKED),
        "fail": ("on_change: fail", Action.BLOCKED),
        "ignore": ("on_change: ignore", Action.SKIP),
        "import": ("on_change: import", Action.REIMPORT),
    }
    for name, (choice, _) in choices.items():
        write(workspace, ORDERS, bucket.uri(f"{name}/*.csv"), name=name, more=choice)
        bucket.put(f"{name}/a.csv", orders(name))
    workspace.run()
    for name in choices:
        bucket.put(f"{name}/a.csv", orders(name, f"{name}-2"))

    decided = {item.spec: item.action for item in plan(workspace.root, environ=workspace.environ).imports}
    assert decided == {name: action for name, (_, action) in choices.items()}
    workspace.run()
    assert workspace.merged("orders", "order_id") == sorted([*choices, "import", "import-2"])


@everywhere
def test_a_saved_plan_holds_the_versions_that_it_was_made_of(workspace: Workspace, bucket: Bucket) -> None:
    """It is applied as it was made, and refused once a file of it is another version."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"))
    bucket.put("in/a.csv", people("a"))
    saved = workspace.root / "plan.json"
    save(plan(workspace.root, environ=workspace.environ), saved)

    bucket.put("in/a.csv", people("b"))
    with pytest.raises(Conflict, match="stale"):
        workspace.run(saved=saved)
    bucket.put("in/a.csv", people("a"))
    bucket.put("in/b.csv", people("c"))  # which the plan knows nothing of

    assert only(workspace.run(saved=saved).imports).result == "completed"
    assert workspace.merged("profiles", "email") == ["a@example.com"]


@everywhere
def test_a_young_file_waits(workspace: Workspace, bucket: Bucket) -> None:
    """ready.min_age counts from when the store took the file; a local file's time is that of a copy, and does not."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"), more="ready: {min_age: 1h}")
    bucket.put("in/a.csv", people("a"))
    is_local = bucket.uri().startswith("file:")

    assert actions(workspace) == [Action.IMPORT if is_local else Action.BLOCKED]
    assert actions(workspace, clock=lambda: datetime.now(UTC) + timedelta(hours=2)) == [Action.IMPORT]


@everywhere
def test_a_file_waits_for_its_marker(workspace: Workspace, bucket: Bucket) -> None:
    """Nothing is imported before the marker is there, and everything after it is."""
    write(workspace, PEOPLE, bucket.uri("in/{date}/*.csv"), more="ready: {marker: _SUCCESS}")
    bucket.put("in/2026-01-01/a.csv", people("a"))

    assert actions(workspace) == [Action.BLOCKED]
    assert workspace.run().imports == ()
    bucket.put("in/2026-01-01/_SUCCESS", b"")
    assert only(workspace.run().imports).result == "completed"


@everywhere
def test_rows_are_counted_where_they_are_limited(workspace: Workspace, bucket: Bucket) -> None:
    """A run with more rows than limits.rows is refused before anything is sent; with fewer it goes on."""
    write(workspace, PEOPLE, bucket.uri("in/*.csv"), options="limits: {rows: 3}")
    bucket.put("in/a.csv", people("a", "b"))
    bucket.put("in/b.csv", people("c", "d"))

    with pytest.raises(Refused, match="4 rows"):
        workspace.run()
    assert jobs(workspace) == 0

    bucket.put("in/b.csv", people("c"))
    assert list(results(workspace.run()).values()) == ["completed", "completed"]
