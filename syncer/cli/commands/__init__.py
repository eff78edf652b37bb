"""One module a verb, imported only when it is the one. What a verb needs is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Protocol

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser

    class Command(Protocol):
        """What a verb's module offers."""

        def configure(self, parser: Parser) -> None:
            """Declare the verb's own arguments. Cheap: completion asks every verb."""

        def run(self, arguments: Namespace, console: Console) -> int:
            """Do it and return the exit code. Raises SyncerError."""
