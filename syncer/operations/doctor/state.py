"""Whether the log outlives this machine, can be read, and may be pushed to from here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from syncer.errors import Refused, SyncerError
from syncer.operations import folders
from syncer.operations.doctor.check import Check, Status, failed_by
from syncer.operations.doctor.leftovers import check_locks, check_unpushed
from syncer.operations.stores import check_nothing_left_out, check_survives, open_store
from syncer.settings import Settings, in_ci
from syncer.state.git import GitFailed, Repository, telling
from syncer.state.git_store import OWN_REF, GitStore, Place
from syncer.state.store import Store

_LOG: Final = "log"
_KEPT: Final = {
    "off": "in a folder of this machine",
    "commit": "in commits of this clone",
    "push": "on a branch that every run shares",
}


def check_state(
    root: Path, settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Iterator[Check]:
    """Look at where the log is kept. Raises SyncerError where it cannot be opened at all."""
    yield _survival(root, settings, environ)
    broken = _unusable(root, settings) if settings.state.git != "off" else None
    if broken is not None:
        yield broken
        return
    store = open_store(root, settings)
    if isinstance(store, GitStore):
        yield from _shared(Repository(root), store.place, environ)
    else:
        yield _writable(folders.state(root, settings))
    yield from _log(root, settings, store)
    yield from _merging(root, settings, store)
    yield check_unpushed(root, store)
    yield check_locks(root, store, clock)


def _survival(root: Path, settings: Settings, environ: Mapping[str, str]) -> Check:
    subject = f"state.git: {settings.state.git}"
    try:
        check_survives(root, settings, environ)
    except Refused as error:
        return failed_by("state", subject, error)
    if in_ci(environ) and settings.state.git != "push":
        return _check(
            subject,
            "warning",
            "the log dies with this CI machine, unless the workflow keeps it",
            why="the next run would not know what was imported, and would import it again",
            next_step="set `state: {git: push}` in syncer.yaml",
        )
    return _check(subject, "ok", f"the log is kept {_KEPT[settings.state.git]}")


def _unusable(root: Path, settings: Settings) -> Check | None:
    """Return why git cannot keep the log, or None."""
    repository = Repository(root)
    try:
        repository.top()
    except SyncerError as error:
        return failed_by("state", "git", error, otherwise="install git, or state.git: off in syncer.yaml")
    except GitFailed as error:
        return _check(
            "git",
            "failed",
            "the project is in no git repository that can be used",
            where=root.as_posix(),
            why=f"state.git is {settings.state.git}, and git says: {telling(error.said)}",
            next_step="git init and git remote add, or state.git: off in syncer.yaml",
        )
    remote, known = settings.state.remote, repository.text("remote").split()
    if settings.state.git == "push" and remote not in known and not set(remote) & set("/:"):  # a URL would do
        return _check(
            f"remote {remote}",
            "failed",
            "there is no such remote",
            why=f"the remotes of this clone: {', '.join(known) or 'none'}",
            next_step=f"git remote add {remote} URL",
        )
    return None


def _shared(repository: Repository, place: Place, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look at the branch that holds the log, and at the right to push to it."""
    try:
        tip = repository.fetch(place.remote, place.branch, OWN_REF) if place.remote else repository.tip(place.ref)
    except GitFailed as error:
        yield _check(
            str(place),
            "failed",
            f"the remote cannot be read: {telling(error.said)}",
            why="every run shares the log through it",
            next_step=f"git ls-remote {place.remote}",
        )
        return
    yield _check(str(place), "ok", "it is there" if tip else "it is not there yet; the first run makes it")
    if place.remote is not None:
        yield _push_right(repository, place, place.remote, tip or repository.tip("HEAD"), environ)


def _push_right(
    repository: Repository, place: Place, remote: str, commit: str | None, environ: Mapping[str, str]
) -> Check:
    """Go through a push of the very ref without pushing: the remote has to let this machine in for that, too."""
    subject = f"push to {place}"
    if commit is None:
        return _check(subject, "skipped", "there is no commit yet that could be pushed")
    try:
        repository.push(remote, commit, place.branch, dry_run=True)
    except GitFailed as error:
        in_workflow = ", with `permissions: {contents: write}` in the workflow" if in_ci(environ) else ""
        return _check(
            subject,
            "failed",
            f"refused: {telling(error.said)}",
            why="nothing is started without a permit on this branch",
            next_step=f"give this machine's credentials the right to push there{in_workflow}; "
            "or keep the log where they have it: state.remote, state.branch",
        )
    return _check(subject, "ok", "would be taken; whether rules protect the branch shows only at a real push")


def _writable(directory: Path) -> Check:
    subject = f"state folder {directory.as_posix()}"
    existing = next((each for each in (directory, *directory.parents) if each.exists()), directory)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return _check(subject, "ok", "can be written to" if existing == directory else "the first run makes it")
    return _check(
        subject,
        "failed",
        "cannot be written to",
        why="nothing is started without a durable record",
        next_step=f"chmod u+rwx {existing.as_posix()}" if existing.is_dir() else f"{existing.as_posix()} is in the way",
    )


def _log(root: Path, settings: Settings, store: Store) -> Iterator[Check]:
    try:
        store.read()
        check_nothing_left_out(root, settings, store)
    except SyncerError as error:
        yield failed_by("state", _LOG, error, otherwise="see every line that is wrong: syncer state verify")
        return
    warnings = store.warnings()
    if not warnings:
        yield _check(_LOG, "ok", "can be read; `syncer state verify` holds every line of it against every rule")
    for warning in warnings:
        yield _check(_LOG, "warning", warning, next_step="see what it means for each import: syncer state verify")


def _merging(root: Path, settings: Settings, store: Store) -> Iterator[Check]:
    """Look how git merges the log, where it is in a branch that people merge."""
    repository, directory = Repository(root), folders.state(root, settings)
    try:
        if not _is_merged_by_people(repository, settings, store, directory):
            return
        said = repository.text("check-attr", "merge", "--", (directory / "any.jsonl").as_posix())
    except (GitFailed, SyncerError):  # no repository, or no answer, and then other checks say so
        return
    pattern = f"{settings.state.dir.rstrip('/')}/*.jsonl"
    if said.endswith(": union"):
        yield _check(".gitattributes", "ok", f"{pattern} is merged by union")
        return
    yield _check(
        ".gitattributes",
        "warning",
        f"{pattern} is not merged by union",
        why="whoever merges branches gets conflicts in the log, where both sides' lines are wanted",
        next_step=f"add this line to .gitattributes beside syncer.yaml, and commit it: {pattern} merge=union",
    )


def _is_merged_by_people(repository: Repository, settings: Settings, store: Store, directory: Path) -> bool:
    if settings.state.git == "commit":
        return True
    if isinstance(store, GitStore):
        return store.place.branch == repository.default_branch(settings.state.remote)
    return bool(repository.text("ls-files", "--", directory.as_posix()))


def _check(subject: str, status: Status, what: str, *, where: str = "", why: str = "", next_step: str = "") -> Check:
    return Check(area="state", subject=subject, status=status, what=what, where=where, why=why, next_step=next_step)
