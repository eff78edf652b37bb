"""`syncer.yaml` and the environment as `Settings`; what is wrong in them, at its line or by the variable's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncer.errors import Problem
from syncer.model.spec import Spec
from syncer.settings import Settings, environment, load_settings, looks_secret, variable
from syncer.spec.document import Document, read_document
from syncer.spec.explain import existing, schema_faults
from syncer.spec.fault import did_you_mean
from syncer.spec.yaml_values import EMPTY, Keys, describe

SETTINGS_FILE: Final = "syncer.yaml"
_SECRETS_HINT: Final = (
    "secrets come from the environment only: EXPERITURE_API_KEY, or SYNCER_CLIENT_ID and SYNCER_CLIENT_SECRET; "
    "a store's own credentials come from its usual variables or profile"
)
_EXPECTED: Final[Mapping[str, str]] = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
}


def read_settings(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Settings | None, Document, list[Problem]]:
    """Return the project's settings, the document of `syncer.yaml` (empty when there is none), and every problem.

    The settings are None when they cannot be used. The environment's problems come after those of the file.
    """
    file = root / SETTINGS_FILE
    document = read_document(file, SETTINGS_FILE) if file.exists() else Document(SETTINGS_FILE, "", {})
    if document.problems and all(p.message == EMPTY for p in document.problems):
        document = Document(SETTINGS_FILE, document.text, {})
    problems = list(document.problems)
    if document.value is not None and not isinstance(document.value, dict):
        problems.append(document.problem((), f"expected a mapping, found {describe(document.value)}"))
    if not isinstance(document.value, dict):
        return None, document, problems
    values = document.value
    problems += _secrets(document, (), values)
    problems += default_problems(document)
    try:
        variables = environment(root, environ)
        settings = load_settings(values, environ=variables, overrides=overrides)
    except (OSError, UnicodeDecodeError):
        return None, document, [*problems, Problem(".env", 1, 1, "cannot be read as UTF-8 text")]
    except ValidationError as error:
        origin = _Origin(document, variables, overrides or {})
        known = {(p.line, p.column) for p in problems}
        found = [p for detail in error.errors() for p in origin.explain(detail)]
        return (
            None,
            document,
            problems + [p for p in found if p.path != SETTINGS_FILE or (p.line, p.column) not in known],
        )
    return settings, document, problems


def default_problems(document: Document) -> list[Problem]:
    """Check `defaults`, which count even while no spec uses them."""
    defaults = document.value.get("defaults") if isinstance(document.value, dict) else None
    if not isinstance(defaults, dict):
        return []
    problems = [
        document.problem(("defaults", key), f"{key!r} cannot be a default", "give it in the spec itself", of_key=True)
        for key in ("name", "formerly")
        if key in defaults
    ]
    try:
        Spec.model_validate(defaults, by_alias=True, by_name=False)
    except ValidationError as error:
        if any(detail["type"] != "missing" for detail in error.errors(include_url=False)):
            problems += [
                document.problem(("defaults", *fault.keys), fault.message, fault.hint, of_key=fault.of_key)
                for fault in schema_faults(defaults, partial=True)
            ]
    return problems


def _secrets(document: Document, keys: Keys, value: object) -> Iterator[Problem]:
    if isinstance(value, list):
        for number, below in enumerate(value):
            yield from _secrets(document, (*keys, number), below)
    if not isinstance(value, dict) or keys == ("defaults",):
        return
    for key, below in value.items():
        if looks_secret(key) and keys != ("connections",):
            yield document.problem(
                (*keys, key), f"a secret must not stand in {SETTINGS_FILE}", _SECRETS_HINT, of_key=True
            )
        else:
            yield from _secrets(document, (*keys, key), below)


class _Origin:
    """Knows whether a wrong value came from a flag, from a variable or from the file."""

    def __init__(self, document: Document, environ: Mapping[str, str], overrides: Mapping[str, Any]) -> None:
        self._document = document
        self._variables = {name.upper() for name, value in environ.items() if value}
        self._overrides = overrides

    def explain(self, detail: ErrorDetails) -> Iterator[Problem]:
        if detail["type"] == "default_factory_not_called":  # an echo of the setting that it is computed from
            return
        location = tuple(str(step) if not isinstance(step, int) else step for step in detail["loc"])
        message, hint = _say(detail, location)
        named = self._variable(location)
        if existing(self._overrides, location) == location:
            yield Problem("command line", 1, 1, f"{'.'.join(map(str, location))}: {message}", "", hint)
        elif named is not None:
            yield Problem(named, 1, 1, message, "", hint)
        else:
            unknown = detail["type"] == "extra_forbidden"
            yield self._document.problem(existing(self._document.value, location), message, hint, of_key=unknown)

    def _variable(self, location: Keys) -> str | None:
        """Find the variable that set this, or a level above or below it."""
        for length in range(len(location), 0, -1):
            name = variable(*map(str, location[:length]))
            if name in self._variables:
                return name
        return None


def _say(detail: ErrorDetails, location: Keys) -> tuple[str, str]:
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = _fields(location[:-1])
        key = str(location[-1])
        return f"unknown setting {key!r}", did_you_mean(key, known, otherwise=f"known here: {', '.join(known)}")
    if kind == "missing":
        return f"missing setting {location[-1]!r}", ""
    if kind == "literal_error":
        choices = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{detail['input']!r} is not one of: {', '.join(choices)}", did_you_mean(str(detail["input"]), choices)
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {describe(detail['input'])}", ""
    if kind == "string_too_short":
        return "must not be empty", ""
    return detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be"), ""


_NAMED = frozenset({"connections", "notify"})
"""Settings below which people give names of their own."""


def _fields(location: Keys) -> list[str]:
    """Name the settings that a level of `syncer.yaml` knows."""
    model: type[BaseModel] = Settings
    steps = list(location)
    while steps:
        step = steps.pop(0)
        if step in _NAMED and steps:
            steps.pop(0)
        annotation = model.model_fields[str(step)].annotation
        below = [a for a in (annotation, *getattr(annotation, "__args__", ())) if isinstance(a, type)]
        model = next(a for a in below if issubclass(a, BaseModel))
    return list(model.model_fields)
