"""Write a draft as YAML with comments that say why. Names are quoted wherever YAML could read them otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from syncer.model.spec import Source
from syncer.operations.init.look import Looked
from syncer.operations.init.propose import Proposal
from syncer.render.layout import counted

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./:-]*[A-Za-z0-9_]|[A-Za-z_]")
_WORDS: Final = frozenset(("null", "true", "false", "y", "n", "yes", "no", "on", "off"))


def scalar(text: str) -> str:
    """Return the text so that YAML reads just it, on one line, also inside a flow mapping and in a comment."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in quoted)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as many as four digits hold


def remark(text: str) -> str:
    """Return foreign words fit for a comment: one line, nothing unprintable."""
    return "".join(each if each.isprintable() else " " for each in text)


def spec_text(
    looked: Looked,
    proposals: Sequence[Proposal],
    *,
    modeline: str,
    source: Source,
    target: str,
    match_key: str,
    merged_by: str,
    about_fields: str,
) -> str:
    """Return the whole draft. `match_key` is "" where none is proposed; `merged_by` is the object's own, if known."""
    lines = [
        modeline.rstrip("\n"),
        "# A draft: look at every line before it is merged.",
        f"# {_looked_at(looked)}",
        f"# {remark(about_fields)}",
        "version: 1",
        *_source(looked, source),
        *_target(target, match_key, merged_by),
        "mapping: # source column -> destination field; a column that is not listed never leaves this machine",
        *(f"  {_mapped(one)} # {remark(one.why)}" for one in proposals if one.active),
        *_left(looked, proposals),
        *_checks(proposals),
    ]
    return "\n".join(lines) + "\n"


def _looked_at(looked: Looked) -> str:
    header = "The first line is taken for the header. " if looked.format == "csv" else ""
    if not looked.rows:
        return f"{header}There is no row to look at, so all is text."
    rows = f"its {'first ' if looked.more else ''}{counted(looked.rows, 'row')}"
    return f"{header}Types are those that every value of {rows} passes as."


def _source(looked: Looked, source: Source) -> Iterator[str]:
    (uri,) = source.uris
    yield "source:"
    yield f"  uri: {scalar(uri)} # this one file; a pattern such as folder/name-*.csv finds later ones, too"
    if source.connection:
        yield f"  connection: {scalar(source.connection)}"
    if source.format:
        yield f"  format: {source.format}"
    options = []
    if looked.delimiter != ",":
        options.append(f"delimiter: {scalar(looked.delimiter)}")
    if looked.encoding != "utf-8":
        options.append(f"encoding: {looked.encoding}")
    if options:
        yield f"  csv: {{{', '.join(options)}}} # as its first lines look"


def _target(target: str, match_key: str, merged_by: str) -> Iterator[str]:
    if match_key:
        yield f"target: {{object: {scalar(target)}, match_key: {scalar(match_key)}}} # the object merges rows by it"
        return
    yield f"target: {{object: {scalar(target)}}}"
    if merged_by:
        yield f"# The object merges rows by {scalar(merged_by)}, but no column looks like it: map one."


def _mapped(one: Proposal) -> str:
    to = scalar(one.to)
    return f"{scalar(one.column)}: {to if one.type == 'string' else f'{{to: {to}, type: {one.type}}}'}"


def _left(looked: Looked, proposals: Sequence[Proposal]) -> Iterator[str]:
    left = [one for one in proposals if not one.active]
    if left or looked.repeated:
        yield "  # Not mapped, so these stay here:"
    for one in left:
        entry = _mapped(one) if one.to else scalar(one.column)
        yield f"  # {entry} # {remark('never to be sent: ' + one.why if one.sensitive else one.why)}"
    for name in looked.repeated:
        yield f"  # {scalar(name)} # {'stands in the header more than once' if name else 'a column without a name'}"


def _checks(proposals: Sequence[Proposal]) -> Iterator[str]:
    names = [scalar(one.column) for one in proposals if one.sensitive]
    if names:
        yield "checks:"
        yield f"  never_send: [{', '.join(names)}] # likely personal or secret; then nobody maps them by mistake"
