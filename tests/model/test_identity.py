"""Ids and digests: equal for equal facts, different for every fact that matters."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model.identity import digest, idempotency_key, import_id, preparation_digest
from syncer.model.spec import Spec
from tests.model.making import spec

BASE = import_id(spec("crm"), "prod", "data/a.csv", "sha256:A")


def test_an_import_id_never_changes() -> None:
    """The id is part of the log's format: a later version must compute the same one."""
    assert BASE == "6cc76bf13281a30e"


@pytest.mark.parametrize(
    ("own", "workspace", "path", "fingerprint"),
    [
        (spec("other"), "prod", "data/a.csv", "sha256:A"),
        (spec("crm"), "staging", "data/a.csv", "sha256:A"),
        (spec("crm", target={"object": "orders"}), "prod", "data/a.csv", "sha256:A"),
        (spec("crm"), "prod", "data/b.csv", "sha256:A"),
        (spec("crm"), "prod", "data/a.csv", "sha256:B"),
        (spec("crm"), "prod", "data/a.csv", "etag:A"),
    ],
)
def test_every_part_of_the_identity_matters(own: Spec, workspace: str, path: str, fingerprint: str) -> None:
    """Spec, workspace, object, path and fingerprint each tell two imports apart."""
    assert import_id(own, workspace, path, fingerprint) != BASE


def test_a_renamed_spec_keeps_its_ids() -> None:
    """The oldest name counts, however often a spec is renamed and whatever else in it changes."""
    renamed = spec("crm-2027", formerly=["crm", "crm-2026"], description="new", mapping={"email": "mail"})
    assert import_id(renamed, "prod", "data/a.csv", "sha256:A") == BASE


def test_facts_cannot_flow_into_each_other() -> None:
    """Moving a character from one part to the next makes another id."""
    assert import_id(spec(), "prod", "ab", "c") != import_id(spec(), "prod", "a", "bc")


@pytest.mark.parametrize(
    "change",
    [
        {"description": "other words"},
        {"owner": "@crm"},
        {"tags": ["pii"]},
        {"limits": {"files": 5}},
        {"retry": {"attempts": 9}},
        {"suspend": True},
        {"depends_on": ["other"]},
        {"on_failure": "continue"},
        {"expect_every": "24h"},
        {"source": {"since": "2026-11-01", "order": "modified", "on_change": "ignore"}},
        {"source": {"uri": "elsewhere/*.csv"}},
    ],
)
def test_what_does_not_shape_the_artifact_leaves_the_preparation_alone(change: dict[str, Any]) -> None:
    """A failure that is final stays final when only words and rails around the rows change."""
    assert preparation_digest(spec(**change), 1) == preparation_digest(spec(), 1)


@pytest.mark.parametrize(
    "change",
    [
        {"mapping": {"email": "mail"}},
        {"mapping": {"email": {"to": "email", "type": "integer"}}},
        {"constants": {"source": "crm"}},
        {"constants": {"flag": 1}},
        {"constants": {"flag": True}},
        {"batch": {"field": "b"}},
        {"batch": {"field": "b", "value": "x"}},
        {"target": {"object": "orders"}},
        {"target": {"match_key": "email"}},
        {"list": {"create": "L"}},
        {"audience": {"create": "A"}},
        {"auto_profile": True},
        {"prepare": {"mode": "rewrite"}},
        {"checks": {"min_rows": 1}},
        {"on_invalid": "abort"},
        {"suppress": {"keys": "k.txt"}},
        {"source": {"format": "jsonl"}},
        {"source": {"csv": {"delimiter": ";"}}},
    ],
)
def test_what_shapes_the_artifact_changes_the_preparation(change: dict[str, Any]) -> None:
    """A corrected spec is another preparation, so that it is tried by itself."""
    others = {preparation_digest(spec(), 1), preparation_digest(spec(constants={"flag": 2}), 1)}
    assert preparation_digest(spec(**change), 1) not in others


def test_a_new_way_of_preparing_changes_the_preparation() -> None:
    """The tool's own preparation version counts."""
    assert preparation_digest(spec(), 1) != preparation_digest(spec(), 2)


def test_the_order_of_keys_means_nothing() -> None:
    """A digest is of facts, not of how they were written down."""
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.text(), st.text())
def test_idempotency_keys_are_version_4_uuids(generation: int, part: int, attempt: int, step: str, detail: str) -> None:
    """The contract asks for a UUID v4: version and variant bits are in place, and the same write has the same key."""
    made = {
        idempotency_key("prod", BASE, generation=generation, part=part, attempt=attempt, step=step, detail=detail)
        for _ in range(2)
    }
    (key,) = made
    assert uuid.UUID(key).version == 4
    assert uuid.UUID(key).variant == uuid.RFC_4122
    assert key == str(uuid.UUID(key))


def test_every_part_of_a_write_matters_to_its_key() -> None:
    """No two writes share a key, so that an answer is never replayed to another request."""
    base: dict[str, Any] = {"generation": 1, "part": 1, "attempt": 1, "step": "init", "detail": "d"}
    changes: list[dict[str, Any]] = [
        {},
        {"generation": 2},
        {"part": 2},
        {"attempt": 2},
        {"step": "start"},
        {"detail": "e"},
    ]
    keys = [idempotency_key("prod", BASE, **{**base, **change}) for change in changes]
    keys += [idempotency_key("staging", BASE, **base), idempotency_key("prod", "other", **base)]
    assert len(set(keys)) == len(keys)


def test_another_mask_key_is_another_preparation_of_what_it_masks() -> None:
    """The key's fingerprint counts for a spec that masks a column, and for no other."""
    masking = spec(mapping={"email": {"to": "email", "mask": "hmac"}})
    digests = {preparation_digest(masking, 1, mask_key=key) for key in ("", "0badcafe", "deadbeef")}
    assert len(digests) == 3
    assert preparation_digest(spec(), 1, mask_key="0badcafe") == preparation_digest(spec(), 1)
