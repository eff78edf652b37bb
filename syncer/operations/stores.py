"""Open the log where the settings say that it is kept."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import Conflict, Refused, SyncerError
from syncer.operations import folders
from syncer.settings import Settings, in_ci
from syncer.state.store import LocalStore, Store

if TYPE_CHECKING:
    from syncer.state.git import Identity, Repository

FALLBACK_AUTHOR = "syncer <syncer@users.noreply.github.com>"


def open_store(
    root: Path,
    settings: Settings,
    *,
    run: str = "",
    sleep: Callable[[float], None] = time.sleep,
    only_read: bool = False,
) -> Store:
    """Return the log's store: the state folder itself, or a branch of its git repository.

    `run` names the run in commits; `sleep` waits between tries to push and may raise. Raises SyncerError when the
    settings ask for git and there is no repository or remote; one that is `only_read` is this clone's own log while the
    repository has no remote of that name yet.
    """
    if settings.state.git == "off":
        return LocalStore(folders.state(root, settings))
    from syncer.state.git import GitFailed, Repository
    from syncer.state.git_store import GitStore, Place

    remote = settings.state.remote if settings.state.git == "push" else None
    try:
        top = Repository(root).top().resolve()
        repository = Repository(top, durable=remote is None)
        if only_read and remote is not None and remote not in repository.text("remote").split():
            remote = None
        folder = folders.state(root, settings).resolve().relative_to(top).as_posix()
        branch = settings.state.branch or _default_branch(repository, remote)
    except (GitFailed, ValueError) as error:
        raise SyncerError(
            f"the state cannot be kept in git: {error}",
            where=str(root),
            why=f"state.git is {settings.state.git}",
            next_step="git init and git remote add, or state.git: off in syncer.yaml",
        ) from error
    return GitStore(
        repository,
        Place(folder=folder, branch=branch, remote=remote, author=_author(settings, repository)),
        private=folders.private(root),
        run=run,
        sleep=sleep,
        jitter=random.random,
    )


def _default_branch(repository: Repository, remote: str | None) -> str:
    """Return the one branch that is the lock: the remote's default, which every clone agrees on."""
    from syncer.state.git import GitFailed

    if remote is None:
        return repository.checked_out_branch() or "main"
    try:
        return repository.default_branch(remote)
    except GitFailed as unreachable:
        try:
            known = repository.text("symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD")
        except GitFailed:
            raise SyncerError(
                f"the remote {remote} could not be asked for its default branch: {unreachable.said}",
                why="the state is kept on that branch unless state.branch names another",
                next_step=f"git ls-remote {remote}",
            ) from unreachable
        return known.removeprefix(f"{remote}/")


def _author(settings: Settings, repository: Repository) -> Identity | None:
    from syncer.state.git import Identity

    chosen = settings.state.author
    if chosen is None:
        if repository.identity() is not None:
            return None
        chosen = FALLBACK_AUTHOR
    name, _, address = chosen.partition("<")
    return Identity(name.strip(), address.rstrip("> "))


def check_nothing_left_out(root: Path, settings: Settings, store: Store) -> None:
    """Refuse to act on a log in git while the state folder on disk tells of imports that are not in it.

    So it is when the log was kept in the folder before. Raises Conflict with the command that brings them in.
    """
    from syncer.state.git_store import GitStore

    if not isinstance(store, GitStore):
        return
    directory = folders.state(root, settings)
    for path in sorted(directory.glob("*.jsonl")):
        missing = store.lacks(f"{store.place.folder}/{path.name}", path.read_bytes())
        if missing:
            shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
            raise Conflict(
                f"{shown} holds {missing} events that are not in the shared log",
                where=str(store.place),
                why="what they record as imported would be imported again",
                next_step=f"syncer state merge {shown}",
            )


def check_survives(root: Path, settings: Settings, environ: Mapping[str, str]) -> None:
    """Refuse to run on a CI machine with a log that would die with it, unless the settings ask for just that.

    Only where there is a remote to push to: without one there is nothing better to ask for.
    """
    if not in_ci(environ) or settings.state.git == "push" or "git" in settings.state.model_fields_set:
        return
    from syncer.state.git import GitFailed, Repository

    try:
        remotes = Repository(root).text("remote")
    except (GitFailed, SyncerError):
        return
    if remotes:
        raise Refused(
            "the state log would be lost with this CI machine",
            why="state.git is off, so what was imported is recorded on this disk alone and would be imported again",
            next_step="set `state: {git: push}` in syncer.yaml, or `git: off` there if this is really meant",
        )
