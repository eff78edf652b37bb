"""The log on one git ref that every run shares: a push is the compare-and-swap.

A commit is built on the ref's exact tip, with an index of its own, and pushed. Git refuses a push onto a ref that
moved; the commit is dropped then, the remote's log is taken, and every decision is made again on it. Threads that ask
at the same time share one commit and one push.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from syncer.errors import SyncerError
from syncer.model.events import AnyEvent
from syncer.model.log import Log
from syncer.state.committed import Committed
from syncer.state.git import GitFailed, Identity, Repository, telling
from syncer.state.recall import TemporaryLines
from syncer.state.run_lock import RunLock
from syncer.state.segments import in_sequence, parse
from syncer.state.store import Decision, lacking, stamped
from syncer.state.unpushed import Unpushed

UNPUSHED = "unpushed"
OWN_REF = "refs/syncer/state"
LOST_RACES = 60
FAILED_PUSHES = 4
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
_HOPELESS = (
    "protected branch",
    "hook declined",
    "permission",
    "denied",
    "not authorized",
    "read-only",
    "rule violations",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the log is kept: a folder on a branch, of a remote, or of this clone alone when `remote` is None."""

    folder: str
    branch: str
    remote: str | None
    author: Identity | None = None

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    def __str__(self) -> str:
        return f"{self.remote or 'this clone'}, branch {self.branch}"


@dataclass(slots=True)
class _Ticket:
    """One caller's decision, waiting to be carried by whoever pushes next."""

    decide: Callable[[Log], tuple[AnyEvent, ...]]
    events: tuple[AnyEvent, ...] = ()
    error: BaseException | None = None
    settled: bool = False


