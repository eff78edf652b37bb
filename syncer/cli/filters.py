"""The options that choose a part of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.parser import Parser

NAMES = ("spec", "tag", "exclude", "since", "until", "over_limits", "out_of_order", "object")


def add_selection(parser: Parser) -> None:
    """Declare which specs, as `syncer.cli.request.selection_of` reads it."""
    group = parser.add_argument_group("which specs")
    for option, metavar, about in (
        ("--spec", "SPEC", "only this spec (repeatable)"),
        ("--tag", "TAG", "only specs with this tag (repeatable)"),
        ("--exclude", "SPEC", "all but this spec (repeatable)"),
    ):
        group.add_argument(option, metavar=metavar, action="append", default=[], help=about)


def add_filters(parser: Parser) -> None:
    """Declare which specs and which days, as `syncer.cli.request.filters_of` reads them."""
    add_selection(parser)
    group = parser.add_argument_group("which files")
    group.add_argument(
        "--object", metavar="OBJECT", action="append", default=[], help="only what goes into this object (repeatable)"
    )
    group.add_argument("--since", metavar="DAY", help="a backfill from this day on, such as 2026-11-01")
    group.add_argument("--until", metavar="DAY", help="a backfill up to and with this day")
    for option, about in (
        ("--over-limits", "let this spec pass its limits in this run (repeatable)"),
        ("--out-of-order", "let this spec import files older than what it has imported, in this run (repeatable)"),
    ):
        group.add_argument(option, metavar="SPEC", action="append", default=[], help=about)


def any_given(arguments: Namespace) -> bool:
    return any(getattr(arguments, name) for name in NAMES)
