"""A spec held against the API's description of its object."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncer.model.objects import FieldSchema, ObjectSchema
from syncer.spec.load import LoadedSpec, load_project
from syncer.spec.online import Findings, check_against

PROFILES = ObjectSchema(
    name="profiles",
    write_mode="upsert",
    file_import=True,
    match_key="email",
    fields={
        "email": FieldSchema(type="email", required=True, nullable=False),
        "first_name": FieldSchema(type="string"),
        "tier": FieldSchema(type="enum", enum=("bronze", "silver")),
        "points": FieldSchema(type="integer"),
        "balance": FieldSchema(type="number"),
        "born": FieldSchema(type="date"),
        "seen": FieldSchema(type="datetime"),
        "active": FieldSchema(type="boolean"),
        "tag": FieldSchema(type="string"),
        "place": FieldSchema(type="geopoint"),
    },
)
HEAD = "version: 1\nsource: {uri: a.csv}\ntarget: {object: profiles, match_key: email}\n"


def load(tmp_path: Path, text: str) -> LoadedSpec:
    (tmp_path / "specs").mkdir(exist_ok=True)
    (tmp_path / "specs" / "a.yaml").write_text(text)
    return load_project(tmp_path, environ={}).specs[0]


def check(tmp_path: Path, text: str, target: ObjectSchema | None = PROFILES) -> Findings:
    return check_against(load(tmp_path, text), target, ("profiles", "orders"))


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("{a: email}", None),
        ("{a: email, b: {to: balance, type: integer}}", None),
        ("{a: email, b: {to: first_name, type: integer}}", None),
        ("{a: email, b: {to: place, type: number}}", None),
        ("{a: email, b: frist_name}", "4:24: object 'profiles' has no field 'frist_name' (did you mean 'first_name'?)"),
        ("{a: email, b: {to: zzz}}", "4:29: object 'profiles' has no field 'zzz' (fields there: active"),
        ("{a: email, b: points}", "4:24: field 'points' is of type integer, but column 'b' is sent as string"),
        ("{a: email, b: {to: points, type: number}}", "4:43: field 'points' is of type integer"),
        ("{a: email, b: {to: seen, type: date}}", "4:41: field 'seen' is of type datetime"),
        ("{a: {to: email, type: integer}}", "4:32: field 'email' is of type email"),
        ("{a: email}\nconstants: {tier: gold}", "5:19: 'gold' is not one of the values of 'tier': bronze, silver"),
        (
            "{a: email}\nconstants: {points: 1.5}",
            "5:21: field 'points' is of type integer, but the constant is a number",
        ),
        ("{a: email}\nconstants: {active: true, balance: 2, born: 2026-01-01}", None),
        ("{a: email}\nconstants: {tga: x}", "5:13: object 'profiles' has no field 'tga' (did you mean 'tag'?)"),
        ("{a: email}\nbatch: {field: tga}", "5:16: object 'profiles' has no field 'tga'"),
        ("{a: email}\nbatch: {field: points}", "5:16: field 'points' is of type integer, but a batch is text"),
        ("{a: email}\nbatch: {field: tag}", None),
    ],
)
def test_fields(mapping: str, expected: str | None, tmp_path: Path) -> None:
    """Each destination field exists and takes what is sent; what does not fit is told at its place."""
    errors = [str(problem) for problem in check(tmp_path, f"{HEAD}mapping: {mapping}\n").errors]
    assert len(errors) == (expected is not None), errors
    assert expected is None or errors[0].startswith(f"specs/a.yaml:{expected}")


def test_an_object_that_does_not_exist(tmp_path: Path) -> None:
    """An unknown object is one problem, with the name that was probably meant."""
    found = check(tmp_path, HEAD.replace("profiles", "profile") + "mapping: {a: email}\n", None)
    (error,) = found.errors
    assert str(error) == "specs/a.yaml:3:18: no object is called 'profile' (did you mean 'profiles'?)"


def test_an_object_that_takes_no_files(tmp_path: Path) -> None:
    """ingestion.fileImport: false forbids import jobs."""
    target = ObjectSchema(name="profiles", file_import=False, fields=PROFILES.fields)
    (error,) = check(tmp_path, HEAD + "mapping: {a: email}\n", target).errors
    assert "accepts no file imports" in error.message
    by_records = HEAD.replace("object: profiles", "object: profiles, via: records") + "mapping: {a: email}\n"
    assert check(tmp_path, by_records, target).errors == ()


@pytest.mark.parametrize(("via", "errors", "warnings"), [("records", 1, 0), ("auto", 0, 1), ("import", 0, 0)])
def test_record_batches_are_for_objects_that_upsert(tmp_path: Path, via: str, errors: int, warnings: int) -> None:
    """Elsewhere `records` is an error, and `auto` can only mean jobs."""
    target = ObjectSchema(name="profiles", write_mode="append", fields=PROFILES.fields)
    found = check(
        tmp_path, HEAD.replace("object: profiles", f"object: profiles, via: {via}") + "mapping: {a: email}\n", target
    )
    assert sum("appends: a record batch" in each.message for each in found.errors) == errors
    assert sum("all of its files go by import jobs" in each.message for each in found.warnings) == warnings


def test_required_fields(tmp_path: Path) -> None:
    """A required field needs a column, a constant or the batch."""
    fields = {**PROFILES.fields, "tag": FieldSchema(type="string", required=True)}
    target = ObjectSchema(name="profiles", match_key="email", fields=fields)
    loaded = load(tmp_path, HEAD + "mapping: {a: email}\n")
    (error,) = check_against(loaded, target).errors
    assert str(error).startswith("specs/a.yaml:4:1: field 'tag' of object 'profiles' is required")


def test_the_match_key(tmp_path: Path) -> None:
    """The match key is the object's own, and something is mapped to it."""
    target = ObjectSchema(
        name="profiles", match_key="tag", fields={"email": FieldSchema(type="email"), "tag": FieldSchema(type="string")}
    )
    errors = [error.message for error in check(tmp_path, HEAD + "mapping: {a: email}\n", target).errors]
    assert errors == [
        "object 'profiles' is matched by 'tag', not by 'email'",
        "object 'profiles' is matched by 'tag', but nothing is mapped to it",
    ]


def test_append_objects(tmp_path: Path) -> None:
    """An object that only appends is a warning, and a second one where changed files are imported again."""
    target = ObjectSchema(name="profiles", write_mode="append", fields=PROFILES.fields)
    text = HEAD.replace("a.csv", "a.csv, on_change: import").replace(", match_key: email", "") + "mapping: {a: email}\n"
    found = check(tmp_path, text, target)
    assert found.errors == ()
    assert [f"{w.line}:{w.column}" for w in found.warnings] == ["2:33", "3:18"]


def test_an_upsert_object_without_a_match_key(tmp_path: Path) -> None:
    """Leaving the match key out of a spec for an upsert object is worth a word."""
    (warning,) = check(tmp_path, HEAD.replace(", match_key: email", "") + "mapping: {a: email}\n").warnings
    assert "matched by 'email'" in warning.message
