"""Send a permitted file as record batches, and record what became of it.

A batch is the start and the end of its own job, so it must be harmless to send again: only objects that upsert are
sent to, the open permit keeps everything else off the object until the end is recorded, and every batch of a file is
the same bytes each time. So a run that is cut off is gone on with from the first batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from syncer.apply import record, rejects
from syncer.apply.context import Tools
from syncer.apply.ends import ended
from syncer.apply.follow import let_others_end
from syncer.apply.outcome import ImportOutcome
from syncer.apply.outgoing import Outgoing, outgoing
from syncer.apply.prepared import prepared
from syncer.apply.progress import Step
from syncer.errors import (
    ApiError,
    Conflict,
    NotFound,
    PermitRefused,
    PrepareError,
    Refused,
    RequestRejected,
    SourceError,
)
from syncer.model.events import RowCounts, Submitted
from syncer.model.identity import idempotency_key
from syncer.plan import PlannedImport

if TYPE_CHECKING:
    from syncer.api.models import BatchOutcome, JobStatus
    from syncer.prepare.records.row import Row


def carry(
    tools: Tools,
    item: PlannedImport,
    given: Submitted,
    going: Outgoing,
    *,
    epoch: int,
    seconds: dict[str, float],
    is_first: bool,
) -> ImportOutcome:
    """Send every batch under the permit, in order, and record the end.

    `epoch` is that of this run's claim. `is_first` says that no run can have sent anything under the permit: a refusal
    of the very first batch is its end then, because nothing was written. Any other leaves the permit open, and raises
    Conflict where sending again cannot help.
    """
    tools.reporter.step(item, Step.RUNNING, given.job)
    began = tools.clock()
    sending = _Sending(tools, item, given, going, epoch)
    target = rejects.rows_file(tools.rejects_dir, item.spec, item.import_id, item.generation, given.attempt)
    try:
        with rejects.whole(target) as file:
            sending.send_all(file)
    except PermitRefused as error:
        return ImportOutcome(item=item, result="held", elsewhere=True, job=given.job, message=error.what)
    except (NotFound, RequestRejected) as error:
        if is_first and not sending.answered:
            return _refused_at_once(tools, item, given, error)
        raise _refused_halfway(item, sending, error) from error
    seconds["job"] = (tools.clock() - began).total_seconds()
    kept = None
    if sending.rows.invalid:
        kept = rejects.kept(tools, item, given, target)
    else:
        target.unlink(missing_ok=True)
    return ended(tools, item, given, sending.status(), seconds, kept=kept)


def resumed(tools: Tools, item: PlannedImport, given: Submitted) -> ImportOutcome:
    """Take up a permit of another run: take it over, make the file's batches once more, and send all of them.

    Raises Conflict when they cannot be the same ones, because the spec or the file is another by now.
    """
    spec = tools.specs.get(item.spec)
    if spec is None or item.preparation != given.preparation:
        raise _not_the_same(item, given, "the spec says something else by now")
    if not item.file.location:
        raise _not_the_same(item, given, "this version of the file is not there any more")
    record.check_alone(tools, item, given)
    let_others_end(tools, item, given)
    claim = record.take_over(tools, item, given)
    try:
        with prepared(tools, item, spec, claim) as made:
            going = outgoing(tools, made)
            if going is None or going.digest != given.artifact.digest:
                raise _not_the_same(item, given, "what was prepared of the file is not what was permitted")
            return carry(tools, item, given, going, epoch=claim.epoch, seconds={}, is_first=False)
    except (PrepareError, Refused, SourceError) as error:
        if isinstance(error, PermitRefused):
            raise
        raise _not_the_same(item, given, error.what) from error


class _Sending:
    """One file's batches on their way. `answered` counts those that the API has answered."""

    def __init__(self, tools: Tools, item: PlannedImport, given: Submitted, going: Outgoing, epoch: int) -> None:
        self.rows = RowCounts()
        self.answered = 0
        self._tools = tools
        self._item = item
        self._given = given
        self._going = going
        self._epoch = epoch
        self._correlation_id = ""

    def send_all(self, rejected: BinaryIO) -> None:
        """Send the batches; rejected rows are written to the file, in the format that an import job has for them."""
        tools, item = self._tools, self._item
        began = tools.clock()
        for number, batch in enumerate(self._going.rows.batches(), 1):
            tools.stop.check()
            if number > 1:
                record.check_mine(tools, item, self._given, self._epoch)
            self._note(batch, self._sent(number, batch), rejected)
            tools.reporter.polled(item, self._given.job, self.rows, (tools.clock() - began).total_seconds())

    def _sent(self, number: int, batch: Sequence[Row]) -> BatchOutcome | None:
        """Send one batch, None where no row of it is a record. A lone record goes twice, for no batch is of one."""
        records = [row.record for row in batch if row.record]
        if not records:
            return None
        outcome = self._tools.api.upsert_written(
            self._item.object,
            records if len(records) > 1 else records * 2,
            match_key=self._going.prepared.spec.target.match_key,
            idempotency_key=self._key(number, records),
        )
        self.answered += 1
        self._correlation_id = outcome.correlation_id
        if {each.index for each in outcome.outcomes} < set(range(len(records))):
            raise ApiError(
                f"the API does not say what became of each record of {self._item.file.path}",
                correlation_id=outcome.correlation_id,
                where=f"spec {self._item.spec}, import {self._item.import_id}, batch {number}",
                why=f"{len(records):,} records were sent, and it speaks of {len(outcome.outcomes):,}",
                next_step="send them by import jobs: target.via: import",
            )
        return outcome

    def _key(self, number: int, records: Sequence[bytes]) -> str:
        item, given = self._item, self._given
        body = hashlib.sha256(b"\n".join(records)).hexdigest()
        return idempotency_key(
            self._tools.workspace,
            item.import_id,
            generation=item.generation,
            part=given.part,
            attempt=given.attempt,
            step="records",
            detail=[given.job, number, body],
        )

    def _note(self, batch: Sequence[Row], outcome: BatchOutcome | None, rejected: BinaryIO) -> None:
        """Count what became of the rows, and write down those that were rejected, in their order."""
        from syncer.prepare.records.row import rejected_line

        told = {each.index: each for each in outcome.outcomes} if outcome is not None else {}
        inserts = invalid = index = 0
        for row in batch:
            refusal = row.refusal
            if row.record:
                answer = told[index]
                index += 1
                inserts += answer.inserted
                refusal = "" if answer.accepted else answer.message or answer.code or "rejected without a reason"
            if refusal:
                invalid += 1
                rejected.write(rejected_line(row, refusal))
        valid, before = len(batch) - invalid, self.rows
        self.rows = RowCounts(
            read=before.read + len(batch),
            valid=before.valid + valid,
            invalid=before.invalid + invalid,
            inserts=before.inserts + inserts,
            updates=before.updates + valid - inserts,
        )

    def status(self) -> JobStatus:
        """Return what an import job would say of itself at its end."""
        return _status(self._given, self.rows, self._correlation_id)


