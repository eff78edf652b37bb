"""Ids and digests: the same inputs give the same id on any machine, in any run.

Every digest is SHA-256 over canonical JSON (sorted keys, no spaces), so no two different inputs can be written alike.
"""

from __future__ import annotations

import hashlib
import json
import uuid

from syncer.model.spec import Spec

IMPORT_ID_LENGTH = 16


def digest(value: object) -> str:
    """Return the SHA-256 hex digest of a JSON-serialisable value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def import_id(spec: Spec, workspace: str, path: str, fingerprint: str) -> str:
    """Name one source file version as one spec imports it: 16 hex digits.

    The workspace is part of it, so staging and production never share an id; the spec goes in by its oldest name, so a
    renamed spec keeps its ids.
    """
    return digest([spec.oldest_name, workspace, spec.target.object, path, fingerprint])[:IMPORT_ID_LENGTH]


def preparation_digest(spec: Spec, preparation_version: int, *, mask_key: str = "", suppress: str = "") -> str:
    """Name everything that shapes what the API is sent for a file: one digest, one expected outcome.

    A final failure holds for one preparation digest, so a corrected mapping is tried by itself. The batch value goes
    in as its template: a value that holds the date must not make yesterday's final failure look untried. `mask_key` is
    the key's fingerprint, and matters to a spec that masks a column; `suppress` the digest of the keys in its list.
    """
    shaping = spec.model_dump(
        mode="json",
        by_alias=True,
        include={
            "target": True,
            "mapping": True,
            "constants": True,
            "list_options": True,
            "audience": True,
            "auto_profile": True,
            "batch": True,
            "prepare": True,
            "checks": True,
            "on_invalid": True,
            "suppress": True,
            "source": {"format", "csv"},
        },
    )
    masks = any(column.mask is not None for column in spec.mapping.values())
    return digest([preparation_version, shaping, *([mask_key] if masks else []), *([suppress] if suppress else [])])


def idempotency_key(
    workspace: str, import_id: str, *, generation: int, part: int, attempt: int, step: str, detail: object
) -> str:
    """Return the Idempotency-Key of one write: a UUID of version-4 shape, as the API's contract asks for.

    `detail` is what else the request depends on: the body for init, the job id for mapping and start. The same write
    repeated after a crash has the same key, so the API answers as it did the first time.
    """
    material = digest([workspace, import_id, generation, part, attempt, step, detail])
    return str(uuid.UUID(hex=material[:32], version=4))
