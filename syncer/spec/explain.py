"""What the JSON Schema and the models refuse, said so that the person at the editor knows what to type instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.schema import load_schema
from syncer.spec.yaml_values import Keys, describe
from syncer.values import problem_of_pattern

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from pydantic import ValidationError


class SchemaError(Protocol):
    """What is used of jsonschema's ValidationError."""

    validator: str
    validator_value: Any
    instance: Any
    schema: Mapping[str, Any]
    message: str
    absolute_path: Sequence[str | int]
    relative_path: Sequence[str | int]
    relative_schema_path: Sequence[str | int]
    context: Sequence[SchemaError]


_KINDS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_NAME_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def schema_faults(value: object, *, partial: bool = False) -> list[Fault]:
    """Return everything that the schema refuses in an effective spec, in the order of the document.

    `partial` is for the project's defaults, which need not be a whole spec: nothing counts as missing.
    """
    errors = cast("Iterator[SchemaError]", _validator().iter_errors(cast("Any", value)))
    faults = [fault for error in errors for fault in _translate(error)]
    return [fault for fault in faults if not (partial and fault.absent)]


def model_faults(error: ValidationError, value: object) -> list[Fault]:
    """Return what pydantic refuses: the safety net below the schema, which accepts the same documents."""
    faults = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        keys = existing(value, tuple(detail["loc"]))
        faults.append(Fault(keys, detail["msg"].removeprefix("Value error, ")))
    return faults


def existing(value: object, location: tuple[int | str, ...]) -> Keys:
    """Drop from a pydantic location what is not in the document: the names of a union's branches, and missing keys."""
    keys: list[int | str] = []
    for step in location:
        below = _below(value, step)
        if below:
            value = below[0]
            keys.append(step)
    return tuple(keys)


def _below(value: object, step: int | str) -> tuple[object, ...]:
    """Return what is at one step into the value, as a tuple of one; an empty tuple if there is nothing."""
    if isinstance(value, Mapping) and step in value:
        return (value[step],)
    return (value[step],) if isinstance(value, list) and isinstance(step, int) and step < len(value) else ()


@cache
def _validator() -> Validator:
    """Draft 2020-12 with the `pattern` of the standard: in Python `$` also matches before a last line break."""
    # Wanted on errors only, and the import takes 85 ms.
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

    def pattern(_: Validator, expression: str, instance: object, __: object) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", expression), instance):
            yield ValidationError(f"does not match {expression}")

    strict = validators.extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call] # jsonschema's
    return cast("Validator", strict(load_schema(), format_checker=FormatChecker(formats=["date"])))


def _translate(error: SchemaError) -> Iterable[Fault]:
    keys = tuple(error.absolute_path)
    translate = _TRANSLATORS.get(error.validator)
    return translate(error, keys) if translate is not None else [Fault(keys, error.message)]


