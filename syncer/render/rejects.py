"""Rejected rows and what became of them, in every format. No row is shown: only counts, reasons and places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from syncer.model.events import Rejection
from syncer.model.repairs import Account, total
from syncer.render.json_text import json_text
from syncer.render.layout import columns, counted, moment, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.outcome_json import rejections_document
from syncer.render.outcome_words import reason_lines
from syncer.render.style import PLAIN, Style

_HEADER = ("spec", "file", "import", "rejected", "repaired", "waived", "open", "since (UTC)", "age")
_RIGHT = frozenset({3, 4, 5, 6})
_NONE = "No rejected row is open."


class RowsFile(Protocol):
    """One private file of rejected rows, as `syncer.operations.rejects` finds it."""

    @property
    def job(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def shown(self) -> str: ...
    @property
    def is_here(self) -> bool: ...


class Entry(Protocol):
    """Rejected rows of one import, as `syncer.operations.rejects` gives them."""

    @property
    def spec(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def account(self) -> Account: ...
    @property
    def reasons(self) -> Sequence[Rejection]: ...
    @property
    def files(self) -> Sequence[RowsFile]: ...
    @property
    def time(self) -> datetime: ...
    @property
    def age_seconds(self) -> int: ...
    @property
    def repairs(self) -> str: ...
    @property
    def repair(self) -> str: ...


class Got(Protocol):
    """What `rejects get` brought, as `syncer.operations.rejects_get` gives it."""

    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def files(self) -> Sequence[RowsFile]: ...
    @property
    def rows(self) -> int: ...
    @property
    def fetched(self) -> int: ...
    @property
    def out(self) -> str | None: ...


class Waiver(Protocol):
    """What `rejects waive` recorded, as `syncer.operations.rejects_waive` gives it."""

    @property
    def spec(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def account(self) -> Account: ...


def rejects_text(entries: Sequence[Entry], *, style: Style = PLAIN) -> str:
    """Return one aligned line an import, and below it why, where the rows are, and how far a repair is."""
    if not entries:
        return _NONE
    header, *lines = columns([_HEADER, *(_cells(each) for each in entries)], right=_RIGHT)
    told = [style.dim(header)]
    for each, line in zip(entries, lines, strict=True):
        told.append(style.yellow(line) if each.account.open else line)
        told += [f"    {shown(detail)}" for detail in _details(each)]
    return "\n".join([*told, "", style.bold(summary(entries))])


def _cells(each: Entry) -> tuple[str, ...]:
    told = each.account
    counts = map(number, (told.rejected, told.repaired, told.waived, told.open))
    return shown(each.spec), shown(each.path), each.import_id, *counts, moment(each.time), _age(each.age_seconds)


def _age(seconds: int) -> str:
    """Write how long ago in its largest unit: `3 days`, `5 h`, `12 m`."""
    days, rest = divmod(seconds, int(timedelta(days=1).total_seconds()))
    if days:
        return counted(days, "day")
    hours, rest = divmod(rest, 3600)
    return f"{hours} h" if hours else f"{rest // 60} m"


def _details(each: Entry) -> Iterator[str]:
    for count, reason in reason_lines(each.reasons):
        yield f"{count}  {reason}" if count else reason
    if each.account.replaced:
        yield f"{counted(each.account.replaced, 'row')} replaced: the file was imported again since"
    if each.repair:
        yield each.repair
    for file in each.files:
        yield (
            f"the rows: {file.shown}" if file.is_here else f"the rows are not here: syncer rejects get {each.import_id}"
        )


def summary(entries: Sequence[Entry]) -> str:
    """Return the last line: "5 rejected rows of 2 imports: 2 repaired, 1 waived; 2 open."."""
    told = total(each.account for each in entries)
    dealt_with = f" {told.dealt_with};" if told.dealt_with else ""
    return (
        f"{counted(told.rejected, 'rejected row')} of {counted(len(entries), 'import')}:{dealt_with} "
        f"{number(told.open)} open."
    )


def account_document(told: Account) -> dict[str, int]:
    return {
        "rejected": told.rejected,
        "repaired": told.repaired,
        "waived": told.waived,
        "replaced": told.replaced,
        "open": told.open,
    }


def rejects_json(entries: Sequence[Entry]) -> str:
    return json_text({"imports": [_document(each) for each in entries]})


def _document(each: Entry) -> dict[str, Any]:
    return {
        "spec": each.spec,
        "object": each.object,
        "path": each.path,
        "import": each.import_id,
        "generation": each.generation,
        "rows": account_document(each.account),
        "reasons": rejections_document(each.reasons),
        "files": _files(each.files),
        "time": each.time.isoformat(),
        "age_seconds": each.age_seconds,
        "repairs": each.repairs or None,
        "repair": each.repair or None,
    }


def _files(files: Sequence[RowsFile]) -> list[dict[str, Any]]:
    return [{"job": each.job, "rows": each.rows, "path": each.shown, "here": each.is_here} for each in files]


def rejects_markdown(entries: Sequence[Entry]) -> str:
    if not entries:
        return _NONE
    rows = []
    for each in entries:
        spec, path, import_id, *rest = _cells(each)
        rows.append((code(spec), code(path), code(import_id), *rest, escaped("; ".join(_details(each)))))
    return "\n".join([f"**{summary(entries)}**", "", *table((*_HEADER, "why and where"), rows, right=_RIGHT)])


def got_text(got: Got) -> str:
    """Return where the rows are; none of them is shown."""
    return "\n".join(_got(got))


def _got(got: Got) -> Iterator[str]:
    yield f"{counted(got.rows, 'rejected row')} of {shown(got.path)} (spec {shown(got.spec)}, import {got.import_id})"
    for file in got.files:
        yield f"    the rows: {shown(file.shown)}"
    if got.out is not None:
        yield f"    copied to: {shown(got.out)}"
        yield f"mend them there, then: syncer rejects repair {got.import_id} --file {shown(got.out)}"


def got_json(got: Got) -> str:
    return json_text(
        {
            "spec": got.spec,
            "path": got.path,
            "import": got.import_id,
            "generation": got.generation,
            "rows": got.rows,
            "fetched": got.fetched,
            "files": _files(got.files),
            "out": got.out,
        }
    )


def got_markdown(got: Got) -> str:
    first, *others = _got(got)
    return "\n".join([f"**{escaped(first)}**", "", *(f"- {escaped(line.strip())}" for line in others)])


def waiver_text(done: Waiver) -> str:
    """Return what was recorded and how the import's rejected rows stand now."""
    return (
        f"waived {counted(done.rows, 'rejected row')} of {shown(done.path)} (import {done.import_id}): "
        f"{shown(done.reason)}\n{_stand(done.account)}"
    )


def _stand(told: Account) -> str:
    dealt_with = f"{told.dealt_with}, " if told.dealt_with else ""
    return f"{counted(told.rejected, 'rejected row')}: {dealt_with}{number(told.open)} open"


def waiver_json(done: Waiver) -> str:
    return json_text(
        {
            "spec": done.spec,
            "path": done.path,
            "import": done.import_id,
            "generation": done.generation,
            "waived": done.rows,
            "reason": done.reason,
            "rows": account_document(done.account),
        }
    )


def waiver_markdown(done: Waiver) -> str:
    return "\n".join(f"- {escaped(line)}" for line in waiver_text(done).splitlines())
