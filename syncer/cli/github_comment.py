"""`syncer github comment`: the one comment of a pull request, about its newest commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from syncer.cli.console import Console

_KEY = "plan"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def keep_comment(arguments: Namespace, console: Console) -> int:
    """Post the comment, or edit it where it is there."""
    from syncer.cli.github import annotate_error
    from syncer.operations.github_api import GitHub, MayNotWriteError, RateLimitedError
    from syncer.operations.github_comment import stick

    arguments.key = arguments.key or _KEY
    _check(arguments)
    body = _body(arguments, console)
    console.redact.learn_more([console.environ.get("GITHUB_TOKEN", "")])
    github = GitHub.from_environ(console.environ)
    try:
        done = stick(github, arguments.pr, console.redact(body), key=arguments.key, author=arguments.author)
    except (MayNotWriteError, RateLimitedError) as error:
        if not arguments.if_allowed:
            raise
        annotate_error(console, f"no comment on the pull request: {error.what} ({error.next_step})", "warning")
        return 0
    finally:
        github.close()
    console.note(f"The comment on pull request {arguments.pr} was {done}." if done != "unchanged" else "No change.")
    return 0


def _check(arguments: Namespace) -> None:
    from syncer.errors import UsageError

    content = arguments.plan or arguments.validation or arguments.markdown
    if arguments.pr is None or not content or not arguments.key.isidentifier():
        raise UsageError(
            "`syncer github comment` needs --pr and one of --plan, --validation and --markdown, "
            "and a --key of letters and digits",
            next_step="syncer github comment --pr 12 --plan plan.json",
        )
    if arguments.check and not arguments.plan:
        raise UsageError("--check goes with --plan: the comment is about both")
    if arguments.commit and not _COMMIT.fullmatch(arguments.commit):
        raise UsageError("--commit takes the digits of a commit, seven or more", next_step="git rev-parse HEAD")


def _body(arguments: Namespace, console: Console) -> str:
    from syncer.cli.github import run_url
    from syncer.operations.github_comment import read_changed, read_plan, read_recheck, read_validation
    from syncer.render.github_comment import comment, not_planned
    from syncer.render.recheck import recheck_section

    if arguments.plan:
        changed = read_changed(arguments.changed)
        checked = recheck_section(read_recheck(arguments.check)) if arguments.check else ()
        return comment(
            read_plan(arguments.plan),
            changed=changed,
            checked=checked,
            artifact=arguments.artifact,
            commit=arguments.commit,
        )
    if arguments.validation:
        found = read_validation(arguments.validation)
        return not_planned(found, commit=arguments.commit, run_url=run_url(console.environ))
    return _markdown(arguments.markdown, arguments.artifact, console)


def _markdown(path: Path, artifact: str, console: Console) -> str:
    from syncer.errors import UsageError
    from syncer.render.github_cut import COMMENT_CHARACTERS, cut

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the Markdown cannot be read", where=str(path)) from error
    rest = f"The rest did not fit: it is in the artifact {artifact}." if artifact else "…"
    return cut(console.redact(text), COMMENT_CHARACTERS, rest)
