"""A first draft of a spec, made from a file."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The draft's text and its path in the project, and what it was made from.

    `rows` were looked at, `more` says that the file goes on. `mapped` and `unmapped` are columns; `fields_from` says
    who told the object's fields ("platform", "snapshot", or "" for nobody). `problems` are what `validate` says of it;
    `written` is False for a draft that was only shown.
    """

    path: str
    name: str
    text: str
    source: str
    rows: int
    more: bool
    mapped: tuple[str, ...]
    unmapped: tuple[str, ...]
    never_send: tuple[str, ...]
    fields_from: str
    written: bool
    problems: tuple[Problem, ...] = ()

    @property
    def exit_code(self) -> int:
        """65 for a draft that still has to be mended, else 0."""
        return 65 if self.problems else 0
