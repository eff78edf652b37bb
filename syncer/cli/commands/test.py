"""`syncer test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.cli.parser import Parser


def configure(parser: Parser) -> None:
    parser.epilog = (
        "Made-up source files, written under `tests:` in a spec or in SPEC.tests.yaml beside it, go through the real "
        "preparation. Nothing is sent, no network is used. Exits with 1 when a test fails."
    )
    parser.add_argument("specs", metavar="SPEC", nargs="*", help="whose tests are run (default: all)")


def run(arguments: Namespace, console: Console) -> int:
    from syncer.cli.request import request_of
    from syncer.operations.spec_tests import run_tests
    from syncer.render.spec_tests import results_json, results_markdown, results_text

    request = request_of(arguments, console)
    tested = run_tests(request.root, environ=request.environ, overrides=request.overrides, names=arguments.specs)
    if console.format == "json":
        console.data(results_json(tested.outcomes, tested.exit_code))
    elif console.format == "markdown":
        console.data(results_markdown(tested.outcomes))
    else:
        console.data(results_text(tested.outcomes, style=console.style))
    return tested.exit_code
