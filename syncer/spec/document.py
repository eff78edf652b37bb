"""One YAML file as plain values, and the place of every key and value in it.

YAML is read by the 1.2 core schema: `yes`, `no`, `on` and `off` are text, `2026-11-01` is text, octal numbers are `0o17`. What
people write by accident and YAML takes in silence is a problem here: a key that stands twice, a number with a leading zero, a
second document, tags, merge keys, and aliases that expand without bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncer.errors import Problem

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
"""How many keys and values one file may have once its aliases are expanded."""

Path_ = tuple[str | int, ...]
"""Keys and list indexes from the top of the document: `("mapping", "phone", "clean", 0)`."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_PLAIN: Final = "plain"
_QUOTED: Final = "quoted"


class _Fault(Exception):  # noqa: N818 - control flow inside this module
    """The file cannot be read any further."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.index, self.message, self.hint = index, message, hint


class _Nodes(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
    """Composes nodes, tells plain from quoted scalars, and stops at a depth that no spec has.

    libyaml composes by recursion in C and would take the process down on a file of opening brackets.
    """

    depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:  # noqa: ANN401, ARG002 - PyYAML's hook
        return _PLAIN if kind is ScalarNode and implicit[0] else _QUOTED

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:  # noqa: ANN401, ARG002 - PyYAML's hook
        self.depth += 1
        if self.depth > MAX_DEPTH:
            at = current_node.start_mark.index if current_node is not None else 0
            raise _Fault(at, f"nested deeper than {MAX_DEPTH} levels")

    def ascend_resolver(self) -> None:
        self.depth -= 1


@dataclass(frozen=True)
class Document:
    """A parsed file. `value` is what it says, `problems` what is wrong with it as YAML; `value` is None when nothing can be read."""

    path: str
    text: str = field(repr=False)
    value: Any
    problems: tuple[Problem, ...] = ()

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _marks(self) -> dict[Path_, tuple[int, int]]:
        """Index of the key and of the value for every path. Built on demand: a good file never needs it."""
        marks: dict[Path_, tuple[int, int]] = {}
        try:
            node = _compose(self.text)
        except (_Fault, yaml.YAMLError):
            return marks
        if node is not None:
            marks.update(_walk_marks((), node, node))
        return marks

    def has(self, path: Path_) -> bool:
        return path in self._marks

    def locate(self, path: Path_, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at `path` (or of its key); of the nearest level above if it is not there."""
        for length in range(len(path), -1, -1):
            found = self._marks.get(path[:length])
            if found is not None:
                return self._position(found[0] if of_key or length < len(path) else found[1])
        return (1, 1)

    def problem(self, path: Path_, message: str, hint: str = "", *, of_key: bool = False) -> Problem:
        return self.problem_at(self.locate(path, of_key=of_key), message, hint)

    def problem_at(self, position: tuple[int, int], message: str, hint: str = "") -> Problem:
        line, column = position
        source_line = self._lines[line - 1] if line <= len(self._lines) else ""
        return Problem(self.path, line, column, message, source_line[:200], hint)

    def _position(self, index: int) -> tuple[int, int]:
        index = min(index, len(self.text))
        return self.text.count("\n", 0, index) + 1, index - (self.text.rfind("\n", 0, index) + 1) + 1


