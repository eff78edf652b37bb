"""What most verbs need from their arguments: the project, setting overrides, filters."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from syncer.cli.console import Console
from syncer.errors import UsageError
from syncer.plan import Filters
from syncer.settings import environment
from syncer.spec.load import find_project


@dataclass(frozen=True)
class Request:
    """The project that a command works on, with the environment and the flags that change its settings."""

    root: Path
    environ: Mapping[str, str]
    overrides: Mapping[str, Any]


def request_of(arguments: argparse.Namespace, console: Console) -> Request:
    """Find the project and read `--set`. Raises UsageError. The console learns the secrets that it must hide."""
    start = Path(arguments.project) if arguments.project else Path()
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder", next_step="name the project's folder: -C DIR")
    root = find_project(start)
    console.root = root
    with suppress(OSError, UnicodeDecodeError):  # reading the settings reports it, with its place
        console.redact.learn(environment(root, console.environ))
    return Request(root, console.environ, overrides_of(arguments.overrides or ()))


def overrides_of(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Nest `api.base_url=…` pairs as syncer.yaml nests them. Raises UsageError for what is no pair."""
    nested: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        steps = key.split(".")
        if not separator or not all(steps):
            raise UsageError(f"--set {pair}: expected KEY=VALUE, such as api.timeout=60s")
        level = nested
        for step in steps[:-1]:
            level = level.setdefault(step, {})
            if not isinstance(level, dict):
                raise UsageError(f"--set {key}: {step} was given a value before")
        level[steps[-1]] = _value(text, raw=steps[0] == "defaults")
    return nested


def _value(text: str, *, raw: bool) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Read lists and mappings as JSON. Under `defaults` no model turns text into numbers, so they are read too."""
    if raw or text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def selection_of(arguments: argparse.Namespace) -> Filters:
    """Return what `add_selection` declared."""
    return Filters(specs=tuple(arguments.spec), tags=tuple(arguments.tag), exclude=tuple(arguments.exclude))


def filters_of(arguments: argparse.Namespace) -> Filters:
    """Return what `add_filters` declared. Raises UsageError for a window that holds no day."""
    since, until = _day(arguments.since, "--since"), _day(arguments.until, "--until")
    if since and until and since > until:
        raise UsageError(f"--since {since} is after --until {until}: no day is in between")
    return replace(
        selection_of(arguments),
        since=since,
        until=until,
        over_limits=tuple(arguments.over_limits),
        out_of_order=tuple(arguments.out_of_order),
        objects=tuple(arguments.object),
    )


def _day(text: str | None, option: str) -> date | None:
    from syncer.values import parse_date

    try:
        return parse_date(text) if text else None
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None
