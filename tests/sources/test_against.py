"""The last imported file of a changed spec, reached in each store, or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncer.operations.recheck import SpecRecheck, recheck
from tests.apply.workspace import Workspace, only
from tests.git.clones import git
from tests.servers.store import Bucket, Store
from tests.sources.conftest import END_TO_END

everywhere = pytest.mark.parametrize("store", END_TO_END, indirect=True)
far = pytest.mark.parametrize("store", [name for name in END_TO_END if name != "local"], indirect=True)

PEOPLE = """
version: 1
source: {{uri: "{uri}", identity: {identity}}}
target: {{object: profiles, match_key: email}}
mapping: {{mail: {{to: email{more}}}, name: first_name}}
"""
ROWS = b"mail,name\n ada@example.com ,Ada\nbob@example.com,Bob\n"

Changed = Callable[..., None]


@pytest.fixture
def changed(workspace: Workspace, bucket: Bucket) -> Changed:
    """Import one file of two rows, commit the spec, and have it trim from now on."""

    def call(identity: str = "tag", now: str = "") -> None:
        text = PEOPLE.format(uri=bucket.uri("in/*.csv"), identity=identity, more="")
        workspace.spec("people", text)
        bucket.put("in/a.csv", ROWS)
        workspace.run()
        git(workspace.root, "init", "--quiet")
        git(workspace.root, "add", "specs")
        git(workspace.root, "commit", "--quiet", "-m", "specs")
        more = ", clean: [trim]"
        workspace.spec("people", PEOPLE.format(uri=bucket.uri("in/*.csv"), identity=now or identity, more=more))

    return call


def found(workspace: Workspace, **environ: str) -> SpecRecheck:
    made = recheck(workspace.root, against="HEAD", environ={**workspace.environ, **environ})
    assert made.exit_code == 0
    spec: SpecRecheck = only(made.specs)
    return spec


@everywhere
@pytest.mark.parametrize(
    ("identity", "now"), [("tag", ""), ("content", ""), ("path", ""), ("tag", "content"), ("content", "path")]
)
def test_the_imported_version_is_judged_again(workspace: Workspace, changed: Changed, identity: str, now: str) -> None:
    """However versions are told apart, before and now, the file is known again, and the difference told."""
    changed(identity, now)

    spec = found(workspace)

    assert spec.not_compared == ""
    assert spec.difference == -1


@everywhere
@pytest.mark.parametrize("identity", ["tag", "content", "path"])
def test_another_version_is_not(workspace: Workspace, bucket: Bucket, changed: Changed, identity: str) -> None:
    """A file that was written anew, or taken away, is named with just that."""
    changed(identity)
    bucket.put("in/a.csv", ROWS.replace(b"Bob", b"Rob"))

    assert found(workspace).not_compared.endswith("in/a.csv changed since it was imported")
    bucket.delete("in/a.csv")
    bucket.put("in/b.csv", ROWS)
    assert found(workspace).not_compared.endswith("in/a.csv is gone")


@far
def test_a_store_that_lets_nobody_in_fails_nothing(
    workspace: Workspace, store: Store, changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials, or a store, the reason is told."""
    changed()
    for name in store.environ:
        monkeypatch.delenv(name, raising=False)
        workspace.environ.pop(name, None)

    spec = found(workspace)

    assert " cannot be " in spec.not_compared
    assert (spec.before, spec.after, spec.difference) == (None, None, None)
