"""Rules of `tests`: each has one source file, says what must come out of it, and has a name of its own."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.model.files import FORMAT_BY_EXTENSION
from syncer.model.spec import Spec
from syncer.model.spec_tests import Expectation, SpecTest
from syncer.settings import Settings
from syncer.spec.fault import Fault
from syncer.spec.rules.paths import local_path_fault
from syncer.spec.rules.sources import implausible
from syncer.spec.yaml_values import Keys


def test_faults(spec: Spec, settings: Settings | None) -> Iterator[Fault]:
    named: set[str] = set()
    for number, test in enumerate(spec.tests):
        keys: Keys = ("tests", number)
        if test.name in named:
            yield Fault((*keys, "name"), f"another test is called {test.name!r}", "give each its own name")
        named.add(test.name)
        yield from _source_faults(test, keys, settings)
        yield from _expectation_faults(test.expect, (*keys, "expect"))
        if is_text(spec) and test.rows is not None:
            yield from _cell_faults(test, (*keys, "rows"))
        if test.date is not None and (fault := implausible(test.date, (*keys, "date"))) is not None:
            yield fault
        if test.suppress and spec.suppress is None:
            yield Fault((*keys, "suppress"), "the spec suppresses nothing", "add `suppress` to it", of_key=True)


def is_text(spec: Spec) -> bool:
    """Whether the spec's own source files are CSV, in which there is nothing but text."""
    if spec.source.format is not None:
        return spec.source.format == "csv"
    names = [uri.lower().removesuffix(".gz") for uri in spec.source.uris]
    return all(FORMAT_BY_EXTENSION.get("." + name.rpartition(".")[2]) == "csv" for name in names)


def _source_faults(test: SpecTest, keys: Keys, settings: Settings | None) -> Iterator[Fault]:
    if (test.rows is None) == (test.file is None):
        yield Fault(keys, "a test has either rows or a file", "give its source file in one of the two ways")
    if test.file is not None and "://" in test.file:
        yield Fault((*keys, "file"), "a test reads nothing over the network", "put the file beside the spec")
    elif test.file is not None and test.file.startswith(("/", "~")):
        fault = local_path_fault(test.file, (*keys, "file"), settings)
        if fault is not None:
            yield fault


def _expectation_faults(expect: Expectation, keys: Keys) -> Iterator[Fault]:
    others = [name for name in ("rows", "rejected", "suppressed", "quarantined") if getattr(expect, name) is not None]
    if expect.refused is not None and others:
        message = f"of a file that is refused nothing is left to expect: {', '.join(others)}"
        yield Fault((*keys, "refused"), message, "keep one of the two", of_key=True)
    if expect.refused is None and not others:
        yield Fault(keys, "nothing is expected", "say what must come out, such as `rows: […]` or `rejected: 0`")


def _cell_faults(test: SpecTest, keys: Keys) -> Iterator[Fault]:
    for number, row in enumerate(test.rows or ()):
        for column, value in row.items():
            if value is not None and not isinstance(value, str):
                yield Fault(
                    (*keys, number, column), "a CSV file holds nothing but text", "quote it, as the file has it"
                )
