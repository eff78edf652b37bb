"""`syncer version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

_ASKED_ABOUT = ("duckdb", "pydantic", "urllib3")


def configure(parser: Parser) -> None:
    """Takes the common options only."""


def run(_arguments: Namespace, console: Console) -> int:
    versions = _versions()
    if console.format == "json":
        from syncer.render.json_text import json_text

        console.data(json_text(versions))
    elif console.format == "markdown":
        console.data("\n".join(f"- {name}: `{version}`" for name, version in versions.items()))
    else:
        console.data("\n".join(f"{name} {version}" for name, version in versions.items()))
    return 0


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from syncer import __version__

    found = {"syncer": __version__, "python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in _ASKED_ABOUT:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
