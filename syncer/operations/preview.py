"""Show the first rows of a source file before and after the real preparation. Nothing is sent, and no row is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr

from syncer.errors import PrepareError, UsageError
from syncer.model.files import SourceFile
from syncer.model.identity import import_id
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec
from syncer.model.templates import Values, render
from syncer.operations.connect import open_sources, utc_now
from syncer.operations.object_fields import NOTHING, known_fields
from syncer.operations.preview_cells import Cell, cells_of
from syncer.operations.preview_files import chosen_file, given_file
from syncer.settings import MaskKey
from syncer.spec.load import Project, load_project

if TYPE_CHECKING:
    from syncer.prepare.head import Head
    from syncer.prepare.making import Means
    from syncer.prepare.tracing import Traced

DEFAULT_ROWS = 5
MOST_ROWS = 1000
_RUN = "preview"
_QUOTES_THE_ROW = "row: duplicate key"
"""The one reason that goes on with words of the row."""
_NO_KEY = "preview"
"""Masks values that are not shown where the project has no key."""

Fate = Literal["sent", "rejected", "quarantined", "suppressed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """One row, by its number in the file, and what would become of it.

    `fate` is `rejected` for a row that would be sent and rejected, `unknown` where the file cannot be prepared. `why`
    is the API's reason, "" for a row that is in order.
    """

    number: int
    fate: Fate
    why: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first rows of one file. `more` says that the file goes on, `problem` why it could not be prepared.

    `fields_known` says whether the object's fields were known; without them only the types that the mapping declares
    are judged. `notes` tell what cannot be seen in the rows.
    """

    spec: str
    path: str
    source_format: str
    sent_format: str = ""
    masked: bool
    rows: tuple[PreviewRow, ...] = ()
    more: bool = False
    fields_known: bool = False
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def exit_code(self) -> int:
        return 1 if self.problem else 0


def preview(
    root: Path,
    name: str,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    file: str = "",
    rows: int = DEFAULT_ROWS,
    masked: bool = True,
    clock: Callable[[], datetime] = utc_now,
) -> Preview:
    """Prepare the first rows of the spec's first pending file, of its newest where none is pending, or of `file`.

    No more of the file is read than these rows need, into a private folder that is gone in the end. Raises UsageError
    for a spec that there is none of or a number of rows out of bounds, SourceError when there is no file to be read.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise UsageError(f"--rows {rows}: expected a number from 1 to {MOST_ROWS}")
    project = load_project(root, environ=environ, overrides=overrides)
    spec = _spec(project, name)
    with ExitStack() as opened:
        sources = opened.enter_context(open_sources(root, project.settings, environ))
        now = clock()
        found = given_file(spec, file, sources) if file else chosen_file(project, spec, sources, now)
        work_dir = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="syncer-preview-")))
        fields = known_fields(project, environ, [spec.target.object]).get(spec.target.object, NOTHING).fields
        held = sources.pin(found, spec.source)
        readable = found if held.location is not None else replace(found, opener=held.open)
        made = _Previewing(project, spec, readable, work_dir, fields, now.date(), masked).preview(rows)
        held.verify()
        return made


def _spec(project: Project, name: str) -> Spec:
    specs = {loaded.spec.name: loaded.spec for loaded in project.specs}
    if name not in specs:
        raise UsageError(f"there is no spec {name!r}", why=f"specs: {', '.join(sorted(specs)) or 'none'}")
    return specs[name]


@dataclass(frozen=True, slots=True)
class _Previewing:
    project: Project
    spec: Spec
    file: SourceFile
    work_dir: Path
    fields: Mapping[str, FieldSchema]
    today: date
    masked: bool

    def preview(self, count: int) -> Preview:
        from syncer.prepare.head import head_of
        from syncer.prepare.tracing import trace

        told = Preview(
            spec=self.spec.name,
            path=self.file.path,
            source_format=self.file.format,
            masked=self.masked,
            fields_known=bool(self.fields),
            notes=tuple(self._notes()),
        )
        try:
            with head_of(self.file, self.spec, count, self.work_dir) as head:
                told = replace(told, rows=tuple(self._rows(head, None)), more=head.more)
                traced = trace(head.file, self._alike(head), self._means(), batch_value=self._batch_value())
        except PrepareError as error:
            alone = ("only these rows were prepared: with those behind them it may be otherwise",) if told.more else ()
            problem = error.what + (f" ({error.why})" if error.why else "")
            return replace(told, problem=problem, notes=(*told.notes, *alone))
        notes = (*told.notes, *(("the columns that are not mapped leave too: prepare.mode",) if traced.passed else ()))
        return replace(told, rows=tuple(self._rows(head, traced)), sent_format=traced.format, notes=notes)

    def _alike(self, head: Head) -> Spec:
        """Return the spec without what is done to a file as a whole, so that rows stay in their order."""
        whole = self.spec.prepare.model_copy(update={"sort": False, "split": None})
        changed: dict[str, Any] = {"prepare": whole}
        if head.more and self.file.format == "jsonl":  # a key that the first rows lack may be in later ones
            changed["checks"] = self.spec.checks.model_copy(update={"missing_columns": "ignore"})
        return self.spec.model_copy(update=changed)

    def _means(self) -> Means:
        from syncer.prepare.making import Means

        key = self.project.mask_key
        if key is None and self.masked:
            key = MaskKey(secret=SecretStr(_NO_KEY))
        return Means(
            work_dir=self.work_dir,
            memory_limit=self.project.settings.prepare.memory_limit,
            mask_key=key,
            fields=lambda: self.fields,
            suppress=self.project.root / self.spec.suppress.keys if self.spec.suppress is not None else None,
        )

    def _batch_value(self) -> str | None:
        spec, file = self.spec, self.file
        if spec.batch is None:
            return None
        name = import_id(spec, self.project.settings.api.workspace, file.path, file.fingerprint)
        return render(spec.batch.value, Values(spec.name, file.date or self.today, file, name, _RUN))

    def _notes(self) -> Iterator[str]:
        if self.spec.prepare.sort:
            yield f"rows are sorted by {self.spec.target.match_key} before they are sent"
        if self.spec.on_invalid == "abort":
            yield "nothing of a file with a row that would be rejected is sent: on_invalid is abort"

    def _rows(self, head: Head, traced: Traced | None) -> Iterator[PreviewRow]:
        sent = iter(traced.sent if traced is not None else ())
        for number, before in enumerate(head.rows, 1):
            fate, why = _fate(number, traced)
            if self.masked and why.startswith(_QUOTES_THE_ROW):
                why = _QUOTES_THE_ROW
            after = next(sent, {}) if fate in ("sent", "rejected") else {}
            texts = (self.file.format == "csv", traced is not None and traced.format == "csv")
            cells = cells_of(self.spec, before, after, texts=texts, masked=self.masked)
            yield PreviewRow(number=number, fate=fate, why=why, cells=tuple(cells))


def _fate(number: int, traced: Traced | None) -> tuple[Fate, str]:
    if traced is None:
        return "unknown", ""
    if number in traced.suppressed:
        return "suppressed", "its match key is listed by suppress"
    reason = traced.rejected.get(number, "")
    if number in traced.quarantined:
        return "quarantined", reason
    return ("rejected" if reason else "sent"), reason
