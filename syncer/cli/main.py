"""From arguments to an exit code. The one place that catches everything."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from syncer import __version__
from syncer.cli.parser import ONLY_OF, Parser, add_common, defaults, did_you_mean
from syncer.cli.verbs import PACKAGE, VERBS

if TYPE_CHECKING:
    from syncer.cli.commands import Command

_ABOUT = "Keep a customer data platform in step with files: declare imports in YAML, review the plan, apply it."
INTERRUPTED = 130


def run(argv: list[str]) -> int:
    """Run one command and return its exit code. Nothing is raised, and no traceback reaches the screen."""
    arguments = defaults()
    try:
        command = _parse(argv, arguments)
        return _execute(command, arguments)
    except SystemExit as done:  # argparse has printed help or the version
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the catch-all: a wrong command line is shown like any other error
        from syncer.cli.console import Console
        from syncer.cli.failures import show

        return show(error, Console(arguments))


def _parse(argv: list[str], arguments: argparse.Namespace) -> Command:
    """Fill in the arguments, and import the module of the verb alone."""
    top = top_parser()
    given, unknown = top.parse_known_args(argv, arguments)
    top.refuse(unknown)
    if not given.command:
        top.error("which command?")
    verb, *rest = given.command
    if verb not in VERBS:
        top.error(f"unknown command {verb!r}{did_you_mean(verb, VERBS)}")
    command = load(verb)
    verb_parser(verb, command).parse(rest, arguments)
    if ONLY_OF.get(arguments.output, verb) != verb:
        top.error(f"-o {arguments.output} is a format of `syncer {ONLY_OF[arguments.output]}` alone")
    return command


def _execute(command: Command, arguments: argparse.Namespace) -> int:
    from syncer.cli.console import Console

    console = Console(arguments)
    try:
        return command.run(arguments, console)
    except KeyboardInterrupt:
        console.error("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one catch-all
        from syncer.cli.failures import show

        return show(error, console)
    finally:
        console.close()


def top_parser() -> Parser:
    """The parser of what stands before the verb; the verb and all after it are left in `command`."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:<{width}}  {about}" for name, about in VERBS.items())
    parser = Parser("syncer", f"{_ABOUT}\n\ncommands:\n{verbs}", "`syncer COMMAND --help` tells more of one command.")
    parser.usage = "syncer [options] COMMAND ..."
    parser.add_argument("--version", action="version", version=f"syncer {__version__}", help="show the version")
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    add_common(parser)
    return parser


def verb_parser(verb: str, command: Command) -> Parser:
    """The parser of one verb's own arguments, with the common options."""
    about = VERBS[verb]
    parser = Parser(f"syncer {verb}", f"{about[0].upper()}{about[1:]}.")
    command.configure(parser)
    add_common(parser)
    return parser


def load(verb: str) -> Command:
    """Import the module of one verb."""
    name = f"{PACKAGE}.{verb}"
    __import__(name)
    module: Command = sys.modules[name]
    return module
