"""Hold on to one version of an object while it is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from syncer.errors import SourceError
from syncer.model.files import SourceFile, size_refusal
from syncer.source.found import BY_PATH
from syncer.source.pins import Held, changed_since_planned, changed_while_read
from syncer.source.stopping import Stop
from syncer.source.stores.base import Listed, ObjectChangedError, ObjectStore, RetryableError
from syncer.source.stores.breaker import Breaker
from syncer.source.stores.failures import Kind, failed
from syncer.source.window import Window

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RemotePin:
    """One version of an object, by the strictest word that its store has for it. See `pins.Held`."""

    path: str
    store: ObjectStore
    listed: Listed
    location: Path | None = None

    @property
    def size(self) -> int:
        return self.listed.size

    @property
    def version(self) -> str:
        return self.listed.version or self.listed.held

    def open(self, *, stop: Stop | None = None) -> BinaryIO:
        breaker = Breaker()
        fetch = partial(self._fetch, breaker)
        window = Window(fetch, self.size, gave_up=self._gave_up, stop=stop, break_off=breaker.break_off)
        return cast("BinaryIO", window)

    def verify(self, *, stop: Stop | None = None) -> None:  # noqa: ARG002 - one look is over before it can be stopped
        if self.listed.version:
            return  # that version cannot change any more
        now = self.store.look(self.listed.key)
        if now is None or (now.held, now.size) != (self.listed.held, self.listed.size):
            raise changed_while_read(self.path)

    def _fetch(self, breaker: Breaker, start: int, into: memoryview) -> None:
        try:
            self.store.read(self.listed, start, into, breaker=breaker)
        except ObjectChangedError:
            raise changed_while_read(self.path) from None

    def _gave_up(self, error: RetryableError) -> SourceError:
        return failed(Kind.UNREACHABLE, self.store.place, "read", detail=error.why)


def pin_remote(file: SourceFile, store: ObjectStore, key: str) -> Held:
    """Take hold of the version that was planned. Raises SourceError when it is another one by now, or archived."""
    listed = store.look(key)
    if listed is None:
        raise SourceError(f"{file.path} is gone since it was planned", where=str(store.place), next_step="syncer plan")
    if (refusal := size_refusal(listed.size)) is not None:
        raise SourceError(f"{file.path} is too large", where=file.path, why=refusal, next_step="split the file")
    planned = file.tag or file.fingerprint
    if planned not in (BY_PATH, listed.fingerprint):
        raise changed_since_planned(file.path)
    if listed.cold:
        raise failed(Kind.COLD, store.place, "read", detail=f"{file.path} is in {listed.cold}")
    return RemotePin(file.path, store, listed)


def read_content(held: Held, *, stop: Stop | None = None) -> str:
    """Read the whole file and return `sha256:<hex>` of its stored bytes."""
    sha = hashlib.sha256()
    with held.open(stop=stop) as stream:
        while block := stream.read(BLOCK_BYTES):
            sha.update(block)
    held.verify(stop=stop)
    return f"sha256:{sha.hexdigest()}"
