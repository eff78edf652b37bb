"""YAML text as plain values, by the 1.2 core schema: `yes`, `no`, `on` and `off` are text, and so is `2026-11-01`.

What people write by accident and YAML takes in silence is a fault here: a key that stands twice, a number with leading
zeros, a second document, tags, merge keys, and aliases that expand without bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Keys = tuple[str | int, ...]
"""Keys and list indexes from the top of a document: `("mapping", "phone", "clean", 0)`."""

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
"""How many keys and values one file may have once its aliases are expanded."""
MAX_DIGITS: Final = 100
EMPTY: Final = "the file is empty"

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_CONSTANTS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_PLAIN: Final = "plain"
_QUOTED: Final = "quoted"


@dataclass(frozen=True, slots=True)
class YamlFault:
    """What is wrong, `index` characters into the text."""

    index: int
    message: str
    hint: str = ""


class Unreadable(Exception):
    """The text cannot be read past this fault."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.fault = YamlFault(index, message, hint)


class _Nodes(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc] # chosen when imported
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
            raise Unreadable(at, f"nested deeper than {MAX_DEPTH} levels")

    def ascend_resolver(self) -> None:
        self.depth -= 1


def read_values(text: str) -> tuple[Any, list[YamlFault]]:
    """Return what the text says, and every fault that did not keep it from being read.

    Lines end in a line feed alone. Raises `Unreadable` for broken syntax, and for an empty, too deep or too large text.
    """
    node = _compose(text)
    if node is None:
        raise Unreadable(0, EMPTY, "a spec needs version, source, target and mapping")
    builder = _Builder()
    return builder.build(node), builder.faults


def read_places(text: str) -> dict[Keys, tuple[int, int]]:
    """Return the index of the key and of the value for everything in a text that `read_values` could read."""
    node = _compose(text)
    return dict(_places((), node, node)) if node is not None else {}


def _compose(text: str) -> Node | None:
    try:
        nodes = _Nodes(text)
    except yaml.YAMLError as error:  # the pure parser looks at every character before it begins
        raise _explain_syntax(text, error) from error
    try:
        root = nodes.get_node() if nodes.check_node() else None
        if root is not None and nodes.check_node():
            index = nodes.get_node().start_mark.index
            raise Unreadable(index, "a second document in one file", "give each spec a file of its own")
    except yaml.YAMLError as error:
        raise _explain_syntax(text, error) from error
    finally:
        nodes.dispose()
    is_nothing = isinstance(root, ScalarNode) and root.tag == _PLAIN and root.value == ""
    return None if is_nothing else root


def _places(keys: Keys, key: Node, node: Node) -> Iterator[tuple[Keys, tuple[int, int]]]:
    yield keys, (key.start_mark.index, node.start_mark.index)
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and key_node.value not in seen:
                seen.add(key_node.value)
                yield from _places((*keys, key_node.value), key_node, value_node)
    elif isinstance(node, SequenceNode):
        for number, below in enumerate(node.value):
            yield from _places((*keys, number), below, below)


class _Builder:
    """Turns nodes into values and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.faults: list[YamlFault] = []
        self._built: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._size = 0

    def build(self, node: Node) -> Any:  # noqa: ANN401 - parsed YAML
        """Return the node's value. An aliased node is built once and shared; its size counts each time."""
        if isinstance(node, ScalarNode):
            self._grow(1, node)
            return self._scalar(node)
        known = self._built.get(id(node))
        if known is not None:
            value, size = known
            self._grow(size, node)
            return value
        if id(node) in self._open:
            raise Unreadable(node.start_mark.index, "an alias that contains itself")
        self._open.add(id(node))
        before = self._size
        value = self._mapping(node) if isinstance(node, MappingNode) else [self.build(below) for below in node.value]
        self._grow(1, node)
        self._built[id(node)] = (value, self._size - before)
        self._open.discard(id(node))
        if node.tag != _QUOTED:
            self._check_tag(node)
        return value

    def _grow(self, size: int, node: Node) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            raise Unreadable(node.start_mark.index, f"more than {MAX_VALUES} values once aliases are expanded")

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        values: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            value = self.build(value_node)
            if key is None:
                continue
            if key in first:
                line = first[key].start_mark.line + 1
                self._fault(key_node, f"duplicate key {key!r}, first given in line {line}", "keep one of the two")
            else:
                first[key] = key_node
                values[key] = value
        return values

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._fault(node, "a key must be text, not a list or a mapping", "quote it if it begins with { or [")
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
        text: str = node.value
        if node.tag == _QUOTED or (node.tag != _PLAIN and self._check_tag(node)):
            return self._characters(node)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0].isdigit() or text[0] in "+-.":
            return self._number(node, text)
        return text if text.isascii() else self._characters(node)

    def _number(self, node: ScalarNode, text: str) -> str | int | float:
        is_integer = _INTEGER.fullmatch(text) is not None
        if not is_integer and not _FLOAT.fullmatch(text) and not _SPECIAL_FLOAT.fullmatch(text):
            return text
        wrong = _unfit_number(text)
        if wrong:
            self._fault(node, wrong, "quote it if it is text")
            return 0
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)) if is_integer else float(text)

    def _characters(self, node: ScalarNode) -> str:
        text: str = node.value
        try:
            text.encode()
        except UnicodeEncodeError:
            self._fault(node, "half of a surrogate pair is not a character")
            return text.encode("utf-8", "replace").decode()
        return text

    def _check_tag(self, node: Node) -> bool:
        """Whether the tag says text; anything but the core schema's own tags is a fault."""
        if node.tag not in _CORE_TAGS:
            self._fault(node, f"tags such as {node.tag} are not supported")
        return bool(node.tag.endswith(":str"))

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.faults.append(YamlFault(node.start_mark.index, message, hint))


