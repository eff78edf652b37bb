"""What became of the tests of specs, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style


class Difference(Protocol):
    """One thing that did not come out as expected, as `syncer.operations.spec_tests_compare` tells it."""

    @property
    def where(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def actual(self) -> str: ...


class SpecTestOutcome(Protocol):
    """One test that was run, as `syncer.operations.spec_tests` tells it."""

    @property
    def spec(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def differences(self) -> Sequence[Difference]: ...
    @property
    def passed(self) -> bool: ...


_NONE: Final = "No tests: write some under `tests:` in a spec, or in a file SPEC.tests.yaml beside it."


def results_text(outcomes: Sequence[SpecTestOutcome], *, style: Style = PLAIN) -> str:
    """Return a line a test; below one that failed, what is different, and a last line that sums up."""
    lines = []
    for outcome in outcomes:
        place = f"{shown(outcome.path)}:{outcome.line}"
        told = f"{shown(outcome.spec)}: {shown(outcome.name)}"
        if outcome.passed:
            lines.append(f"{style.green('passed')}  {told}  {style.dim(place)}")
            continue
        lines.append(f"{style.red('FAILED')}  {told}  {style.bold(place)}")
        for each in outcome.differences:
            lines += [
                f"    {shown(each.where)}",
                f"      expected  {style.green(shown(each.expected))}",
                f"      actual    {style.red(shown(each.actual))}",
            ]
    return "\n".join([*lines, style.bold(summary(outcomes))])


def summary(outcomes: Sequence[SpecTestOutcome]) -> str:
    """Return the last line: "3 tests: 2 passed, 1 failed."."""
    if not outcomes:
        return _NONE
    failed = sum(not outcome.passed for outcome in outcomes)
    told = f"{len(outcomes) - failed} passed, {failed} failed" if failed else "all passed"
    return f"{counted(len(outcomes), 'test')}: {told}."


def results_json(outcomes: Sequence[SpecTestOutcome], exit_code: int) -> str:
    return json_text(
        {
            "exit_code": exit_code,
            "tests": [
                {
                    "spec": outcome.spec,
                    "name": outcome.name,
                    "path": outcome.path,
                    "line": outcome.line,
                    "passed": outcome.passed,
                    "differences": [
                        {"where": each.where, "expected": each.expected, "actual": each.actual}
                        for each in outcome.differences
                    ],
                }
                for outcome in outcomes
            ],
        }
    )


def results_markdown(outcomes: Sequence[SpecTestOutcome]) -> str:
    rows = []
    for outcome in outcomes:
        place = code(f"{outcome.path}:{outcome.line}")
        told = [
            f"{escaped(each.where)}: expected {code(each.expected)}, actual {code(each.actual)}"
            for each in outcome.differences
        ]
        result = "passed" if outcome.passed else "**failed**"
        rows.append((escaped(outcome.spec), escaped(outcome.name), place, result, "<br>".join(told)))
    head = ("spec", "test", "where", "result", "differences")
    return "\n".join([f"**{escaped(summary(outcomes))}**", *(["", *table(head, rows)] if rows else [])])
