"""A first draft of a spec, in every format."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.model.draft import Draft
from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped
from syncer.render.problems import problem_document, problems_text
from syncer.render.style import PLAIN, Style

_FROM = {"platform": "the platform", "snapshot": "the committed snapshot"}


def draft_text(draft: Draft, *, style: Style = PLAIN) -> str:
    """Return what was made and what it needs; of a draft that was only shown, the spec itself."""
    if not draft.written:
        return draft.text
    lines = [style.green(f"made  {shown(draft.path)}"), *(f"  {shown(line)}" for line in _told(draft))]
    if draft.problems:
        lines += ["", "It is not complete yet:", problems_text(draft.problems, style=style)]
    return "\n".join([*lines, "", "next:", "", f"    syncer preview {draft.name} && syncer check {draft.name}"])


def _told(draft: Draft) -> Iterator[str]:
    rows = f"{'the first ' if draft.more else ''}{counted(draft.rows, 'row')}"
    yield f"from {rows} of {draft.source}; fields: {_FROM.get(draft.fields_from, 'not known, names are guesses')}"
    yield f"mapped: {', '.join(draft.mapped)}"
    if draft.unmapped:
        yield f"not mapped: {', '.join(draft.unmapped)}"
    if draft.never_send:
        yield f"never to be sent: {', '.join(draft.never_send)}"


def draft_json(draft: Draft) -> str:
    return json_text(
        {
            "path": draft.path,
            "name": draft.name,
            "written": draft.written,
            "source": draft.source,
            "rows": draft.rows,
            "more": draft.more,
            "fields_from": draft.fields_from,
            "mapped": list(draft.mapped),
            "unmapped": list(draft.unmapped),
            "never_send": list(draft.never_send),
            "problems": [problem_document(problem) for problem in draft.problems],
            "spec": draft.text,
        }
    )


def draft_markdown(draft: Draft) -> str:
    verb = "made" if draft.written else "would be made"
    told = [f"- {escaped(line)}" for line in _told(draft)]
    problems = [f"- **{escaped(str(problem))}**" for problem in draft.problems]
    return "\n".join([f"**{code(draft.path)} {verb}**", "", *told, *problems])