def read_document(file: Path, path: str) -> Document:
    """Read one file; `path` is how problems name it. Never raises for what the file holds, nor for one that cannot be opened."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        return _unreadable(path, f"cannot be read: {error.strerror or type(error).__name__}")
    return parse_document(raw, path)


def parse_document(raw: bytes, path: str) -> Document:
    """Parse the bytes of one file."""
    if len(raw) > MAX_BYTES:
        return _unreadable(path, f"larger than {MAX_BYTES // 10**6} MB, which no spec is", "is this a data file?")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _unreadable(path, "not UTF-8 (it looks like UTF-16)", "save the file as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = Document(path, raw[: error.start].decode("utf-8-sig", "replace"), None)
        fault = good.problem_at(good._position(len(good.text)), "not UTF-8", "save the file as UTF-8")  # noqa: SLF001 - same class's module
        return Document(path, good.text, None, (fault,))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _parse(path, text)


def _unreadable(path: str, message: str, hint: str = "") -> Document:
    return Document(path, "", None, (Problem(path, 1, 1, message, "", hint),))


def _parse(path: str, text: str) -> Document:
    try:
        node = _compose(text)
        if node is None:
            raise _Fault(0, "the file is empty", "a spec needs at least version, source, target and mapping")
        builder = _Builder()
        value = builder.build(node)
    except _Fault as fault:
        return _with_faults(path, text, None, [fault])
    except yaml.YAMLError as error:
        return _with_faults(path, text, None, [_explain_syntax(text, error)])
    return _with_faults(path, text, value, builder.faults) if builder.faults else Document(path, text, value)


def _with_faults(path: str, text: str, value: Any, faults: list[_Fault]) -> Document:  # noqa: ANN401 - parsed YAML
    bare = Document(path, text, value)
    problems = tuple(bare.problem_at(bare._position(f.index), f.message, f.hint) for f in faults)  # noqa: SLF001 - same class's module
    return Document(path, text, value, problems)


def _compose(text: str) -> Node | None:
    nodes = _Nodes(text)
    try:
        root = nodes.get_node() if nodes.check_node() else None
        if root is not None and nodes.check_node():
            second = nodes.get_node()
            raise _Fault(second.start_mark.index, "a second document in one file", "give each spec a file of its own")
    finally:
        nodes.dispose()
    return root if root is None or not _is_nothing(root) else None


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _PLAIN and node.value == ""


class _Builder:
    """Turns nodes into values and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.faults: list[_Fault] = []
        self._built: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._size = 0

    def build(self, node: Node) -> Any:  # noqa: ANN401 - parsed YAML
        """Return the node's value. An aliased node is built once and shared; its size counts each time."""
        if isinstance(node, ScalarNode):
            self._size += 1
            return self._scalar(node)
        known = self._built.get(id(node))
        if known is not None:
            self._grow(known[1], node)
            return known[0]
        if id(node) in self._open:
            raise _Fault(node.start_mark.index, "an alias that contains itself")
        self._open.add(id(node))
        before = self._size
        value = self._mapping(node) if isinstance(node, MappingNode) else [self.build(below) for below in node.value]
        self._grow(1, node)
        self._built[id(node)] = (value, self._size - before)
        self._open.discard(id(node))
        if node.tag not in (_QUOTED, _PLAIN):
            self._check_tag(node)
        return value

    def _grow(self, size: int, node: Node) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            raise _Fault(node.start_mark.index, f"more than {MAX_VALUES} values once aliases are expanded")

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        values: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in first:
                line = first[key].start_mark.line + 1
                self._fault(key_node, f"duplicate key {key!r}, first given in line {line}", "keep one of the two")
            elif key is not None:
                first[key] = key_node
            value = self.build(value_node)
            if key is not None:
                values.setdefault(key, value)
        return values

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._fault(node, "a key must be text, not a list or a mapping")
            return None
        if node.tag == _PLAIN and node.value == "<<":
            self._fault(node, "merge keys are not supported", "put what specs share under `defaults` in syncer.yaml")
            return None
        key = self._scalar(node)
        if not isinstance(key, str):
            self._fault(node, f"a key must be text, found {describe(key)}", f'quote it: "{node.value}"')
            return None
        return key

    def _scalar(self, node: ScalarNode) -> str | bool | int | float | None:
        if node.tag == _QUOTED:
            return self._text(node)
        if node.tag != _PLAIN:
            self._check_tag(node)
            if node.tag.endswith(":str"):
                return self._text(node)
        text: str = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if not (text[0] in "+-." or text[0].isdigit()):
            return self._text(node)
        return self._number(node, text)

    def _number(self, node: ScalarNode, text: str) -> str | int | float:
        if _SPECIAL_FLOAT.fullmatch(text):
            self._fault(node, f"{text} is not a number that can be sent", f'quote it if it is text: "{text}"')
            return text
        if _INTEGER.fullmatch(text):
            if (
                text.lstrip("+-").lstrip("0") != text.lstrip("+-")
                and len(text.lstrip("+-")) > 1
                and text[1] not in "ox"
            ):
                self._fault(node, f"{text} would lose its leading zero", f'quote it: "{text}"')
                return text
            if len(text) > 100:  # noqa: PLR2004 - far past any integer a field can hold
                self._fault(node, "a number of more than 100 digits", "quote it if it is text")
                return text
            return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
        if not _FLOAT.fullmatch(text):
            return text
        number = float(text)
        if math.isinf(number):
            self._fault(node, f"{text} is too large a number", f'quote it if it is text: "{text}"')
        return number

    def _text(self, node: ScalarNode) -> str:
        text: str = node.value
        if text.isascii():
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode(
                "utf-16"
            )  # "\uD83D\uDE00" is one character, as in JSON
        except UnicodeDecodeError:
            self._fault(node, "half of a surrogate pair is not a character")
            return text.encode("utf-8", "replace").decode()

    def _check_tag(self, node: Node) -> None:
        if node.tag not in _CORE_TAGS:
            self._fault(node, f"tags such as {node.tag} are not supported")

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.faults.append(_Fault(node.start_mark.index, message, hint))


def _walk_marks(path: Path_, key: Node, node: Node) -> Iterator[tuple[Path_, tuple[int, int]]]:
    yield path, (key.start_mark.index, node.start_mark.index)
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and key_node.value not in seen:
                seen.add(key_node.value)
                yield from _walk_marks((*path, key_node.value), key_node, value_node)
    elif isinstance(node, SequenceNode):
        for number, below in enumerate(node.value):
            yield from _walk_marks((*path, number), below, below)


def _explain_syntax(text: str, error: yaml.YAMLError) -> _Fault:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML forbids; the reader counts it in `position`
        return _Fault(_forbidden_character(text), "a control character, which YAML does not allow", "remove it")
    index = min(mark.index, len(text))
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _Fault(start + line.index("\t"), "a tab cannot indent YAML", "use spaces")
    said = str(getattr(error, "problem", "") or "invalid YAML")
    context = str(getattr(error, "context", "") or "")
    hint = _SYNTAX_HINTS.get(said, "")
    if "mapping values are not allowed" in said:
        hint = "quote a text that holds a colon, and check the indentation"
    return _Fault(index, f"not valid YAML: {said}" + (f" {context}" if context else ""), hint)


_SYNTAX_HINTS: Final[Mapping[str, str]] = {
    "found character that cannot start any token": "quote a text that begins with % @ or `",
    "found undefined alias": "quote a text that begins with *, such as a glob",
    "did not find expected key": "check the indentation of this line and the one above",
    "could not find expected ':'": "a key needs a colon and a space after it",
    "did not find expected ',' or ']'": "close the list with ]",
    "did not find expected ',' or '}'": "close the mapping with }; quote a text that begins with {",
    "found unexpected end of stream": "a quote is opened and never closed",
}


def _forbidden_character(text: str) -> int:
    found = re.search(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return found.start() if found else 0


def describe(value: object) -> str:
    """Name the kind of a YAML value for people: `text`, `a number`, `a list`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"
