"""Make what is uploaded for one source file, with every step that its spec asks for, in this order.

The mapped columns are projected; rows that are suppressed leave; every row that is left is judged, and the spec's
checks decide whether anything is sent; rows that would be rejected leave where they are quarantined; the rest is
converted, split into parts, and sorted within each part. Rows add up: those of the source file are those suppressed,
those quarantined and those of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from syncer.model.events import Rejection
from syncer.model.files import SourceFile
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec, UploadFormat
from syncer.prepare.artifact import Artifact
from syncer.prepare.copying import fetched
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.no_rows import sendable
from syncer.prepare.prepare import prepare
from syncer.prepare.reshape.space import check_space, space_to_judge
from syncer.prepare.splitting.splitting import DEFAULT_PART_BYTES, split
from syncer.prepare.stopping import Stop
from syncer.settings import MaskKey

if TYPE_CHECKING:
    from syncer.prepare.judge.judgement import Judgement
    from syncer.prepare.reshape.reshape import Reshaped

Fields = Mapping[str, FieldSchema]


def _accept(judged: int, invalid: int, /) -> None:
    """Let a file pass whatever its rows are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What preparation works with.

    `fields` gives the target object's fields when they are needed; a field that is not known has its column's declared
    type. `suppress` is the list of the spec's `suppress.keys` on this disk. `judging`: rows are judged where the spec's
    checks ask for it, or also where the file is rewritten anyway (the same on this disk and in a store), or always.
    Rows that would be rejected are written to `rejects`, if given and there are any. `accept` is told the rows of the
    source file, as far as they were counted, and how many would be rejected, and raises where the file may not be sent.
    `memory_limit` is in bytes.
    """

    work_dir: Path
    memory_limit: int = DEFAULT_MEMORY
    stop: Stop | None = None
    mask_key: MaskKey | None = None
    fields: Callable[[], Fields] = dict
    suppress: Path | None = None
    judging: Literal["asked", "rewritten", "always"] = "asked"
    rejects: Path | None = None
    accept: Callable[[int, int], None] = _accept


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is to be uploaded, and what became of the other rows.

    `parts` are the artifacts in their order, usually one; the caller discards them. `judged` counts the rows that were
    judged, None where nobody looked; `rejected` of them would be rejected, for `reasons`; `rejects` is the private file
    of these rows. `quarantined` were taken out of the artifact for that, `suppressed` before. `kept_format` says why a
    large file did not become Parquet, "" otherwise.
    """

    parts: tuple[Artifact, ...]
    judged: int | None = None
    rejected: int = 0
    reasons: tuple[Rejection, ...] = ()
    rejects: Path | None = None
    suppressed: int = 0
    quarantined: int = 0
    kept_format: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was unexpected about the file's columns, and what could not be done as the spec asks."""
        return (*self.parts[0].warnings, *([self.kept_format] if self.kept_format else []))

    @property
    def invalid(self) -> int | None:
        """How many of the rows that are sent would be rejected; None where nobody judged them."""
        return self.rejected - self.quarantined if self.judged is not None else None

    def discard(self) -> None:
        """Remove what was written for the parts. Does nothing a second time."""
        for part in self.parts:
            part.discard()


def make(file: SourceFile, spec: Spec, means: Means, *, batch_value: str | None) -> Made:
    """Make the parts to upload. The same bytes, spec, list, fields and batch value give the same parts.

    Raises PrepareError when the file cannot become an artifact, SourceError when it cannot be read, Interrupted when
    `means.stop` says so, and what `accept` and `fields` raise. Nothing is left in the work folder then.
    """
    artifact = prepare(
        file,
        spec,
        batch_value=batch_value,
        work_dir=means.work_dir,
        memory_limit=means.memory_limit,
        stop=means.stop,
        mask_key=means.mask_key,
    )
    making = _Making(file, spec, means, artifact)
    try:
        return making.made()
    except BaseException:
        for part in making.parts:
            part.discard()
        raise


