"""What a look at a source file tells before it is prepared: how many rows it has, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowEstimate:
    """A number of rows: counted if `exact`, else estimated from a sample, and never to be taken for what is sent."""

    rows: int
    exact: bool

    def __add__(self, other: RowEstimate) -> RowEstimate:
        return RowEstimate(self.rows + other.rows, self.exact and other.exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was learnt of one version of a file. `problem` says why its `rows` are not known, where they are None.

    `separated_by` names what the header's columns are separated by (`semicolons`) where it is not what the spec says,
    or no comma where the spec leaves it open. `encoding` is that of a CSV file which is not UTF-8. Both are "" for a
    file of which only the size was seen.
    """

    rows: RowEstimate | None = None
    problem: str = ""
    separated_by: str = ""
    encoding: str = ""
