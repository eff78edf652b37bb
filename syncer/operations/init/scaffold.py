"""Make a repository that works as it is: settings, an example that needs no credentials, workflows, git's own files.

The files stand in `syncer/scaffold`, without the dots that would make git and build tools heed them there. Nothing that
exists is ever overwritten, also not by two that run at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syncer.errors import SyncerError
from syncer.model.made import MadeFile
from syncer.operations.editor_schema import copies
from syncer.operations.init.installed import REPOSITORY, requirement

_SCAFFOLD: Final = Path(__file__).parents[2] / "scaffold"
_DOTTED: Final = {"gitignore": ".gitignore", "gitattributes": ".gitattributes"}
_NEEDED_LINES: Final = frozenset(_DOTTED.values())
"""Files that a repository often has already, of which syncer needs some lines all the same."""
_REQUIREMENTS: Final = ".github/requirements.txt"


def scaffold(target: Path, *, dry_run: bool = False) -> tuple[MadeFile, ...]:
    """Make what `target` lacks of a repository, and tell of every file what became of it, by path.

    The folder is made where it does not exist. With `dry_run` nothing is. Raises SyncerError where something cannot be
    written; what was made until then stays, and a second call goes on.
    """
    return tuple(_made(target, path, content, dry_run=dry_run) for path, content in sorted(_files()))


def make_file(target: Path, path: str, content: bytes) -> bool:
    """Write a file that is not there yet, and say whether it was made. Raises SyncerError when it cannot be."""
    file = target / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        if file.is_file() or file.is_symlink():
            return False
        raise SyncerError(f"{path} cannot be made: something else has its place", where=str(file)) from None
    except OSError as error:
        raise SyncerError(f"{path} cannot be made: {error.strerror or error}", where=str(file)) from error
    return True


def is_in_git(target: Path) -> bool:
    """Tell whether the folder, which need not exist yet, is or would be in a clone."""
    here = target.resolve()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _files() -> Iterator[tuple[str, bytes]]:
    for folder, prefix in (("root", ""), ("github", ".github/")):
        for file in (_SCAFFOLD / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                path = file.relative_to(_SCAFFOLD / folder).as_posix()
                path = prefix + _DOTTED.get(path, path)
                yield path, file.read_bytes() + (_installed() if path == _REQUIREMENTS else b"")
    yield from ((path, text.encode()) for path, text in copies().items())


def _installed() -> bytes:
    line = requirement()
    return f"{line}\n".encode() if line else b""


def _made(target: Path, path: str, content: bytes, *, dry_run: bool) -> MadeFile:
    file = target / path
    is_there = file.exists() or file.is_symlink()
    if not is_there if dry_run else make_file(target, path, content):
        return MadeFile(path=path, outcome="made", lacks=_lacks(path, content, content))
    try:
        found = file.read_bytes()
    except OSError:  # such as a folder or a link to nowhere: it is left, whatever it is
        return MadeFile(path=path, outcome="left")
    return MadeFile(path=path, outcome="same" if found == content else "left", lacks=_lacks(path, content, found))


def _lacks(path: str, content: bytes, found: bytes) -> tuple[str, ...]:
    if path == _REQUIREMENTS:
        return () if _rules(found) else (REPOSITORY,)
    return tuple(sorted(_rules(content) - _rules(found))) if path in _NEEDED_LINES else ()


def _rules(content: bytes) -> set[str]:
    lines = (line.strip() for line in content.decode(errors="replace").splitlines())
    return {line for line in lines if line and not line.startswith("#")}
