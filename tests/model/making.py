"""Events, specs and files for tests, with everything but the point of the test filled in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from syncer.model.events import (
    AnyEvent,
    ArtifactFacts,
    Baselined,
    Claimed,
    Event,
    Failure,
    Finished,
    Forgotten,
    Resolved,
    RowCounts,
    Submitted,
    Waived,
)
from syncer.model.files import SourceFile
from syncer.model.identity import import_id
from syncer.model.spec import Spec

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORKSPACE = "prod"
ARTIFACT = ArtifactFacts(digest="sha256:aa", size=10, columns=("email",), file_name="a.csv", rows=2)

E = TypeVar("E", bound=Event)


def spec(name: str = "crm", **more: Any) -> Spec:
    """Make a spec of the smallest kind; `source` and `target` are merged over its own."""
    document = {
        "version": 1,
        "name": name,
        "source": {"uri": "data/*.csv", **more.pop("source", {})},
        "target": {"object": "profiles", **more.pop("target", {})},
        "mapping": {"email": "email"},
        **more,
    }
    return Spec.model_validate(document)


def file(path: str = "data/a.csv", version: str = "A", **more: Any) -> SourceFile:
    """Make a source file; `version` stands for its bytes unless `fingerprint` is given."""
    facts: dict[str, Any] = {
        "path": path,
        "location": f"/project/{path}",
        "size": 10,
        "modified": NOW - timedelta(days=1),
        "fingerprint": f"sha256:{version}",
        "format": "csv",
    }
    return SourceFile(**{**facts, **more})


class Making:
    """Makes the events of one import; every event gets an id of its own."""

    def __init__(self, own: Spec | None = None, source: SourceFile | None = None, generation: int = 1) -> None:
        self.spec = own or spec()
        self.file = source or file()
        self.generation = generation
        self.import_id = import_id(self.spec, WORKSPACE, self.file.path, self.file.fingerprint)
        self._number = 0

    def claimed(self, **more: Any) -> Claimed:
        facts: dict[str, Any] = {
            "epoch": 1,
            "lease": NOW - timedelta(minutes=1),
            "size": self.file.size,
            "modified": self.file.modified,
            "preparation": "prep",
            "spec_digest": "digest",
        }
        return self._event(Claimed, {**facts, **more})

    def submitted(self, job: str = "imp_1", **more: Any) -> Submitted:
        facts: dict[str, Any] = {
            "epoch": 1,
            "job": job,
            "spec_digest": "digest",
            "preparation": "prep",
            "artifact": ARTIFACT,
        }
        return self._event(Submitted, {**facts, **more})

    def completed(self, job: str | None = "imp_1", **more: Any) -> Finished:
        rows = RowCounts(read=2, valid=2, inserts=2)
        facts = {"outcome": "completed", "job": job, "rows": rows, "spec_digest": "digest", "preparation": "prep"}
        return self._event(Finished, {**facts, **more})

    def failed(self, kind: str = "counted", job: str | None = None, **more: Any) -> Finished:
        failure = Failure(kind=kind, code="CDP_ETL.X", message="it broke")  # type: ignore[arg-type]  # the test's words
        facts = {"outcome": "failed", "job": job, "failure": failure, "spec_digest": "digest", "preparation": "prep"}
        return self._event(Finished, {**facts, **more})

    def baselined(self, reason: str = "moved by hand") -> Baselined:
        return self._event(Baselined, {"reason": reason})

    def forgotten(self, reason: str = "send it again") -> Forgotten:
        return self._event(Forgotten, {"reason": reason})

    def waived(self, rows: int = 1) -> Waived:
        return self._event(Waived, {"reason": "known bad", "rows": rows})

    def resolved(self, decision: str, job: str = "imp_1") -> Resolved:
        return self._event(Resolved, {"decision": decision, "job": job, "reason": "support said so"})

    def whole(self, job: str = "imp_1") -> Iterator[AnyEvent]:
        """Yield the events of an import that went well."""
        yield self.claimed()
        yield self.submitted(job)
        yield self.completed(job)

    def _event(self, kind: type[E], facts: dict[str, Any]) -> E:
        self._number += 1
        about: dict[str, Any] = {
            "id": f"{self.spec.name}-{self.import_id}-{self.generation}-{self._number}",
            "time": NOW - timedelta(hours=1),
            "run": "run-1",
            "actor": "tester",
            "spec": self.spec.name,
            "workspace": WORKSPACE,
            "object": self.spec.target.object,
            "path": self.file.path,
            "fingerprint": self.file.fingerprint,
            "import_id": self.import_id,
            "generation": self.generation,
        }
        return kind(**{**about, **facts})