def _unknown_keys(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    known = error.schema["properties"]
    for key in error.instance:
        if key not in known:
            free = [name for name in known if name not in error.instance]
            hint = did_you_mean(key, free) or _belongs_elsewhere(key) or f"known here: {', '.join(known)}"
            yield Fault((*keys, key), f"unknown key {key!r}", hint, of_key=True)


def _belongs_elsewhere(key: str) -> str:
    schema = load_schema()
    for section, definition in schema["properties"].items():
        target = definition.get("$ref") or next((b["$ref"] for b in definition.get("anyOf", ()) if "$ref" in b), None)
        if target and key in schema["$defs"][target.rpartition("/")[2]]["properties"]:
            return f"it belongs under {section!r}"
    return f"{key!r} belongs at the top of the file" if key in schema["properties"] else ""


def _missing_keys(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    # jsonschema yields one error for each missing key and names it in its message only
    name = next(name for name in error.validator_value if error.message.startswith(repr(name)))
    slip = did_you_mean(name, (key for key in error.instance if key not in error.schema["properties"]))
    message = "" if slip else f"missing key {name!r}"
    yield Fault(keys, message, _EXAMPLES.get(name, ""), absent=name)


_EXAMPLES: Final[Mapping[str, str]] = {
    "version": "add `version: 1`",
    "source": "add `source: {uri: data/*.csv}`",
    "uri": "add where the files are, such as `uri: data/*.csv`",
    "target": "add `target: {object: profiles}`",
    "object": "add the object that the rows go into, such as `object: profiles`",
    "mapping": "add which source column goes to which destination field",
    "to": "add the destination field: `to: email`",
}


def _wrong_type(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    wanted = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else wanted
    yield _expected(kinds, error.instance, keys, _example(error.schema))


def _example(schema: Mapping[str, Any]) -> str:
    """Return how a duration, size, percentage or date is written, or "" for what is not one."""
    return str(schema["examples"][0]) if "pattern" in schema and "examples" in schema else ""


def _expected(kinds: Iterable[str], found: object, keys: Keys, example: str = "") -> Fault:
    names = [_KINDS[kind] for kind in kinds if kind != "null"]
    told = describe(found) if not isinstance(found, float) or names != ["a whole number"] else f"{found}"
    hint = ""
    if "text" in names and isinstance(found, bool | int | float):
        hint = f"write it such as {example}" if example else f'quote it: "{json.dumps(found)}"'
    elif names == ["a list"] and isinstance(found, str):
        hint = f"write it as a list: [{found}]"
    elif names == ["true or false"] and isinstance(found, str) and found.lower() in ("yes", "no", "on", "off"):
        hint = "true" if found.lower() in ("yes", "on") else "false"
        hint = f"{found} is text in YAML 1.2; write {hint}"
    elif "a mapping" in names and found is None:
        hint = "indent what belongs to it below, or remove the key"
    return Fault(keys, f"expected {' or '.join(names)}, found {told}", hint)


def _not_among(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    choices = [str(choice) for choice in error.validator_value]
    hint = did_you_mean(str(error.instance), choices)
    if isinstance(error.instance, str):
        yield Fault(keys, f"{error.instance!r} is not one of: {', '.join(choices)}", hint)


def _not_the_constant(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    if isinstance(error.instance, str) and isinstance(error.validator_value, str):
        yield Fault(keys, f"{error.instance!r} is not one of: {error.validator_value}")
    elif isinstance(error.instance, int | float) and not isinstance(error.instance, bool):
        yield Fault(
            keys, f"{keys[-1]} {error.instance} is not known; this syncer reads {keys[-1]} {error.validator_value}"
        )


def _bad_pattern(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    if error.validator_value == _NAME_PATTERN:
        rule = "letters, digits, - and _, at most 64 of them, beginning with a letter or a digit"
        yield Fault(keys, f"{error.instance!r} is not a valid name", rule)
    else:
        yield Fault(keys, f"{error.instance!r}: {problem_of_pattern(error.validator_value, error.instance)}")


def _bad_format(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    if re.search(error.schema["pattern"], error.instance):  # else the pattern is reported already
        yield Fault(keys, problem_of_pattern(error.schema["pattern"], error.instance))


def _empty(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    if "propertyNames" in error.relative_schema_path:
        yield Fault((*keys, ""), "a key must not be empty", of_key=True)
    else:
        yield Fault(keys, "must not be empty")


def _too_long(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    limit = error.validator_value
    yield Fault(keys, f"must be {limit} character{'s' if limit != 1 else ''} at most, found {len(error.instance)}")


def _out_of_bounds(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    side = "least" if error.validator == "minimum" else "most"
    yield Fault(keys, f"must be at {side} {error.validator_value}, found {error.instance}")


def _no_branch(error: SchemaError, keys: Keys) -> Iterator[Fault]:
    """Report only the branch that the person meant, which the kind of the value tells."""
    branches: dict[int, list[SchemaError]] = {}
    for below in error.context:
        branches.setdefault(int(below.relative_schema_path[0]), []).append(below)
    meant = [errors for errors in branches.values() if not any(_refuses_kind(e) for e in errors)]
    if meant:
        for below in meant[0]:
            yield from _translate(below)
        return
    refused = [e for errors in branches.values() for e in errors if _refuses_kind(e)]
    example = next(filter(None, (_example(e.schema) for e in refused)), "")
    yield _expected(dict.fromkeys(e.validator_value for e in refused), error.instance, keys, example)


def _refuses_kind(error: SchemaError) -> bool:
    return error.validator == "type" and not error.relative_path


_TRANSLATORS: Final[Mapping[str, Callable[[SchemaError, Keys], Iterable[Fault]]]] = {
    "additionalProperties": _unknown_keys,
    "anyOf": _no_branch,
    "const": _not_the_constant,
    "enum": _not_among,
    "format": _bad_format,
    "maxLength": _too_long,
    "maximum": _out_of_bounds,
    "minItems": _empty,
    "minLength": _empty,
    "minProperties": _empty,
    "minimum": _out_of_bounds,
    "pattern": _bad_pattern,
    "required": _missing_keys,
    "type": _wrong_type,
}
