"""Tests in specs: where they may stand, what is wrong with them, and that they are no part of what is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from syncer.model.identity import preparation_digest
from syncer.spec.load import LoadedSpec, load_project, spec_files, validate_documents
from syncer.spec.usable import load_usable

WriteProject = Callable[[Mapping[str, str]], Path]

SPEC = """\
version: 1
source: {uri: in/*.csv}
target: {object: profiles}
mapping: {a: email}
"""
TESTS = """\
tests:
  - name: one
    rows: [{a: x}]
    expect: {rejected: 0}
"""


def loaded(root: Path) -> LoadedSpec:
    (spec,) = load_project(root, environ={}).specs
    return spec


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in validate_documents(root, environ={})]


@pytest.mark.parametrize(
    "files",
    [{"specs/crm.yaml": SPEC + TESTS}, {"specs/crm.yaml": SPEC, "specs/crm.tests.yaml": TESTS}],
    ids=["inside", "beside"],
)
def test_a_test_changes_no_digest(files: dict[str, str], write_project: WriteProject) -> None:
    """Neither the digest that guards plans and permits nor that of the preparation knows of tests."""
    bare = loaded(write_project({"specs/crm.yaml": SPEC}))
    tested = loaded(write_project(files))

    assert [test.name for test in tested.spec.tests] == ["one"]
    assert tested.digest == bare.digest
    assert preparation_digest(tested.spec, 1) == preparation_digest(bare.spec, 1)


def test_a_file_of_tests_is_no_spec(write_project: WriteProject) -> None:
    """It counts as none, also where only what is usable is looked at."""
    root = write_project({"specs/crm.yaml": SPEC, "specs/crm.tests.yaml": TESTS, "specs/CRM2.Tests.YML": TESTS})

    assert [path for _, path in spec_files(root)] == ["specs/crm.yaml"]
    usable = load_usable(root, environ={})
    assert usable is not None
    assert [each.path for each in usable.specs] == ["specs/crm.yaml"]


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ("- x\n", "specs/crm.tests.yaml:1:1: expected a mapping, found a list (begin with `tests:`)"),
        ("test: []\n", "specs/crm.tests.yaml:1:1: unknown key 'test' (did you mean 'tests'?)"),
        ("tests: [}\n", "specs/crm.tests.yaml:1:9: not valid YAML"),
        (TESTS.replace("rows", "row"), "specs/crm.tests.yaml:3:5: unknown key 'row' (did you mean 'rows'?)"),
        (TESTS.replace("{a: x}", "{a: 5}"), "specs/crm.tests.yaml:3:16: a CSV file holds nothing but text (quote it"),
        (TESTS.replace("rejected: 0", "rejected: x"), "specs/crm.tests.yaml:4:24: expected a whole number or a list"),
        (TESTS.replace("rejected: 0", ""), "specs/crm.tests.yaml:4:13: nothing is expected"),
        (TESTS.replace("0}", "0, refused: x}"), "specs/crm.tests.yaml:4:27: of a file that is refused nothing is left"),
        (TESTS + "    file: x.csv\n", "specs/crm.tests.yaml:2:5: a test has either rows or a file"),
        (TESTS.replace("rows: [{a: x}]", "file: s3://b/x.csv"), "specs/crm.tests.yaml:3:11: a test reads nothing over"),
        (TESTS.replace("rows: [{a: x}]", "file: /x.csv"), "specs/crm.tests.yaml:3:11: '/x.csv' is outside the project"),
        (TESTS + "    suppress: [x]\n", "specs/crm.tests.yaml:5:5: the spec suppresses nothing"),
        (TESTS + "    date: 0026-01-01\n", "specs/crm.tests.yaml:5:11: the year 0026 is not between"),
        (TESTS + TESTS[7:], "specs/crm.tests.yaml:5:11: another test is called 'one'"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(beside: str, expected: str, write_project: WriteProject) -> None:
    """Every problem of a file beside a spec has that file's own line and column."""
    root = write_project({"specs/crm.yaml": SPEC, "specs/crm.tests.yaml": beside})
    (found,) = problems(root)
    assert found.startswith(expected)


def test_tests_stand_in_one_place(write_project: WriteProject) -> None:
    """A file without its spec, tests in both files, and two files for one spec are all told."""
    root = write_project(
        {
            "specs/crm.yaml": SPEC + TESTS,
            "specs/crm.tests.yaml": TESTS,
            "specs/crm.tests.yml": TESTS,
            "specs/gone.tests.yaml": TESTS,
        }
    )
    assert problems(root) == [
        "specs/crm.tests.yaml:1:1: the spec has tests itself (keep them all in one of the two files)",
        "specs/crm.tests.yml:1:1: specs/crm.tests.yaml has tests of the same spec (join the two)",
        "specs/gone.tests.yaml:1:1: there is no spec specs/gone.yaml to these tests (name the file like its spec)",
    ]


def test_a_broken_spec_still_owns_its_tests(write_project: WriteProject) -> None:
    """A spec that cannot be read is the one problem: its tests are not said to belong to nobody."""
    root = write_project({"specs/crm.yaml": "version: [", "specs/crm.tests.yaml": TESTS})
    (found,) = problems(root)
    assert found.startswith("specs/crm.yaml:1:")


def test_values_of_json_rows_are_of_any_type(write_project: WriteProject) -> None:
    """Only a CSV file holds nothing but text."""
    root = write_project({"specs/crm.yaml": SPEC.replace(".csv", ".jsonl.gz") + TESTS.replace("{a: x}", "{a: [5]}")})
    assert loaded(root).spec.tests[0].rows == ({"a": [5]},)
