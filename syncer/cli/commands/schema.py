"""`syncer schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Takes the common options only."""


def run(_arguments: Namespace, console: Console) -> int:
    """Print it as it is whatever the format: the schema is JSON, and its own `$id` names its version."""
    from syncer.spec.schema import schema_text

    console.data(schema_text())
    return 0