def _status(given: Submitted, rows: RowCounts, correlation_id: str, refusal: ApiError | None = None) -> JobStatus:
    from syncer.api.models import JobStatus

    return JobStatus(
        job_id=given.job,
        state="completed" if refusal is None else "failed",
        read_rows=rows.read,
        valid_rows=rows.valid,
        invalid_rows=rows.invalid,
        merged_inserts=rows.inserts,
        merged_updates=rows.updates,
        error_code=refusal.code if refusal is not None else "",
        error_message=_words(refusal) if refusal is not None else "",
        started_at=None,
        finished_at=None,
        correlation_id=correlation_id,
    )


def _words(error: ApiError) -> str:
    return error.what + (f" ({error.why})" if error.why else "")


def _refused_at_once(tools: Tools, item: PlannedImport, given: Submitted, error: ApiError) -> ImportOutcome:
    return ended(tools, item, given, _status(given, RowCounts(), error.correlation_id, error), {})


def _refused_halfway(item: PlannedImport, sending: _Sending, error: ApiError) -> Conflict:
    far = f"after {sending.rows.read:,} of its rows" if sending.answered else "and some of its rows may be there"
    return Conflict(
        f"a batch of {item.file.path} was refused, {far}: {_words(error)}",
        where=f"spec {item.spec}, import {item.import_id}, correlation id {error.correlation_id or 'none'}",
        why="what is there of the file is imported, and the object is held until somebody decides about the rest",
        next_step=_ways_out(item, "when the cause is mended, go on: syncer apply"),
    )


def _not_the_same(item: PlannedImport, given: Submitted, why: str) -> Conflict:
    return Conflict(
        f"the records of {item.file.path} cannot be gone on with: some of them may have been sent as {given.job}",
        where=f"spec {item.spec}, import {item.import_id}",
        why=why,
        next_step=_ways_out(item, "to go on, bring file and spec back as they were: syncer apply"),
    )


def _ways_out(item: PlannedImport, first: str) -> str:
    resolve = f"syncer state resolve {item.import_id}"
    return (
        f'{first}\nto take it as imported: {resolve} --completed --reason "its rows are there"\n'
        f'to give it up: {resolve} --abandon --reason "its rows are sent by another file"'
    )
