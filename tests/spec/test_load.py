"""From a folder to a project: found, merged, named, digested, and every problem of every file in one go."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from syncer.errors import InvalidInput, Problem, UsageError
from syncer.spec.load import Project, find_project, load_project, validate_documents

WriteProject = Callable[[Mapping[str, str]], Path]

MINIMAL = """\
version: 1
source: {uri: data/a.csv}
target: {object: profiles}
mapping: {a: email}
"""


def load(root: Path) -> Project:
    return load_project(root, environ={})


def problems(root: Path) -> list[Problem]:
    with pytest.raises(InvalidInput) as caught:
        load(root)
    assert validate_documents(root, environ={}) == caught.value.problems
    return caught.value.problems


def lines(root: Path) -> list[str]:
    return [str(problem) for problem in problems(root)]


def test_the_nearest_project_upward(write_project: WriteProject) -> None:
    """The project is the nearest folder with a syncer.yaml or specs, from any folder below it."""
    root = write_project({"specs/a/b/x.yaml": MINIMAL, "inner/syncer.yaml": "", "inner/deep/x.txt": ""})
    assert find_project(root / "specs" / "a" / "b") == root
    assert find_project(root / "inner" / "deep") == root / "inner"


def test_no_project(tmp_path: Path) -> None:
    """Outside any project the error says what makes one."""
    with pytest.raises(UsageError) as caught:
        find_project(tmp_path)
    assert "syncer.yaml" in caught.value.why


def test_specs_are_sorted_and_hidden_files_left_out(write_project: WriteProject) -> None:
    """Both endings count, subfolders count, what begins with a dot does not, and paths have forward slashes."""
    root = write_project(
        {
            "specs/b.yml": MINIMAL,
            "specs/team/a.yaml": MINIMAL,
            "specs/a.yaml": MINIMAL.replace("version: 1", "version: 1\nname: first"),
            "specs/.hidden.yaml": "broken: [",
            "specs/.git/x.yaml": "broken: [",
            "specs/data/x.csv": "a\n",
            "specs/notes.txt": "broken: [",
        }
    )
    project = load(root)
    assert [(loaded.path, loaded.spec.name) for loaded in project.specs] == [
        ("specs/a.yaml", "first"),
        ("specs/b.yml", "b"),
        ("specs/team/a.yaml", "a"),
    ]
    assert project.specs[0].locate("mapping", "a") == (5, 14)
    assert project.specs[0].locate("name", of_key=True) == (2, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege there")
def test_symlinks_that_go_in_circles(write_project: WriteProject) -> None:
    """A folder that contains itself is read once; a broken link is a problem."""
    root = write_project({"specs/a.yaml": MINIMAL})
    (root / "specs" / "loop").symlink_to(root / "specs", target_is_directory=True)
    assert [loaded.path for loaded in load(root).specs] == ["specs/a.yaml"]
    (root / "specs" / "gone.yaml").symlink_to(root / "nowhere.yaml")
    assert lines(root) == ["specs/gone.yaml:1:1: cannot be read: No such file or directory"]


def test_a_stem_that_is_no_name(write_project: WriteProject) -> None:
    """A file whose stem cannot be a name is told to give one."""
    root = write_project({"specs/my file.yaml": MINIMAL, "specs/ok file.yaml": f"name: ok\n{MINIMAL}"})
    (line,) = lines(root)
    assert line.startswith("specs/my file.yaml:1:1: the file's name gives no valid spec name")
    assert "give `name`" in line


def test_defaults_lie_under_every_spec(write_project: WriteProject) -> None:
    """Maps are merged deeply, lists and plain values are replaced, and null takes a default back."""
    defaults = (
        "defaults: {tags: [x], checks: {max_invalid: 1%, min_rows: 5}, suppress: {keys: a.txt}, "
        "target: {match_key: email}}"
    )
    root = write_project(
        {
            "syncer.yaml": defaults,
            "specs/a.yaml": MINIMAL + "checks: {min_rows: 7}\ntags: [y]\nsuppress: null\n",
            "specs/b.yaml": MINIMAL,
        }
    )
    first, second = (loaded.spec for loaded in load(root).specs)
    assert first.checks.max_invalid == second.checks.max_invalid == pytest.approx(0.01)
    assert (first.checks.min_rows, second.checks.min_rows) == (7, 5)
    assert (first.tags, second.tags) == (("y",), ("x",))
    assert first.suppress is None
    assert second.suppress is not None
    assert first.target.match_key == "email"
    assert "max_invalid" in first.checks.model_fields_set


def test_a_problem_in_a_default_is_told_once_and_there(write_project: WriteProject) -> None:
    """A default that is wrong points into syncer.yaml, however many specs it lies under, and even under none."""
    settings = "defaults:\n  retry: {attempts: 0}\n  maping: {a: b}\n  timezone: Mars\n  name: x\n"
    expected = [
        "syncer.yaml:2:21: must be at least 1, found 0",
        "syncer.yaml:3:3: unknown key 'maping'",
        "syncer.yaml:5:3: 'name' cannot be a default",
    ]
    root = write_project({"syncer.yaml": settings})
    assert [line.partition(" (")[0] for line in lines(root)] == expected
    root = write_project({"specs/a.yaml": f"name: a\n{MINIMAL}", "specs/b.yaml": f"name: b\n{MINIMAL}"})
    found = [line.partition(" (")[0] for line in lines(root)]
    assert found == [*expected[:2], "syncer.yaml:4:13: unknown timezone 'Mars'", expected[2]]


def test_a_rule_broken_by_spec_and_default_together(write_project: WriteProject) -> None:
    """Where a default and the spec contradict each other, the problem stands where the rule's value stands."""
    root = write_project(
        {"syncer.yaml": "defaults: {checks: {never_send: [a]}, constants: {email: x}}", "specs/a.yaml": MINIMAL}
    )
    assert [line.partition(": ")[0] for line in lines(root)] == ["syncer.yaml:1:51", "specs/a.yaml:4:11"]


