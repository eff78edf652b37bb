"""argparse with this project's manners: exit code 64, "did you mean", common options before or after the verb.

Imports nothing but argparse, because every start of syncer pays for it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn

OUTPUTS = ("text", "json", "markdown")
ONLY_OF = {"github-matrix": "plan"}
"""Formats that one verb alone can print."""
DOCTOR_AREAS = ("specs", "connections", "disk", "api", "state", "notify")


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would exit with 2."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        options: dict[str, Any] = {"color": False} if sys.version_info >= (3, 14) else {}
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
            **options,
        )
        self.add_argument("-h", "--help", action="help", help="show this help and exit")

    def error(self, message: str) -> NoReturn:
        from syncer.errors import UsageError

        raise UsageError(message.removeprefix("argument "), next_step=f"see: {self.prog} --help")

    def parse(self, arguments: Sequence[str], namespace: argparse.Namespace) -> argparse.Namespace:
        """Parse all arguments, options and names in any order. Raises UsageError for what is not known."""
        parsed, unknown = self.parse_known_intermixed_args(arguments, namespace)
        self.refuse(unknown)
        return parsed

    def refuse(self, unknown: Sequence[str]) -> None:
        """Raise UsageError for the first of the arguments that nothing took."""
        option = next((word for word in unknown if word.startswith("-") and word != "-"), None)
        if option is not None:
            name = option.partition("=")[0]
            self.error(f"unknown option {name}{did_you_mean(name, self.option_names())}")
        if unknown:
            self.error(f"unexpected argument {unknown[0]!r}")

    def option_names(self) -> list[str]:
        return [name for action in self.actions() for name in action.option_strings]

    def actions(self) -> list[argparse.Action]:
        """Every option and argument, in the order of the help."""
        return list(self._actions)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give ", did you mean 'plan'?" or ""."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def one_of(*choices: str) -> Callable[[str], str]:
    """Return an argument type that takes these words and explains itself to whoever mistypes one."""

    def check(text: str) -> str:
        if text in choices:
            return text
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(choices)}{did_you_mean(text, choices)}")

    return check


def add_common(parser: Parser) -> None:
    """Add the options that every verb takes, before it or after it. Absent ones leave the namespace as it is."""
    group = parser.add_argument_group("common options")
    unset = argparse.SUPPRESS
    group.add_argument(
        "-C", "--project", metavar="DIR", default=unset, help="where to look for the project (default: here, upward)"
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="FORMAT",
        type=one_of(*OUTPUTS, *ONLY_OF),
        default=unset,
        help="text, json or markdown",
    )
    group.add_argument("-q", "--quiet", action="store_true", default=unset, help="only data and errors")
    group.add_argument("-v", "--verbose", action="count", default=unset, help="more; twice for every request")
    group.add_argument("--no-color", action="store_true", default=unset, help="no colours (as NO_COLOR does)")
    group.add_argument(
        "--set",
        metavar="KEY=VALUE",
        dest="overrides",
        action="append",
        default=unset,
        help="a setting of syncer.yaml, such as api.timeout=60s",
    )


def defaults() -> argparse.Namespace:
    """Return the common options as they are when nobody gives them."""
    return argparse.Namespace(project=None, output="text", quiet=False, verbose=0, no_color=False, overrides=None)
