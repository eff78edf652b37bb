"""Shards: disjoint, complete, balanced, applied side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.emulator.testing import running
from syncer.model.files import SourceFile
from syncer.plan import Action, Filters, Plan, PlannedImport, SpecPlan
from syncer.plan.shards import shards
from tests.git.clones import Project, Remote
from tests.github.specs import SPEC

Cli = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OBJECTS = ("profiles", "orders", "products", "events", "members")


def pending(spec: str, target: str, number: int, *, rows: int | None, action: Action = Action.IMPORT) -> PlannedImport:
    return PlannedImport(
        action=action,
        reason="new file",
        spec=spec,
        spec_digest="d",
        preparation="p",
        object=target,
        file=SourceFile(
            path=f"{spec}/{number}.csv",
            location="",
            size=10 * number + 1,
            modified=NOW,
            fingerprint="f",
            format="csv",
            rows=rows,
        ),
        import_id=f"{spec}-{number}",
        generation=1,
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any number of specs on few objects, depending on earlier ones, with files of any size, runnable or not."""
    specs: list[SpecPlan] = []
    items: list[PlannedImport] = []
    for number in range(draw(st.integers(0, 8))):
        name, target = f"s{number}", draw(st.sampled_from(OBJECTS))
        needs = draw(st.lists(st.sampled_from([each.name for each in specs]), max_size=1)) if specs else []
        specs.append(SpecPlan(name=name, path="", digest="", object=target, depends_on=tuple(needs)))
        for file in range(draw(st.integers(0, 4))):
            rows = draw(st.none() | st.integers(0, 1000))
            action = draw(st.sampled_from([Action.IMPORT, Action.RESUME, Action.BLOCKED, Action.SKIP]))
            items.append(pending(name, target, file, rows=rows, action=action))
    return Plan(created=NOW, workspace="w", filters=Filters(), specs=tuple(specs), imports=tuple(items))


@given(plans(), st.integers(1, 6))
def test_every_import_is_in_one_shard(plan: Plan, count: int) -> None:
    """No object is in two shards, all that is pending is in one, none is empty, and dependencies stay together."""
    made = shards(plan, count)

    objects = Counter(name for shard in made for name in shard.objects)
    assert set(objects) == {item.object for item in plan.runnable}
    assert set(objects.values()) <= {1}
    assert len(made) <= count
    assert all(shard.files for shard in made)
    assert sum(shard.files for shard in made) == len(plan.runnable)
    of = {name: number for number, shard in enumerate(made) for name in shard.objects}
    targets = {spec.name: spec.object for spec in plan.specs}
    for spec in plan.specs:
        linked = {of[name] for name in (spec.object, *(targets[each] for each in spec.depends_on)) if name in of}
        assert len(linked) <= 1


def test_shards_are_balanced() -> None:
    """The largest object has a shard of its own, and the others share the rest, by rows where they are known."""
    sizes = {"a": 100, "b": 40, "c": 35, "d": 30}
    items = [pending(name, name, 0, rows=rows) for name, rows in sizes.items()]
    specs = [SpecPlan(name=name, path="", digest="", object=name) for name in sizes]
    plan = Plan(created=NOW, workspace="w", filters=Filters(), specs=tuple(specs), imports=tuple(items))

    assert [(shard.objects, shard.rows) for shard in shards(plan, 2)] == [(("b", "c", "d"), 105), (("a",), 100)]


def test_a_matrix_is_one_line_for_a_workflow(project: Path, cli: Cli) -> None:
    """`fromJSON` takes it as `strategy.matrix`, and `--object` takes its objects."""
    code, out, _ = cli("plan", "-o", "github-matrix", "--shards", "5")

    assert code == 0
    assert len(out.splitlines()) == 1
    include = json.loads(out)["include"]
    assert [(each["shard"], each["objects"], each["files"]) for each in include] == [
        ("1/2", "crm", 2),
        ("2/2", "shop", 2),
    ]
    assert project
    planned = json.loads(cli("plan", "-o", "json", "--object", "crm")[1])
    assert {each["spec"] for each in planned["imports"]} == {"crm"}
    assert planned["filters"]["objects"] == ["crm"]