def test_every_problem_of_every_file(write_project: WriteProject) -> None:
    """Settings and specs are all read before anything is reported, in the order of the files, each with its line."""
    root = write_project(
        {
            "syncer.yaml": "api: {timeout: soon}\n",
            "specs/b.yaml": MINIMAL + "retry: {attempts: 0}\n",
            "specs/a.yaml": "version: [",
            "specs/c.yaml": MINIMAL.replace("profiles}", "profiles, vai: x}"),
        }
    )
    found = problems(root)
    assert [f"{p.path}:{p.line}:{p.column}" for p in found] == [
        "syncer.yaml:1:16",
        "specs/a.yaml:1:11",
        "specs/b.yaml:5:19",
        "specs/c.yaml:3:28",
    ]
    assert found[2].source_line == "retry: {attempts: 0}"
    assert str(InvalidInput(found)) == "4 problems in the specs or settings"


def test_the_digest_is_of_what_a_spec_means(write_project: WriteProject) -> None:
    """Layout, comments and written-out defaults do not change the digest; a changed default of the project does."""
    root = write_project({"specs/a.yaml": MINIMAL})
    (first,) = load(root).specs
    write_project(
        {"specs/a.yaml": "# c\n" + MINIMAL.replace("{a: email}", "\n  a: {to: email}") + "retry: {attempts: 3}\n"}
    )
    (same,) = load(root).specs
    write_project({"syncer.yaml": "defaults: {retry: {attempts: 2}}", "specs/a.yaml": MINIMAL + "retry: {}\n"})
    (other,) = load(root).specs
    assert first.digest == same.digest != other.digest
    assert len(first.digest) == 64


NEIGHBOURS = [
    ({"a": "", "b": "name: a\n"}, ["b.yaml:1:7 the name 'a' is taken by specs/a.yaml"]),
    ({"a": "", "b": "name: A\n"}, ["b.yaml:1:7 case does not count"]),
    ({"x/a": "", "y/a": ""}, ["y/a.yaml:1:1 the name 'a' is taken by specs/x/a.yaml"]),
    ({"a": "", "b": "formerly: [a]\n"}, ["b.yaml:1:12 'a' is the name of a living spec, specs/a.yaml"]),
    ({"a": "formerly: [old]\n", "b": "formerly: [x, Old]\n"}, ["b.yaml:1:15 claimed by specs/a.yaml too"]),
    ({"a": "depends_on: [bb]\n", "b": ""}, ["a.yaml:1:14 no spec is called 'bb' (did you mean 'b'?)"]),
    ({"a": "depends_on: [old]\n", "b": "formerly: [old]\n"}, ["a.yaml:1:14 it is called 'b' now"]),
    ({"a": "depends_on: [b]\n", "b": "depends_on: [a]\n"}, ["a.yaml:1:14 in a circle: a -> b -> a"]),
    (
        {"c": "depends_on: [a]\n", "a": "depends_on: [b]\n", "b": "depends_on: [d, c]\n", "d": ""},
        ["a.yaml:1:14 in a circle: a -> b -> c -> a"],
    ),
    ({"a": "depends_on: [b]\n", "b": "maping: x\n"}, ["b.yaml:1:1 unknown key 'maping'"]),
]


@pytest.mark.parametrize(("specs", "expected"), NEIGHBOURS, ids=range(len(NEIGHBOURS)))
def test_rules_between_specs(specs: dict[str, str], expected: list[str], write_project: WriteProject) -> None:
    """Names, renames and dependencies are checked across files, without echoes of a file that is broken itself."""
    root = write_project(
        {f"specs/{name}.yaml": head + MINIMAL.replace("a.csv", f"{name}.csv") for name, head in specs.items()}
    )
    found = lines(root)
    assert len(found) == len(expected), found
    for line, wanted in zip(found, expected, strict=True):
        place, _, fragment = wanted.partition(" ")
        assert line.startswith(f"specs/{place}: "), line
        assert fragment in line


def test_a_long_chain_of_dependencies(write_project: WriteProject) -> None:
    """A chain of 1,500 specs is walked without recursion."""
    files = {f"specs/s{n}.yaml": f"depends_on: [s{n + 1}]\n{MINIMAL.replace('a.csv', f'{n}.csv')}" for n in range(1500)}
    root = write_project({**files, "specs/s1500.yaml": MINIMAL})
    assert len(load(root).specs) == 1501


