"""`syncer github issues`: one issue for each spec that fails or is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from syncer.cli.console import Console
    from syncer.operations.github_issues import Step
    from syncer.operations.status import SpecStatus

_KEY = "specs"
_LABEL = "syncer"
_DONE = {"close": "closed", "edit": "edited", "open": "opened"}


def keep_issues(arguments: Namespace, console: Console) -> int:
    """Open, edit and close what the standings ask for. Exits with 0 whatever they are: this tells, and judges nothing.

    Where the project cannot be read it fails before GitHub is asked, so that no issue is closed for want of its spec.
    """
    from syncer.cli.github import annotate_error, run_url
    from syncer.errors import UsageError
    from syncer.operations.github_api import GitHub, MayNotWriteError, RateLimitedError
    from syncer.operations.github_issues import carry_out, decide, look_up

    key = arguments.key or _KEY
    if not key.isidentifier():
        raise UsageError("a --key has letters and digits alone", next_step="syncer github issues --key europe")
    specs, all_specs = _standings(arguments, console)
    console.redact.learn_more([console.environ.get("GITHUB_TOKEN", "")])
    github = GitHub.from_environ(console.environ, permission="issues")
    labels = [label for label in arguments.label or [_LABEL] if label]
    try:
        known = look_up(github, specs, key=key, author=arguments.author)
        steps = decide(specs, known, key=key, run_url=run_url(console.environ), all_specs=all_specs)
        done = [_told(console, step) for step in carry_out(github, steps, labels=labels)]
    except (MayNotWriteError, RateLimitedError) as error:
        if not arguments.if_allowed:
            raise
        annotate_error(console, f"no issues are kept: {error.what} ({error.next_step})", "warning")
        return 0
    finally:
        github.close()
    if len(done) < len(steps):
        console.note(f"{len(steps) - len(done)} more are left to the next run: GitHub takes few new issues at once.")
    elif not steps:
        console.note("No change.")
    return 0


def _standings(arguments: Namespace, console: Console) -> tuple[list[SpecStatus], bool]:
    """Return the standings of the chosen specs, fit to be shown to anybody, and whether these are all specs."""
    from dataclasses import replace

    from syncer.cli.github import prefix_in_repository
    from syncer.cli.request import request_of, selection_of
    from syncer.operations.status import status
    from syncer.plan import Filters

    request = request_of(arguments, console)
    filters = selection_of(arguments)
    specs = status(request.root, environ=request.environ, overrides=request.overrides, filters=filters)
    prefix = prefix_in_repository(console)
    # Secrets go before the text becomes Markdown, whose backslashes would hide where a URL ends.
    shown = [replace(each, path=prefix + each.path, reason=console.redact(each.reason)) for each in specs]
    return shown, filters == Filters()


def _told(console: Console, step: Step) -> Step:
    console.note(f"Issue {step.number} about {step.spec} was {_DONE[step.deed]}.")
    return step
