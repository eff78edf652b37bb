"""What `syncer init` made and what it left, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncer.model.made import MadeFile
from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

_WORDS: Final = {"made": "made", "same": "is there already", "left": "left as it is: it is yours"}
_WOULD: Final = {**_WORDS, "made": "would be made", "left": "would be left as it is: it is yours"}
_NEXT: Final = """\
next:

    {begin}git add -A && git commit -m "Begin with syncer"
    syncer validate && syncer test && syncer plan
    syncer init --from FILE --object OBJECT

on GitHub:

    gh secret set EXPERITURE_API_KEY"""


def init_text(files: Sequence[MadeFile], *, dry_run: bool, in_git: bool = False, style: Style = PLAIN) -> str:
    """Return a line a file, what is lacking in them, and what to do next. `in_git`: git knows the folder."""
    words = _WOULD if dry_run else _WORDS
    lines = [f"  {_coloured(words[file.outcome], file, style)}  {shown(file.path)}" for file in files]
    lines += [f"{style.yellow('!')} {shown(note)}" for note in _notes(files)]
    lines += ["", style.bold(init_summary(files, dry_run=dry_run))]
    if not dry_run and any(file.outcome == "made" for file in files):
        lines += ["", _NEXT.format(begin="" if in_git else "git init && ")]
    return "\n".join(lines)


def _coloured(words: str, file: MadeFile, style: Style) -> str:
    return {"made": style.green, "same": style.dim, "left": style.yellow}[file.outcome](words)


def _notes(files: Sequence[MadeFile]) -> Iterator[str]:
    for file in files:
        if file.lacks:
            yield f"{file.path} lacks what syncer needs; add: {'  '.join(file.lacks)}"


def init_summary(files: Sequence[MadeFile], *, dry_run: bool) -> str:
    """Return the last line: "9 files made, 1 there already, 1 left as it is."."""
    count = {outcome: sum(1 for file in files if file.outcome == outcome) for outcome in _WORDS}
    made = f"{counted(count['made'], 'file')} {'would be made' if dry_run else 'made'}"
    rest = [(count["same"], "there already"), (count["left"], "left as it is" if count["left"] == 1 else "left alone")]
    return ", ".join([made, *(f"{number} {words}" for number, words in rest if number)]) + "."


def init_json(files: Sequence[MadeFile], *, dry_run: bool) -> str:
    return json_text(
        {
            "dry_run": dry_run,
            "files": [{"path": each.path, "outcome": each.outcome, "lacks": list(each.lacks)} for each in files],
        }
    )


def init_markdown(files: Sequence[MadeFile], *, dry_run: bool) -> str:
    words = _WOULD if dry_run else _WORDS
    rows = [(code(file.path), words[file.outcome]) for file in files]
    notes = [f"- {escaped(note)}" for note in _notes(files)]
    return "\n".join([f"**{init_summary(files, dry_run=dry_run)}**", "", *table(("file", ""), rows), *notes])