def test_two_specs_that_import_the_same_files(write_project: WriteProject) -> None:
    """Reading the same files into the same object twice is a warning, and into two objects is nothing."""
    root = write_project(
        {"specs/a.yaml": MINIMAL, "specs/b.yaml": MINIMAL, "specs/c.yaml": MINIMAL.replace("profiles", "people")}
    )
    (warning,) = load(root).warnings
    assert str(warning).startswith("specs/b.yaml:2:15: specs/a.yaml imports the same files into 'profiles'")


def test_local_roots_widen_what_may_be_read(write_project: WriteProject) -> None:
    """A folder outside the project may be read once allow.local_roots names it, and its neighbours still not."""
    root = write_project(
        {
            "syncer.yaml": "allow: {local_roots: [., ../shared, /mnt/drop]}",
            "specs/a.yaml": MINIMAL.replace("data/a.csv", "[../shared/a.csv, /mnt/drop/x/b.csv, data/c.csv]"),
        }
    )
    assert len(load(root).specs) == 1
    write_project({"specs/a.yaml": MINIMAL.replace("data/a.csv", "[../shared2/a.csv, /mnt/drop/../b.csv]")})
    assert ["is in no allowed folder" in line for line in lines(root)] == [True, True]


def test_a_protocol_that_the_project_forbids(write_project: WriteProject) -> None:
    """allow.protocols is the whole list of what may be read."""
    root = write_project({"syncer.yaml": "allow: {protocols: [s3]}", "specs/a.yaml": MINIMAL})
    (line,) = lines(root)
    assert "the protocol file:// is not allowed" in line
    assert "allowed here: s3; see allow.protocols in syncer.yaml" in line


def test_what_is_not_supported_cannot_be_allowed(write_project: WriteProject) -> None:
    """The list chooses among the stores that there are."""
    spec = MINIMAL.replace("data/a.csv", "https://example.com/a.csv")
    (line,) = lines(write_project({"syncer.yaml": "allow: {protocols: [https]}", "specs/a.yaml": spec}))
    assert "sources at https:// are not supported" in line


def test_every_kind_of_store(write_project: WriteProject) -> None:
    """All spellings of one store's URLs go with one connection, and names of markers may follow the data's."""
    uris = "[az://c/*.csv, abfs://c/*.csv, abfss://c@acme.dfs.core.windows.net/*.csv]"
    more = "connection: lake, ready: {marker: '{file.stem}.ok', min_age: 10m}"
    root = write_project(
        {
            "syncer.yaml": "connections: {lake: {protocol: abfs}}",
            "specs/a.yaml": MINIMAL.replace("data/a.csv", f"{uris}, {more}"),
            "specs/b.yaml": MINIMAL.replace("data/a.csv", "'gs://b/{date}/*.csv', ready: {marker: _SUCCESS}"),
            "specs/c.yaml": MINIMAL.replace("data/a.csv", "s3://b/*.csv, ready: {marker: '{file.name}.done'}"),
        }
    )
    project = load(root)
    assert (len(project.specs), project.warnings) == (3, ())


@pytest.mark.parametrize(("uri", "noted"), [("data/*.csv", True), ("[data/*.csv, s3://b/*.csv]", False)])
def test_an_age_that_no_file_has_is_noted(uri: str, noted: bool, write_project: WriteProject) -> None:
    """On local files `min_age` has no effect, and whoever writes it should know."""
    spec = MINIMAL.replace("data/a.csv", f"{uri}, ready: {{min_age: 10m}}")
    warnings = [str(warning) for warning in load(write_project({"specs/a.yaml": spec})).warnings]
    assert len(warnings) == noted
    if noted:
        assert "specs/a.yaml:2:35: min_age has no effect on local files" in warnings[0]


def test_an_age_for_all_specs_is_not_noted_at_each(write_project: WriteProject) -> None:
    """A default of the project is for those that it suits."""
    defaults = "defaults: {source: {ready: {min_age: 10m}}}"
    assert load(write_project({"syncer.yaml": defaults, "specs/a.yaml": MINIMAL})).warnings == ()


def test_a_project_without_specs(write_project: WriteProject) -> None:
    """An empty project is valid."""
    assert load(write_project({})).specs == ()


def test_many_specs(write_project: WriteProject) -> None:
    """Specs load in well under 10 ms each even on a busy machine; the budget is about half a millisecond."""
    files = {f"specs/s{n}.yaml": MINIMAL.replace("a.csv", f"{n}.csv") for n in range(300)}
    root = write_project(files)
    started = time.process_time()
    assert len(load(root).specs) == 300
    assert time.process_time() - started < 3


def test_an_ending_in_capitals_counts(write_project: WriteProject) -> None:
    """A file that somebody means as a spec is never left out in silence."""
    root = write_project({"specs/crm.YAML": MINIMAL, "specs/web.Yml": MINIMAL})
    assert [loaded.spec.name for loaded in load(root).specs] == ["crm", "web"]
