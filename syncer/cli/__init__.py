"""The command line: parse, call one operation, show what it gives, exit with the code that says how it went."""

from syncer.cli.main import run

__all__ = ["run"]
