"""What the golden files hold: of each kind one event with every fact, one with only those that must be there.

Claims and permits have a third, of a repair. A line of before has no `repairs`, and none is written without need.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from syncer.model.events import (
    AnyEvent,
    ArtifactFacts,
    AudienceUse,
    Baselined,
    Claimed,
    Failure,
    Finished,
    Forgotten,
    ListUse,
    Notified,
    Rejection,
    Resolved,
    RowCounts,
    Submitted,
    Waived,
)

ABOUT: dict[str, Any] = {
    "id": "0a1b2c3d4e5f6071",
    "time": datetime(2026, 11, 23, 2, 0, 1, 250000, tzinfo=UTC),
    "run": "20261123T020000Z-a1b2c3",
    "actor": "mara (GitHub Actions run 77)",
    "spec": "crm-profiles",
    "workspace": "prod",
    "object": "profiles",
    "path": "data/crm/dt=2026-11-22/part-1 ü.csv.gz",
    "fingerprint": "sha256:9f86d081884c7d65",
    "import_id": "00112233445566ff",
    "generation": 2,
}
FULL: dict[str, Any] = {**ABOUT, "seen": "ffffffffffffffff", "part": 2, "attempt": 3}
REPAIR: dict[str, Any] = {
    **ABOUT,
    "path": f"{ABOUT['path']}#repair-2",
    "import_id": "8899aabbccddeeff",
    "generation": 1,
}
NOTICE: dict[str, Any] = {**ABOUT, "path": "", "fingerprint": "", "import_id": "", "generation": 1}
LIST = ListUse(name="CRM 2026-11", id="lst_01HX", create=True)
AUDIENCE = AudienceUse(name="CRM prospects", create=True)
SPEC: dict[str, Any] = {"spec_digest": "5d5d", "preparation": "9e9e"}

EVENTS: dict[str, list[AnyEvent]] = {
    "claimed": [
        Claimed(
            **FULL,
            **SPEC,
            epoch=2,
            lease=datetime(2026, 11, 23, 2, 30, tzinfo=UTC),
            size=1048576,
            modified=datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC),
            tag="etag:9f86d081:1048576",
            parts=3,
            part_rows=(41, 40, 40),
            write_mode="upsert",
            batch="crm-profiles-20261122",
            list_use=LIST,
            audience=AUDIENCE,
        ),
        Claimed(
            **ABOUT,
            **SPEC,
            epoch=1,
            lease=datetime(2026, 11, 23, 2, 30, tzinfo=UTC),
            size=0,
            modified=datetime(2026, 11, 22, tzinfo=UTC),
        ),
        Claimed(
            **REPAIR,
            **SPEC,
            epoch=1,
            lease=datetime(2026, 11, 23, 2, 30, tzinfo=UTC),
            size=64,
            modified=datetime(2026, 11, 23, tzinfo=UTC),
            repairs="00112233445566ff",
        ),
    ],
    "submitted": [
        Submitted(
            **FULL,
            **SPEC,
            epoch=2,
            parts=3,
            job="imp_01HX",
            artifact=ArtifactFacts(
                digest="sha256:77",
                size=512,
                columns=("email", "import_batch"),
                file_name="part-1.csv.gz",
                rows=40,
                invalid=0,
                suppressed=3,
                quarantined=1,
                held_back=(Rejection(reason="email: not an address", count=1, first_row=7),),
            ),
            content="sha256:9f86d081884c7d65",
            version="3HL4kqtJvjVBH40Nrjfkd",
            correlation_id="c-1",
            list_use=LIST,
            audience=AUDIENCE,
        ),
        Submitted(
            **ABOUT,
            **SPEC,
            epoch=1,
            job="imp_01HY",
            artifact=ArtifactFacts(digest="sha256:78", size=1, columns=(), file_name="a.csv"),
        ),
        Submitted(
            **REPAIR,
            **SPEC,
            epoch=1,
            job="imp_01HZ",
            artifact=ArtifactFacts(digest="sha256:79", size=64, columns=("email",), file_name="a-repair-2.csv", rows=2),
            repairs="00112233445566ff",
        ),
    ],
    "finished": [
        Finished(
            **FULL,
            **SPEC,
            outcome="completed",
            job="imp_01HX",
            rows=RowCounts(read=40, valid=38, invalid=2, inserts=30, updates=8),
            rejections=(Rejection(reason="email: not an address", count=2, first_row=7),),
            rejects_file="00112233445566ff-2.csv",
            correlation_id="c-2",
            seconds={"prepare": 0.25, "upload": 1.5, "job": 61.0},
            commit="4f94d5c7e9a03a31",
            list_use=LIST,
            audience=AUDIENCE,
        ),
        Finished(
            **ABOUT,
            **SPEC,
            outcome="failed",
            failure=Failure(kind="transient", code="Unavailable", message="the API did not answer"),
        ),
    ],
    "baselined": [Baselined(**FULL, reason="imported by the old cron job"), Baselined(**ABOUT, reason="x")],
    "forgotten": [Forgotten(**FULL, reason="object was emptied"), Forgotten(**ABOUT, reason="x")],
    "waived": [Waived(**FULL, reason="test addresses", rows=2), Waived(**ABOUT, reason="x", rows=0)],
    "notified": [
        Notified(**NOTICE, standing="failed", causes=("00112233445566ff-2", "source")),
        Notified(**NOTICE, standing="recovered"),
    ],
    "resolved": [
        Resolved(**FULL, job="imp_01HX", decision="abandon", reason="never started, says support"),
        Resolved(**ABOUT, job="imp_01HX", decision="start", reason="x"),
    ],
}