def test_objects_of_a_shard_stand_on_lines(project: Path, cli: Cli) -> None:
    """However an object is called, its line is what `--object` takes; the key tells the shard's objects apart."""
    names = ["two words", "it's", '$(x) "y"']
    for number, name in enumerate(names):
        (project / "specs" / f"s{number}.yaml").write_text(SPEC % ("crm", json.dumps(name)), "utf-8")
    for name in ("crm", "shop"):
        (project / "specs" / f"{name}.yaml").unlink()

    (both,) = json.loads(cli("plan", "-o", "github-matrix", "--shards", "1")[1])["include"]
    (again,) = json.loads(cli("plan", "-o", "github-matrix", "--shards", "1")[1])["include"]
    (part,) = json.loads(cli("plan", "-o", "github-matrix", "--shards", "1", "--object", names[0])[1])["include"]

    assert sorted(both["objects"].splitlines()) == sorted(names)
    assert (both["key"] == again["key"], both["key"] == part["key"]) == (True, False)
    assert cli("plan", *(f"--object={name}" for name in both["objects"].splitlines()))[0] == 0


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "-o", "github-matrix"), "go together"),
        (("plan", "--shards", "3"), "go together"),
        (("plan", "-o", "github-matrix", "--shards", "0"), "1 to 256"),
        (("status", "-o", "github-matrix"), "a format of `syncer plan` alone"),
        (("plan", "--object", "crmm"), "no spec writes into the object 'crmm'"),
    ],
)
def test_wrong_usage_is_told(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    """A matrix without a number, a number without a matrix, and objects that nobody writes are refused."""
    code, _, err = cli(*arguments)

    assert code == 64
    assert told in err


def test_a_saved_plan_keeps_its_objects(project: Path, cli: Cli) -> None:
    """A plan of some objects is applied as the plan of just these."""
    from syncer.operations.plan import load_saved

    cli("plan", "--object", "crm", "--out", "crm.plan")

    assert load_saved(project / "crm.plan").filters == Filters(objects=("crm",))


def test_shards_at_once_leave_all_their_log_in_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shard in a clone of its own and all at once: every file is imported once, and one branch has all the log."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    targets = {"crm": "profiles", "shop": "profiles", "unsubscribed": "suppressions", "catalogue": "products"}
    with running(tmp_path / "emulator") as emulator:
        project = Project(Remote.made(tmp_path / "remote.git"), emulator, tmp_path)
        files = {f"specs/{name}.yaml": SPEC % (name, target) for name, target in targets.items()}
        files["specs/catalogue.yaml"] = (SPEC % ("catalogue", "products")).replace("email", "sku")
        files |= {
            f"in/{name}-{n}.csv": f"{'sku' if name == 'catalogue' else 'email'}\n{name}{n}@example.com\n"
            for name in targets
            for n in (1, 2)
        }
        project.seed(files)
        _, out, _ = project.clone("planner").cli("plan", "-o", "github-matrix", "--shards", "3")
        include = json.loads(out)["include"]
        clones = [project.clone(f"shard-{number}") for number in range(len(include))]
        options = [[f"--object={name}" for name in each["objects"].splitlines()] for each in include]
        running_now = [clone.process("apply", *option) for clone, option in zip(clones, options, strict=True)]
        ended = [(*child.communicate(timeout=100), child.returncode) for child in running_now]

        assert [code for *_, code in ended] == [0, 0, 0], ended
        for name in targets:
            assert sorted(project.remote.events(name)) == sorted(["claimed", "submitted", "finished"] * 2)
        assert len(emulator.query("SELECT id FROM jobs")) == 8