def _unfit_number(text: str) -> str:
    if _SPECIAL_FLOAT.fullmatch(text):
        return f"{text} is not a number that can be sent"
    if len(text) > MAX_DIGITS:
        return f"a number of more than {MAX_DIGITS} digits"
    if _LEADING_ZERO.fullmatch(text):
        return f"the number {text} would lose its leading zero"
    return f"{text} is too large a number" if not _INTEGER.fullmatch(text) and math.isinf(float(text)) else ""


def _explain_syntax(text: str, error: yaml.YAMLError) -> Unreadable:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # the reader met a character that YAML forbids; it counts bytes or characters, so look again
        return Unreadable(_forbidden_character(text), "a control character, which YAML does not allow", "remove it")
    opened = _never_closed(text, error)
    if opened is not None:
        what = "quote" if text[opened] in "'\"" else "bracket"
        closing = _CLOSING.get(text[opened], text[opened])
        return Unreadable(opened, f"not valid YAML: this {what} is never closed", f"close it with {closing}")
    index = min(mark.index, len(text))
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return Unreadable(start + line.index("\t"), "a tab cannot indent YAML", "use spaces")
    said = str(getattr(error, "problem", "") or "invalid YAML")
    context = str(getattr(error, "context", "") or "")
    message = f"not valid YAML: {said}" + (f" {context}" if context else "")
    return Unreadable(index, message, _syntax_hint(said, line))


def _never_closed(text: str, error: yaml.YAMLError) -> int | None:
    """Return where the quote or bracket was opened that the text never closes, or None if something else is wrong.

    What is met in its stead is of no help: it is the end of the file, or the next key.
    """
    context, mark = str(getattr(error, "context", "") or ""), getattr(error, "context_mark", None)
    if mark is None or mark.index >= len(text):
        return None
    if re.fullmatch(r"while scanning a (double-|single-)?quoted scalar", context):
        problem = str(getattr(error, "problem", ""))
        return int(mark.index) if "end of stream" in problem or "unexpected document" in problem else None
    is_flow = context.startswith("while parsing a flow ") and text[mark.index] in _CLOSING
    return int(mark.index) if is_flow and not _is_closed(text, mark.index) else None


def _is_closed(text: str, opened: int) -> bool:
    expected: list[str] = []
    for found in _FLOW_PART.finditer(text, opened):
        part = found[0]
        if part in _CLOSING:
            expected.append(_CLOSING[part])
        elif part in ("]", "}"):
            if expected.pop() != part:
                return False
            if not expected:
                return True
    return False


def _syntax_hint(said: str, line: str) -> str:
    if re.search(r"""(:|-)\s+([%@`*&!]|["'][^"']*["']\s*\S|\{[^}]*\}\s*[^\s,}\]#])""", line):
        return "quote the whole value"
    return next((hint for part, hint in _SYNTAX_HINTS.items() if part in said), "")


_CLOSING: Final[Mapping[str, str]] = {"[": "]", "{": "}"}
_FLOW_PART: Final = re.compile(r"""(?<=[\s\[{,:])(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*')|(?<=\s)#[^\n]*|[\[\]{}]""")
"""Quoted text, a comment, or a bracket that counts."""
_SYNTAX_HINTS: Final[Mapping[str, str]] = {
    "mapping values are not allowed": "quote a text that holds a colon, and check the indentation",
    "did not find expected key": "check the indentation of this line and the one above",
    "could not find expected ':'": "a key needs a colon and a space after it",
    "',' or ']'": "put a comma between the items of the list",
    "',' or '}'": "put a comma between the entries of the mapping",
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