class GitStore:
    """A log that runs on many machines share. Thread-safe. The user's checkout and index are never touched.

    `private` is this clone's own folder for what must not be committed. `run` names the run in commits. `sleep` waits
    between tries and may raise, `jitter` gives numbers in [0, 1).
    """

    queue_length = 50
    is_shared = True

    def __init__(
        self,
        repository: Repository,
        place: Place,
        *,
        private: Path,
        run: str,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._repository = repository
        self._place = place
        self._unpushed = Unpushed(private / UNPUSHED, run, new_id)
        self._run_lock = RunLock(private)
        self._run = run
        self._sleep = sleep
        self._jitter = jitter
        self._new_id = new_id
        self._committed: Committed | None = None
        self._lines = TemporaryLines()
        self._log = Log(recall=self._lines.event)
        self._tip: str | None = None
        self._first_tip: str | None = None
        self._queue: list[_Ticket] = []
        self._queue_lock = threading.Lock()
        self._leader = threading.RLock()
        self._offline = ""

    @property
    def place(self) -> Place:
        return self._place

    @property
    def tip(self) -> str | None:
        """The commit that this store last saw or made as the ref's tip."""
        return self._tip

    def read(self) -> Log:
        """Return the log at the ref's tip. Offline, the last tip that was seen serves, with a warning."""
        with self._leader:
            if self._committed is None:
                try:
                    self._take_shared_log()
                except GitFailed as error:
                    self._offline = error.said
                    self._take(self._tip or self._last_seen())
            return self._log

    def refresh(self) -> Log:
        """Return the log at the ref's tip, asked anew. Raises SyncerError when the remote cannot be asked."""
        with self._leader:
            for number in range(FAILED_PUSHES):
                try:
                    self._take_shared_log()
                except GitFailed as error:
                    failure = self._failure(error.said)
                    self._pause(number)
                else:
                    return self._log
            raise failure

    def lacks(self, path: str, data: bytes) -> int:
        """Count the events of a file in the log's own format that the log lacks. `path` counts from git's root.

        Raises Conflict for a file that cannot be read as a log. What is no more than an older state costs no reading.
        """
        log = self.read()
        if self._committed is not None and self._committed.holds_file(path, data):
            return 0
        for segment in in_sequence(Path(), [PurePosixPath(path).name]):
            return sum(1 for _, event in parse(segment, BytesIO(data)) if not log.holds(event))
        return 0

    def warnings(self) -> list[str]:
        found = self._committed.warnings() if self._committed else []
        if self._offline:
            found.append(f"{self._place} could not be asked ({self._offline}); the log may be older than it is there")
        return found + [
            f"{path.as_posix()} cannot be read; a run that died could not push what it holds"
            for path in self._unpushed.unreadable
        ]

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        """Decide on the shared log and push what was decided, as one step. Raises what `decide` raises."""
        return self._carried(_Ticket(lambda log: stamped(decide(log), log, self._new_id)))

    def merge(self, events: Iterable[AnyEvent]) -> int:
        """Add the events of another log that this one lacks, as they are. Raises Conflict as `Store.merge` does."""
        given = Log(events)
        return len(self._carried(_Ticket(lambda log: tuple(lacking(given, log)))))

    def note(self, decide: Decision) -> tuple[AnyEvent, ...]:
        """Keep events that tell what happened: on this disk at once, on the ref with the next push."""
        with self._leader:
            events = self._decided(lambda log: stamped(decide(log), log, self._new_id))
            self._unpushed.add(events)
            return events

    def flush(self) -> None:
        """Push what was noted. Raises SyncerError that says where it is kept when that fails."""
        with self._leader:
            if self._unpushed.events:
                self._carry([])

    def show(self) -> None:
        """Fast-forward a clean checkout of the state's branch; any other checkout is left alone.

        Where the branch itself moved under its checkout, the state's own files are brought along, if nobody edited
        them. Raises nothing: the log is where it belongs, and what stands in the way is the user's to move.
        """
        with contextlib.suppress(GitFailed):
            self._show()

    def _show(self) -> None:
        repository, tip, place = self._repository, self._tip, self._place
        if tip is None or self._offline:
            return
        if place.remote is not None:
            repository.run("update-ref", OWN_REF, tip)
        if repository.checked_out_branch() != place.branch:
            return
        head = repository.tip("HEAD")
        if place.remote is None and head == tip:
            first = self._first_tip
            if tip != first and (first is None or repository.is_same(first, place.folder)):
                repository.run("checkout", "--quiet", "HEAD", "--", f":/{place.folder}")
        elif head != tip and repository.is_clean() and (head is None or repository.is_ancestor(head, tip)):
            repository.run("merge", "--ff-only", "--quiet", tip)

    @contextlib.contextmanager
    def run_lock(self, description: str) -> Iterator[None]:
        """Hold this clone for one run, and take over what dead runs of it could not push. See `RunLock.hold`."""
        with self._run_lock.hold(description):
            self._inherit()
            yield

    def _inherit(self) -> None:
        with self._leader:
            log = self.read()
            if not self._offline:
                self._unpushed.inherit(log)
                for event in self._unpushed.events:
                    log.add(event, self._lines.put(event))

    def is_held(self) -> bool:
        return self._run_lock.is_held()

    def _carried(self, ticket: _Ticket) -> tuple[AnyEvent, ...]:
        with self._queue_lock:
            self._queue.append(ticket)
        with self._leader:
            if not ticket.settled:
                with self._queue_lock:
                    tickets, self._queue = self._queue, []
                self._settle(tickets)
        if ticket.error is not None:
            raise ticket.error
        return ticket.events

    def _settle(self, tickets: list[_Ticket]) -> None:
        """Carry the tickets with one push; what stops the push is told to everyone who waits for it."""
        try:
            self._carry(tickets)
        except BaseException as error:  # noqa: BLE001 - it is raised in every waiting thread, by `_carried`
            self._committed = None
            for ticket in tickets:
                ticket.error = ticket.error or error
        for ticket in tickets:
            ticket.settled = True

    def _carry(self, tickets: list[_Ticket]) -> None:
        for number in range(LOST_RACES):
            try:
                if self._committed is None or self._offline:
                    self._take_shared_log()
                decided = [event for ticket in tickets for event in self._ticket_events(ticket)]
                events = [] if tickets and not decided else [*self._unpushed.events, *decided]
                if not events or self._commit_and_push(events):
                    return
            except GitFailed as error:
                self._committed = None
                raise self._failure(error.said) from error
            self._committed = None
            self._pause(number)
        raise self._failure("it moved at every try; too many runs write to it at once")

    def _ticket_events(self, ticket: _Ticket) -> tuple[AnyEvent, ...]:
        try:
            ticket.events, ticket.error = self._decided(ticket.decide), None
        except SyncerError as error:
            ticket.events, ticket.error = (), error
        return ticket.events

    def _decided(self, decide: Callable[[Log], tuple[AnyEvent, ...]]) -> tuple[AnyEvent, ...]:
        events = decide(self.read())
        for event in events:
            self._log.add(event, self._lines.put(event))
        return events

    def _take_shared_log(self) -> None:
        place = self._place
        if place.remote is None:
            tip = self._repository.tip(place.ref)
        else:
            tip = self._repository.fetch(place.remote, place.branch, OWN_REF)
        self._offline = ""
        if self._committed is None or tip != self._tip:
            self._take(tip)

    def _take(self, tip: str | None) -> None:
        """Read the log at a commit. One that cannot be read leaves this store without a log, not with half of one."""
        self._committed = None
        if self._first_tip is None:
            self._first_tip = tip
        self._tip = tip
        lines = TemporaryLines()
        committed = Committed(self._repository, self._place.folder, tip, lines)
        log = Log(recall=lines.event)
        for place, event in committed.events():
            log.add(event, place)
        self._unpushed.rebase(log)
        for event in self._unpushed.events:
            log.add(event, lines.put(event))
        self._committed, self._log, self._lines = committed, log, lines

    def _last_seen(self) -> str | None:
        """Return where the ref stood when this clone last saw it, also by the user's own fetch."""
        place, repository = self._place, self._repository
        seen, fetched = repository.tip(OWN_REF), repository.tip(f"refs/remotes/{place.remote}/{place.branch}")
        if seen is None or fetched is None:
            return seen or fetched
        return fetched if repository.is_ancestor(seen, fetched) else seen

    def _commit_and_push(self, events: Sequence[AnyEvent]) -> bool:
        """Put the events on top of the tip. False: the ref moved, and nothing of this is on it."""
        base = self._committed
        if base is None:
            raise AssertionError("decided on a log that was never read")
        contents = base.with_events(events)
        commit = self._repository.commit(base.tip, contents, self._message(events), self._place.author)
        if not self._pushed(commit, base):
            return False
        self._tip = commit
        if self._committed is base:
            base.advanced(commit, contents, events)
        self._unpushed.clear()
        return True

    def _pushed(self, commit: str, base: Committed) -> bool:
        said = ""
        for number in range(FAILED_PUSHES):
            said = self._push(commit, base.tip)
            if not said:
                return True
            tip = self._tip_after(said)
            if tip is not None and self._repository.is_ancestor(commit, tip):
                self._committed = None  # only the answer was lost, and others may have come after it
                return True
            if tip != base.tip:
                return False
            if any(word in said.lower() for word in _HOPELESS):
                break
            self._pause(number)
        raise self._failure(said)

    def _push(self, commit: str, base: str | None) -> str:
        """Return "" when the commit is the new tip, else git's words."""
        try:
            if self._place.remote is None:
                self._repository.move(self._place.ref, commit, base)
            else:
                self._repository.push(self._place.remote, commit, self._place.branch)
        except GitFailed as error:
            return error.said or "git gave no reason"
        return ""

    def _tip_after(self, said: str) -> str | None:
        """Ask where the ref stands after a push that failed; without an answer the push cannot be settled."""
        if self._place.remote is None:
            return self._repository.tip(self._place.ref)
        try:
            return self._repository.fetch(self._place.remote, self._place.branch, OWN_REF)
        except GitFailed as error:
            raise self._failure(said) from error

    def _pause(self, number: int) -> None:
        self._sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(number, 10)) * (0.5 + self._jitter()))

    def _message(self, events: Sequence[AnyEvent]) -> str:
        counts = Counter(type(event).__name__.lower() for event in events)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        specs = ", ".join(sorted({event.spec for event in events}))
        return f"syncer: {told} [skip ci]\n\nRun: {self._run}\nSpecs: {specs}\n"

    def _failure(self, said: str) -> SyncerError:
        last = telling(said)
        if self._unpushed.events:
            path = self._unpushed.spool.path.as_posix()
            return SyncerError(
                f"the state could not be pushed to {self._place}: {last}",
                where=f"what is not there yet is kept in {path}",
                why="the record of what happened must reach the shared log before this machine is gone",
                next_step=f"when the cause is mended: syncer state merge {path}",
            )
        return SyncerError(
            f"the state could not be pushed to {self._place}: {last}",
            why="nothing is started without a permit that every run can see",
            next_step="check the right to push to this branch, or keep the state on one of its own (state.branch)",
        )
