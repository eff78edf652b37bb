"""The same project, command line and emulator as for the commands."""

from __future__ import annotations

from tests.cli.conftest import cli, emulator, options, project

__all__ = ["cli", "emulator", "options", "project"]
