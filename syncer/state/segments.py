"""The log on disk: `<spec>.jsonl`, then `<spec>.0002.jsonl` and on, appended to and never rewritten.

Reading tolerates exactly one fault, the torn last line of an append that was cut off: it counts for nothing, is
reported, and is set aside before the next append. Everything else that cannot be read stops the command.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from syncer.errors import Conflict, SyncerError
from syncer.model.events import AnyEvent
from syncer.state.lines import UnreadableLine, decode

SEGMENT_BYTES = 10_000_000
BLOCK_BYTES = 1 << 18
_NAME = re.compile(r"(?P<spec>[A-Za-z0-9][A-Za-z0-9_-]*)(?:\.(?P<number>[0-9]{4,}))?\.jsonl")
_CONFLICT_MARKERS = (b"<<<<<<< ", b"=======", b">>>>>>> ", b"||||||| ")


@dataclass(slots=True)
class Segment:
    """One file of the log and how far it has been read.

    `tail` is what stands after `read_to`: a whole event that only lacks its newline, or, when `torn`, no event at all.
    """

    path: Path
    spec: str
    number: int
    read_to: int = 0
    lines: int = 0
    tail: bytes = b""
    torn: bool = False
    inode: int = 0

    @property
    def warning(self) -> str | None:
        if not self.torn:
            return None
        return (
            f"{named(self.path)}:{self.lines + 1}: the last line is torn and counts for nothing; "
            "it is set aside at the next append"
        )


def segments(directory: Path) -> list[Segment]:
    """Return the log's files in the order they were begun. A missing folder is an empty log.

    Raises Conflict when a file between two others is missing: what it held would be imported again.
    """
    try:
        names = sorted(path.name for path in directory.iterdir())
    except FileNotFoundError:
        return []
    return in_sequence(directory, names)


def in_sequence(directory: Path, names: Iterable[str]) -> list[Segment]:
    """Return the segments among these file names in the order they were begun. Raises Conflict as `segments` does."""
    matches = [match for name in names if (match := _NAME.fullmatch(name))]
    found = [Segment(directory / match[0], match["spec"], int(match["number"] or 1)) for match in matches]
    found.sort(key=lambda segment: (segment.spec, segment.number))
    _check_complete(directory, found)
    return found


def _check_complete(directory: Path, found: list[Segment]) -> None:
    there = {(segment.spec, segment.number) for segment in found}
    for segment in found:
        if segment.number > 1 and (segment.spec, segment.number - 1) not in there:
            before = segment_path(directory, segment.spec, segment.number - 1)
            raise Conflict(
                f"{named(before)} is missing, and {segment.path.name} goes on where it ended",
                why="the log is append-only and all of its files are read",
                next_step=f"restore it from git: git log -- {pasted(before)}",
            )


def segment_path(directory: Path, spec: str, number: int) -> Path:
    return directory / (f"{spec}.jsonl" if number == 1 else f"{spec}.{number:04}.jsonl")


def named(path: Path) -> str:
    """Name a file of the log with its folder, as people know it: `state/crm.jsonl`."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def pasted(path: Path) -> str:
    """Write the path as a command takes it, from where the person stands."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def read_new(segment: Segment) -> Iterator[tuple[int, AnyEvent]]:
    """Yield the events that were appended since the last call, and remember an unterminated or torn tail.

    Each comes with the offset at which its line begins. Raises Conflict for a line that is no event and not the last
    one, for git's conflict markers, and for a file that was rewritten since, because the log is append-only.
    """
    with segment.path.open("rb", buffering=BLOCK_BYTES) as file:
        _check_only_grown(segment, file)
        file.seek(segment.read_to)
        yield from parse(segment, file)


def parse(segment: Segment, file: BinaryIO) -> Iterator[tuple[int, AnyEvent]]:
    """Yield the events from `segment.read_to` on, where the file stands. Raises Conflict as `read_new` does."""
    segment.tail, segment.torn = b"", False
    for line in file:
        if not line.endswith(b"\n"):
            yield from _unterminated(segment, line)
            return
        if not line.isspace():
            try:
                event = _event(segment, line)
            except UnreadableLine as error:
                if file.read(1):
                    raise _unreadable(segment, error) from None
                segment.tail, segment.torn = line, True
                return
            yield segment.read_to, event
        segment.read_to += len(line)
        segment.lines += 1


def _check_only_grown(segment: Segment, file: BinaryIO) -> None:
    """Refuse to read on in a file in which what was read before no longer ends where it did."""
    status = os.fstat(file.fileno())
    segment.inode = segment.inode or status.st_ino
    if status.st_size < segment.read_to:
        raise changed_in_use(segment.path, "became shorter")
    if status.st_ino != segment.inode or not _ends_a_line(file, segment.read_to):
        raise changed_in_use(segment.path, "was rewritten")


def changed_in_use(path: Path, how: str) -> Conflict:
    return Conflict(
        f"{named(path)} {how} while it was in use",
        why="the log is append-only; an editor, a checkout or a merge must not change it under a run",
        next_step=f"see what happened to it: git log -p -- {pasted(path)}",
    )


def unreadable_log(path: Path | str, error: OSError) -> SyncerError:
    return SyncerError(
        f"the state log could not be read: {error.strerror or error}",
        where=str(path),
        why="what was imported is known from the log alone, so nothing goes on without it",
        next_step="mend the disk or its permissions, then run: syncer apply",
    )


def _ends_a_line(file: BinaryIO, offset: int) -> bool:
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _unterminated(segment: Segment, line: bytes) -> Iterator[tuple[int, AnyEvent]]:
    """Read a last line without its newline: an event when it is whole, otherwise torn."""
    if line.isspace():
        return
    segment.tail = line
    try:
        event = _event(segment, line)
    except UnreadableLine:
        segment.torn = True
    else:
        yield segment.read_to, event


def _event(segment: Segment, line: bytes) -> AnyEvent:
    try:
        return decode(line)
    except UnreadableLine:
        if not line.startswith(_CONFLICT_MARKERS):
            raise
        raise Conflict(
            f"{named(segment.path)}:{segment.lines + 1}: git's conflict markers stand in the log",
            why="two branches appended to it and the merge was not finished",
            next_step=f"keep the lines of both sides, delete the markers, then: git add {pasted(segment.path)}",
        ) from None
    except Conflict as newer:
        newer.where = f"{named(segment.path)}:{segment.lines + 1}"
        raise


def _unreadable(segment: Segment, error: UnreadableLine) -> Conflict:
    return Conflict(
        f"{named(segment.path)}:{segment.lines + 1}: the line is no event of the log",
        why=str(error),
        next_step=f"restore the line from git: git log -p -- {pasted(segment.path)}",
    )


def append(segment: Segment, data: bytes, *, sync: Callable[[int], None] = os.fsync) -> None:
    """Append whole lines durably: they are on disk when this returns.

    A torn tail is set aside first, into `.<name>.torn-<offset>`; an unterminated whole line is terminated. Raises
    SyncerError when the disk refuses; a failed `sync` is never tried again, since what is on disk is then unknown.
    What was written of the lines is taken back then: nobody may act on a line that a power cut could undo.
    """
    is_new = not segment.path.exists()
    try:
        with segment.path.open("ab", buffering=0) as file:
            before = _mend_tail(segment, file.fileno())
            length = os.fstat(file.fileno()).st_size
            try:
                _write_all(file, before + data)
                sync(file.fileno())
                if is_new:
                    sync_directory(segment.path.parent)
            except OSError:
                with contextlib.suppress(OSError):  # a torn end counts for nothing; only a whole line could mislead
                    os.ftruncate(file.fileno(), length)
                raise
    except OSError as error:
        raise unwritable(segment.path, error) from error


def settle(directory: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
    """Make durable what a run that was killed may have written and not synced, names of new files included.

    A permit that is acted on must not be undone by a power cut. Raises SyncerError when the disk refuses.
    """
    path = directory
    try:
        for segment in segments(directory):
            path = segment.path
            with path.open("ab", buffering=0) as file:
                sync(file.fileno())
        for path in (directory, directory.parent):
            sync_directory(path)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> SyncerError:
    return SyncerError(
        f"the state log could not be written: {error.strerror or error}",
        where=path.as_posix(),
        why="nothing is started without a durable record, so the run stops here",
        next_step="make room or mend the disk, then run: syncer apply",
    )


def _write_all(file: FileIO, data: bytes) -> None:
    """Write without a buffer, which would be written once more when the file is closed after an error."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _mend_tail(segment: Segment, descriptor: int) -> bytes:
    """Return what has to be written before the next line; a torn tail is moved out of the way first."""
    if not segment.torn:
        return b"\n" if segment.tail else b""
    aside = segment.path.with_name(f".{segment.path.name}.torn-{segment.read_to}")
    with aside.open("ab") as kept:
        kept.write(segment.tail)
    os.ftruncate(descriptor, segment.read_to)
    return b""


def sync_directory(directory: Path) -> None:
    """Make a new file's name durable. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
