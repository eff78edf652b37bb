"""One YAML file: what it says, and the line and column of every key and value in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from syncer.errors import Problem
from syncer.spec.yaml_values import Keys, Unreadable, YamlFault, read_places, read_values

MAX_BYTES: Final = 1_000_000
MAX_LINE: Final = 200

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")
_SIGNATURE = re.compile(r"(?i)([?&](?:sig|signature|[\w-]*token|[\w-]*key(?:id)?|x-(?:amz|goog)-[\w-]+)=)[^&\s\"']+")
_SECRET_VALUE = re.compile(
    r"(?i)((?:secret|passw|token(?!_url)|credential|bearer|(?:api|access|account|private)[_-]?key)[\w-]*[\"']?\s*[:=]\s*)"
    r"[\"']?[^\s,}\"']+[\"']?"
)


def redact(line: str) -> str:
    """Blot out what looks like a secret, so that a line can be shown in a log."""
    line = _CREDENTIALS.sub("***", line)
    line = _SIGNATURE.sub(r"\1***", line)
    return _SECRET_VALUE.sub(r"\1***", line)


@dataclass(frozen=True)
class Document:
    """A file that was read. `problems` is what is wrong with it as YAML; `value` is None when it cannot be read."""

    path: str
    text: str = field(repr=False)
    value: Any
    problems: tuple[Problem, ...] = ()

    @cached_property
    def _places(self) -> dict[Keys, tuple[int, int]]:
        """Found on demand: a good file is never asked for them, and keeping them would cost more than reading twice."""
        return read_places(self.text) if self.value is not None else {}

    def locate(self, keys: Keys, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at `keys` or of its key.

        What is not in the file is found at the nearest level above it.
        """
        for length in range(len(keys), -1, -1):
            place = self._places.get(keys[:length])
            if place is not None:
                key, value = place
                return self.position(key if of_key or length < len(keys) else value)
        return (1, 1)

    def position(self, index: int) -> tuple[int, int]:
        """Turn a number of characters into line and column, from 1."""
        index = min(index, len(self.text))
        return self.text.count("\n", 0, index) + 1, index - self.text.rfind("\n", 0, index)

    def problem(self, keys: Keys, message: str, hint: str = "", *, of_key: bool = False) -> Problem:
        """State a problem at this place of the file."""
        return self.problem_at(self.locate(keys, of_key=of_key), message, hint)

    def problem_at(self, position: tuple[int, int], message: str, hint: str = "") -> Problem:
        line, column = position
        lines = self.text.split("\n")
        source_line = lines[line - 1] if line <= len(lines) else ""
        return Problem(self.path, line, column, message, redact(source_line)[:MAX_LINE], hint)


def read_document(file: Path, path: str) -> Document:
    """Read one file; `path` is how problems name it. Never raises: not being readable is a problem too."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        return _hopeless(path, f"cannot be read: {error.strerror or type(error).__name__}")
    return parse_document(raw, path)


def parse_document(raw: bytes, path: str) -> Document:
    """Parse the bytes of one file."""
    if len(raw) > MAX_BYTES:
        return _hopeless(path, f"larger than {MAX_BYTES // 10**6} MB, which no spec is", "is this a data file?")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _hopeless(path, "not UTF-8 (it looks like UTF-16)", "save the file as UTF-8")
    try:
        text = _lines(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        text = _lines(raw.decode("utf-8-sig", "replace"))
        index = len(_lines(raw[: error.start].decode("utf-8-sig")))
        return _with_problems(path, text, None, [YamlFault(index, "not UTF-8", "save the file as UTF-8")])
    try:
        value, faults = read_values(text)
    except Unreadable as unreadable:
        return _with_problems(path, text, None, [unreadable.fault])
    return _with_problems(path, text, value, faults)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _hopeless(path: str, message: str, hint: str = "") -> Document:
    return Document(path, "", None, (Problem(path, 1, 1, message, "", hint),))


def _with_problems(path: str, text: str, value: Any, faults: Iterable[YamlFault]) -> Document:  # noqa: ANN401 - parsed YAML
    document = Document(path, text, value)
    problems = tuple(document.problem_at(document.position(f.index), f.message, f.hint) for f in faults)
    return Document(path, text, value, problems) if problems else document
