"""What changed specs make of their last imported files, in every format. No row is in any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from syncer.render.check import FileCheck
from syncer.render.json_text import json_text
from syncer.render.layout import counted, number, shorten, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

_MOST_REASONS = 10
_MOST_REASONS_IN_A_CELL = 3
_MOST_SPECS = 20
"""How many specs the comment on a pull request lists."""
_WIDEST = 160
"""How many characters of a path or reason stand in a table's cell."""
_HEADER = ("spec", "file", "rows", "rejected before", "now", "difference", "why")
_NUMBERS = frozenset({2, 3, 4, 5})

Document = Mapping[str, Any]


class ReasonChange(Protocol):
    """One reason of `syncer.operations.recheck`."""

    @property
    def reason(self) -> str: ...
    @property
    def before(self) -> int: ...
    @property
    def after(self) -> int: ...


class SpecRecheck(Protocol):
    """One spec of `syncer.operations.recheck`."""

    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def not_compared(self) -> str: ...
    @property
    def before(self) -> FileCheck | None: ...
    @property
    def after(self) -> FileCheck | None: ...
    @property
    def difference(self) -> int | None: ...
    @property
    def reasons(self) -> Sequence[ReasonChange]: ...


class Rechecked(Protocol):
    """All of it, as `syncer.operations.recheck` tells it."""

    @property
    def against(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def specs(self) -> Sequence[SpecRecheck]: ...
    @property
    def new(self) -> int: ...
    @property
    def problem(self) -> str: ...
    @property
    def exit_code(self) -> int: ...


def recheck_document(found: Rechecked) -> dict[str, Any]:
    """Return what `-o json` prints, and `syncer github comment --check` reads."""
    return {
        "against": found.against,
        "commit": found.commit,
        "exit_code": found.exit_code,
        "problem": found.problem,
        "new": found.new,
        "specs": [
            {
                "spec": each.spec,
                "path": each.path,
                "file": each.file,
                "not_compared": each.not_compared,
                "before": _side(each.before),
                "after": _side(each.after),
                "difference": each.difference,
                "reasons": [{"reason": one.reason, "before": one.before, "after": one.after} for one in each.reasons],
            }
            for each in found.specs
        ],
    }


def _side(side: FileCheck | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "rows": side.rows,
        "invalid": side.invalid,
        "suppressed": side.suppressed,
        "quarantined": side.quarantined,
        "fields_from": side.fields_from,
        "over": side.over,
        "problem": side.problem,
    }


def recheck_json(found: Rechecked) -> str:
    return json_text(recheck_document(found))


def recheck_text(document: Document, *, style: Style = PLAIN) -> str:
    """Return a paragraph a spec: the rows that would be rejected before and now, and for which reasons."""
    lines: list[str] = []
    for each in document["specs"]:
        file = f"  {shown(each['file'])}" if each["file"] else ""
        lines += [f"{style.bold(shown(each['spec']))}{file}", *_told(each, style), ""]
    if document["problem"]:
        lines.append(style.red(f"! {shown(_about_revision(document))}"))
    return "\n".join([*lines, style.bold(shown(_summary(document)))])


def _told(each: Document, style: Style) -> Iterator[str]:
    before, after = each["before"], each["after"]
    if after is None:
        yield f"  {style.yellow('not compared:')} {shown(each['not_compared'])}"
        return
    if each["difference"] is None:
        for words, side in (("before", before), ("now", after)):
            said = f"cannot be prepared: {side['problem']}" if side["problem"] else _rejected(side)
            yield f"  {words}: {style.red(shown(said)) if side['problem'] else said}"
    else:
        words = f"{counted(after['rows'], 'row')}, {_rejected(after)}, {number(before['invalid'])} before"
        colour = style.yellow if each["difference"] > 0 else style.green
        yield f"  {words}: {colour(_signed(each['difference']))}"
        for one in each["reasons"][:_MOST_REASONS]:
            yield f"    {_signed(one['after'] - one['before'])}  {shown(one['reason'])} ({_both(one)})"
        if len(each["reasons"]) > _MOST_REASONS:
            yield f"    and {counted(len(each['reasons']) - _MOST_REASONS, 'more reason')}"
    yield from (f"  {words}" for words in _other_counts(before, after))
    if after["over"]:
        over = f"does not pass now: {after['over']}"
        yield f"  {style.red(over)}{_as_before(before)}"
    if not after["fields_from"] and not after["problem"]:
        yield f"  {style.dim('judged by the types of the mapping alone: the fields of the object are not known')}"


def _rejected(side: Document) -> str:
    return f"{number(side['invalid'])} would be {'held back' if side['quarantined'] else 'rejected'}"


def _signed(value: int) -> str:
    return f"{value:+,}" if value else "unchanged"


def _both(counts: Document) -> str:
    """Say how a count went: "new", "gone", or both numbers."""
    if not counts["before"]:
        return "new"
    return f"{number(counts['before'])} before, {number(counts['after'])} now" if counts["after"] else "gone"


def _other_counts(before: Document, after: Document) -> Iterator[str]:
    """Yield what else is otherwise: the rows that are read, suppressed or held back."""
    if before["problem"] or after["problem"]:
        return
    for key, words in (("rows", "rows"), ("suppressed", "suppressed"), ("quarantined", "held back")):
        if before[key] != after[key]:
            yield f"{words}: {number(before[key])} before, {number(after[key])} now"


def _as_before(before: Document) -> str:
    return " (nor before)" if before["over"] else ""


def _about_revision(document: Document) -> str:
    return f"the specs at {document['against']} cannot be read: {document['problem']}"


def _summary(document: Document) -> str:
    """Return the last line: "2 specs changed since HEAD^1, 1 compared: +12 rows would be rejected."."""
    specs = document["specs"]
    new = (
        f" {counted(document['new'], 'spec')} {'is' if document['new'] == 1 else 'are'} new." if document["new"] else ""
    )
    if document["problem"]:
        return "Nothing was compared."
    if not specs:
        return f"No spec prepares or judges rows otherwise than at {document['against']}.{new}"
    differences = [each["difference"] for each in specs if each["difference"] is not None]
    compared = "" if len(differences) == len(specs) else f", {number(len(differences))} compared"
    total = sum(differences)
    if not differences:
        said = ""
    elif any(differences):
        said = f": {f'{total:+,}' if total else '±0'} row{'' if abs(total) == 1 else 's'} would be rejected"
    else:
        said = ": as many rows would be rejected as before"
    return f"{counted(len(specs), 'spec')} changed since {document['against']}{compared}{said}.{new}"


def recheck_markdown(document: Document, *, most: int | None = None) -> str:
    """Return a table of the specs, of the first `most` if that is given."""
    specs = document["specs"][:most]
    lines = [f"**{escaped(_summary(document))}**", ""]
    lines += table(_HEADER, [_row(each) for each in specs], right=_NUMBERS) if specs else []
    if len(document["specs"]) > len(specs):
        lines += ["", f"and {counted(len(document['specs']) - len(specs), 'more spec')}"]
    if document["problem"]:
        lines.append(f"- {escaped(_about_revision(document))}")
    return "\n".join(lines)


def recheck_section(document: Document) -> list[str]:
    """Return the lines of the comment on a pull request; none where no spec is changed."""
    if not document["specs"] and not document["problem"]:
        return []
    title = "#### The last imported files, checked again under the changed specs"
    return [title, "", *recheck_markdown(document, most=_MOST_SPECS).split("\n"), ""]


def worse(each: Document) -> str:
    """Say of one spec what got worse for its last imported file, or ""."""
    before, after, file = each["before"], each["after"], each["file"]
    if after is None or (after["problem"] and before["problem"]):
        return ""
    if after["problem"]:
        return f"{file} cannot be prepared any more: {after['problem']}"
    if after["over"]:
        return f"{file} does not pass now: {after['over']}"
    more = each["difference"] or 0
    return f"{counted(more, 'row')} more of {file} would be rejected" if more > 0 else ""


def _row(each: Document) -> tuple[str, ...]:
    name, file = code(each["spec"]), code(shorten(each["file"], _WIDEST)) if each["file"] else ""
    before, after = each["before"], each["after"]
    if after is None:
        return name, file, "", "", "", "", f"not compared: {_short(each['not_compared'])}"
    counts = ["" if side["problem"] else number(side["invalid"]) for side in (before, after)]
    difference = "" if each["difference"] is None else _signed(each["difference"])
    if difference.startswith("+"):
        difference = f"⚠️ **{difference}**"
    rows = "" if after["problem"] else number(after["rows"])
    return name, file, rows, *counts, difference, "<br>".join(_why(each, before, after))


def _why(each: Document, before: Document, after: Document) -> Iterator[str]:
    for words, side in (("before", before), ("now", after)):
        if side["problem"]:
            yield f"{'⚠️ ' if words == 'now' else ''}{words} it cannot be prepared: {_short(side['problem'])}"
    if after["over"]:
        yield f"⚠️ **does not pass now: {escaped(after['over'])}**{_as_before(before)}"
    reasons = each["reasons"] if each["difference"] is not None else []
    for one in reasons[:_MOST_REASONS_IN_A_CELL]:
        yield f"{_signed(one['after'] - one['before'])} {_short(one['reason'])} ({_both(one)})"
    if len(reasons) > _MOST_REASONS_IN_A_CELL:
        yield f"and {counted(len(reasons) - _MOST_REASONS_IN_A_CELL, 'more reason')}"
    yield from _other_counts(before, after)


def _short(text: str) -> str:
    return escaped(shorten(shown(text), _WIDEST))