class _Making:
    """The artifact, or its parts, on the way through the steps. What a step replaces is removed at once."""

    def __init__(self, file: SourceFile, spec: Spec, means: Means, artifact: Artifact) -> None:
        self._file = file
        self._spec = spec
        self._means = means
        self._limit = spec.prepare.split or DEFAULT_PART_BYTES
        self._is_judged = (
            means.judging == "always" or _checks_rows(spec) or (means.judging == "rewritten" and artifact.owned)
        )
        self.parts = [artifact]

    def made(self) -> Made:
        if self.parts[0].path is None and self._needs_disk():
            self._bring_to_disk()
        suppressed = self._suppressed()
        found = self._judged(suppressed)
        try:
            shaped = self._shaped(found)
        finally:
            if found is not None:
                found.discard()
        return Made(
            parts=tuple(self.parts),
            judged=found.rows if found is not None else None,
            rejected=found.invalid if found is not None else 0,
            reasons=found.reasons if found is not None else (),
            rejects=found.rejects if found is not None else None,
            suppressed=suppressed,
            quarantined=shaped.left_out if shaped is not None else 0,
            kept_format=shaped.kept_format if shaped is not None else "",
        )

    def _needs_disk(self) -> bool:
        """Whether some step has to go through the rows of what would pass from a store to the platform."""
        return self._is_judged or _reshapes(self._spec) or self.parts[0].size > self._limit

    def _bring_to_disk(self) -> None:
        check_space(self._means.work_dir, self._file.size, self._file.path)
        local, digest = fetched(self._file, self._means.work_dir, stop=self._means.stop)
        copied = replace(self.parts[0], path=Path(local.location), owned=True, copied=True, opener=None)
        self._become(replace(copied, digest=digest, content=digest))

    def _become(self, artifact: Artifact, number: int = 0) -> None:
        if artifact is not self.parts[number]:
            before, self.parts[number] = self.parts[number], artifact
            before.discard()

    def _suppressed(self) -> int:
        """Take the rows out whose match key must not leave, and return how many they were."""
        if self._spec.suppress is None:
            return 0
        if self._means.suppress is None:
            raise AssertionError("a spec that suppresses rows is prepared with its list")
        shaped = self._reshape(self.parts[0], suppress=self._means.suppress)
        self._become(shaped.artifact)
        self._become(sendable(self.parts[0], work_dir=self._means.work_dir))
        return shaped.suppressed

    def _judged(self, suppressed: int) -> Judgement | None:
        """Judge every row, where somebody wants to know, and let the caller decide whether the file may be sent."""
        means, artifact = self._means, self.parts[0]
        if artifact.path is None or not self._is_judged:
            return None
        from syncer.prepare.judge.judge import judge

        check_space(means.work_dir, space_to_judge(artifact), self._file.path)
        found = judge(
            artifact.path,
            file_format=artifact.format,
            compression=artifact.compression,
            columns=artifact.columns,
            field_map=artifact.field_map,
            source_fields=artifact.source_fields,
            schema=means.fields(),
            rejects=means.rejects,
            name=self._file.path,
            work_dir=means.work_dir,
            memory_limit=means.memory_limit,
            stop=means.stop,
        )
        try:
            means.accept(found.rows + suppressed, found.invalid)
        except BaseException:
            found.discard()
            raise
        return found

    def _shaped(self, found: Judgement | None) -> Reshaped | None:
        """Leave out what is held back, convert, split, and sort within each part."""
        prepare_options, large = self._spec.prepare, self.parts[0].size > self._limit
        shaped = None
        holds_back = self._spec.on_invalid == "quarantine" and found is not None
        if holds_back or prepare_options.sort or prepare_options.format is not None:
            shaped = self._reshape(
                self.parts[0],
                leave_out=found.numbers if holds_back and found is not None else None,
                sort=prepare_options.sort and not large,
                to=prepare_options.format,
            )
            self._become(shaped.artifact)
            self._become(sendable(self.parts[0], work_dir=self._means.work_dir))
        self._split()
        if large and prepare_options.sort:
            for number, part in enumerate(self.parts):
                self._become(self._reshape(part, sort=True).artifact, number)
        return shaped

    def _split(self) -> None:
        whole = self.parts[0]
        if whole.size > self._limit:
            self.parts = list(
                split(
                    whole,
                    limit=self._limit,
                    name=self._file.path,
                    work_dir=self._means.work_dir,
                    memory_limit=self._means.memory_limit,
                    stop=self._means.stop,
                    match_column=match_column(self._spec, whole),
                )
            )
            whole.discard()

    def _reshape(
        self,
        artifact: Artifact,
        *,
        leave_out: Path | None = None,
        suppress: Path | None = None,
        sort: bool = False,
        to: UploadFormat | None = None,
    ) -> Reshaped:
        from syncer.prepare.reshape.reshape import reshape

        key = match_column(self._spec, artifact)
        return reshape(
            artifact,
            leave_out=leave_out,
            suppress=suppress,
            match_column=key,
            sort=sort and key is not None,  # of a key that is a constant, every order is one
            to=to,
            schema=self._means.fields() if to is not None else None,
            name=self._file.path,
            work_dir=self._means.work_dir,
            memory_limit=self._means.memory_limit,
            stop=self._means.stop,
        )


def _checks_rows(spec: Spec) -> bool:
    checks = spec.checks
    return checks.max_invalid is not None or checks.min_rows is not None or spec.on_invalid != "send"


def _reshapes(spec: Spec) -> bool:
    return spec.suppress is not None or spec.prepare.sort or spec.prepare.format is not None


def match_column(spec: Spec, artifact: Artifact) -> str | None:
    """Return the artifact's column that holds the match key; None where a constant does, or there is no match key."""
    return next((column for column, field in artifact.field_map.items() if field == spec.target.match_key), None)
