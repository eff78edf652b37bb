"""Templates: a closed set of fields and no expression language.

`{spec}`, `{date:%Y-%m}`, `{file.name}`, `{file.stem}`, `{file.digest:8}`, `{import}` and `{run}`. What a template
becomes is decided by the import alone, so a name or a batch value can be computed again on any machine.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from syncer.model.files import SourceFile

NAMES: Final = ("spec", "date", "file.name", "file.stem", "file.digest", "import", "run")
DEFAULT_DATE_FORMAT: Final = "%Y-%m-%d"

_FIELD = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<format>[^{}]*))?\}")
_DIGEST_LENGTH = re.compile(r"[1-9]|[1-5][0-9]|6[0-4]")  # a SHA-256 has 64 hex digits
_DIRECTIVES: Final[Mapping[str, str]] = {
    "%Y": r"(?P<Y>[0-9]{4})",
    "%m": r"(?P<m>0[1-9]|1[0-2])",
    "%d": r"(?P<d>0[1-9]|[12][0-9]|3[01])",
    "%j": r"(?P<j>[0-9]{3})",
    "%H": r"(?:[01][0-9]|2[0-3])",
    "%M": r"(?:[0-5][0-9])",
    "%S": r"(?:[0-5][0-9])",
}


@dataclass(frozen=True, slots=True)
class Values:
    """Everything a template may name. `date` is the file's own date where its path has one, else the run's."""

    spec: str
    date: date
    file: SourceFile
    import_id: str
    run: str


def problem(template: str, allowed: tuple[str, ...] = NAMES) -> str | None:
    """Say what is wrong with the template, or None. Only the fields named in `allowed` may stand in it."""
    remainder = _FIELD.sub("", template)
    if "{" in remainder or "}" in remainder:
        return f"unbalanced brace in {template!r}"
    for match in _FIELD.finditer(template):
        name, given = match["name"], match["format"]
        if name not in allowed:
            known = ", ".join("{" + n + "}" for n in allowed)
            return f"unknown template field {{{name}}}; known here: {known}"
        if (fault := _format_problem(name, given)) is not None:
            return fault
    return None


def _format_problem(name: str, given: str | None) -> str | None:
    if given is None:
        return None
    if name == "file.digest":
        return None if _DIGEST_LENGTH.fullmatch(given) else "{file.digest:N} takes a length from 1 to 64"
    if name != "date":
        return f"{{{name}}} takes no format"
    unknown = [d for d in re.findall(r"%.?", given) if d not in _DIRECTIVES]
    if unknown:
        return f"{{date}} knows {' '.join(_DIRECTIVES)}, not {unknown[0]}"
    return None if "%" in given else "{date:…} needs a format such as %Y-%m-%d"


def render(template: str, values: Values) -> str:
    """Fill the template. It must have passed `problem`; an unknown field raises KeyError."""
    fields: dict[str, Callable[[str | None], str]] = {
        "spec": lambda _: values.spec,
        "date": lambda form: _formatted(values.date, form or DEFAULT_DATE_FORMAT),
        "file.name": lambda _: values.file.name,
        "file.stem": lambda _: values.file.stem,
        "file.digest": lambda length: values.file.fingerprint.partition(":")[2][: int(length or 64)],
        "import": lambda _: values.import_id,
        "run": lambda _: values.run,
    }
    return _FIELD.sub(lambda match: fields[match["name"]](match["format"]), template)


def _formatted(day: date, form: str) -> str:
    """Write the day as the directives say. `strftime` leaves the width of early years to the platform."""
    written = {"%Y": f"{day.year:04}", "%m": f"{day.month:02}", "%d": f"{day.day:02}", "%j": f"{day:%j}"}
    return re.sub(r"%.", lambda directive: written.get(directive.group(), "00"), form)


def uses(template: str, name: str) -> bool:
    """Whether the template names this field."""
    return any(match["name"] == name for match in _FIELD.finditer(template))


def date_as_glob(uri: str) -> str:
    """Turn every `{date:…}` of a source URI into a glob: `dt={date:%Y-%m-%d}/*.csv` → `dt=????-??-??/*.csv`."""
    widths = {"%Y": 4, "%j": 3}

    def wildcard(match: re.Match[str]) -> str:
        form = match["format"] or DEFAULT_DATE_FORMAT
        return re.sub(r"%.", lambda d: "?" * widths.get(d.group(), 2), form)

    return _FIELD.sub(wildcard, uri)


def date_in_path(uri: str, path: str) -> date | None:
    """Read the day that `{date:…}` stands for in a path that the URI's glob matched.

    None means that the URI has no date, or that the path is no real day there (`2026-02-30`), or that two dates of
    one path disagree: such a path does not belong to the source. `*` never crosses a `/`, `**` does.
    """
    match = _path_pattern(uri).fullmatch(path)
    if match is None:
        return None
    found: dict[str, int] = {}
    for group, digits in match.groupdict().items():
        if found.setdefault(group[0], int(digits)) != int(digits):
            return None
    return _day(found)


@lru_cache(maxsize=256)
def _path_pattern(uri: str) -> re.Pattern[str]:
    """Compile the URI to a regular expression in which every date directive is a group of its own (`Y_0`, `m_1`, …)."""
    pieces: list[str] = []
    position = 0
    for match in _FIELD.finditer(uri):
        pieces.append(_glob_pattern(uri[position : match.start()]))
        pieces.append(_date_pattern(match["format"] or DEFAULT_DATE_FORMAT))
        position = match.end()
    pieces.append(_glob_pattern(uri[position:]))
    numbers = itertools.count()
    return re.compile(re.sub(r"\(\?P<([A-Za-z])>", lambda m: f"(?P<{m[1]}_{next(numbers)}>", "".join(pieces)))


def _date_pattern(form: str) -> str:
    return "".join(_DIRECTIVES.get(piece) or re.escape(piece) for piece in re.split(r"(%.)", form))


def _glob_pattern(text: str) -> str:
    wildcards = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\])", text)
    return "".join(
        wildcards.get(piece) or (_character_class(piece) if index % 2 else re.escape(piece))
        for index, piece in enumerate(pieces)
    )


def _character_class(glob: str) -> str:
    """Read `[ab]` as the listing does, which never lets it stand for a `/`."""
    anchored = fnmatch.translate(glob)
    return "(?!/)" + anchored[: anchored.rindex(")") + 1]


def _day(found: Mapping[str, int]) -> date | None:
    if "Y" not in found:
        return None
    try:
        if "j" in found:
            day = date.fromordinal(date(found["Y"], 1, 1).toordinal() + found["j"] - 1)
        else:
            day = date(found["Y"], found.get("m", 1), found.get("d", 1))
    except ValueError:
        return None
    said = {"Y": day.year, "m": day.month, "d": day.day}
    return day if all(said[part] == number for part, number in found.items() if part in said) else None
