"""Tests of a spec in a file beside it: `crm.tests.yaml` holds the `tests` of `crm.yaml`, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from syncer.errors import Problem
from syncer.spec.document import Document, read_document
from syncer.spec.effective import TESTS
from syncer.spec.fault import did_you_mean
from syncer.spec.yaml_values import describe

_ENDINGS: Final = (".tests.yaml", ".tests.yml")


def is_beside(name: str) -> bool:
    """Whether a file of this name holds the tests of a spec, and is no spec itself."""
    return name.lower().endswith(_ENDINGS)


class Beside:
    """The test files of a project, by the specs that they belong to. `problems` is what is wrong with them."""

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self.problems: list[Problem] = []
        self._documents: dict[str, Document] = {}
        for file, path in files:
            document = read_document(file, path)
            other = self._documents.setdefault(_owner(path), document)
            if other is not document:
                self.problems.append(document.problem((), f"{other.path} has tests of the same spec", "join the two"))

    def take(self, document: Document) -> Document | None:
        """Return the usable tests of a spec, each test file once, and keep what is wrong with it."""
        found = self._documents.pop(document.path.rpartition(".")[0], None)
        if found is None:
            return None
        self.problems += found.problems
        own = list(_faults(found, document.value)) if found.value is not None else []
        self.problems += own
        return None if found.problems or own else found

    def check_taken(self) -> None:
        """Report the files whose spec is not there."""
        for owner, document in self._documents.items():
            message = f"there is no spec {owner}.yaml to these tests"
            self.problems.append(document.problem((), message, "name the file like its spec"))


def _owner(path: str) -> str:
    """Return a spec's path without its ending: `specs/crm` of `specs/crm.tests.yaml`."""
    return path.rpartition(".")[0].rpartition(".")[0]


def _faults(found: Document, spec: Any) -> Iterator[Problem]:  # noqa: ANN401 - a parsed document
    if not isinstance(found.value, dict):
        yield found.problem((), f"expected a mapping, found {describe(found.value)}", "begin with `tests:`")
        return
    unknown = [key for key in found.value if key != TESTS]
    for key in unknown:
        hint = did_you_mean(key, (TESTS,), otherwise="a file of tests holds nothing but `tests`")
        yield found.problem((key,), f"unknown key {key!r}", hint, of_key=True)
    if not found.value:
        yield found.problem((), f"missing key {TESTS!r}")
    elif isinstance(spec, Mapping) and TESTS in spec and not unknown:
        yield found.problem((TESTS,), "the spec has tests itself", "keep them all in one of the two files", of_key=True)
