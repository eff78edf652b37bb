"""What merging a pull request would import, from a plan in JSON: changed specs in detail, the others counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from syncer.render.github_cut import COMMENT_CHARACTERS, cut
from syncer.render.layout import counted, number
from syncer.render.markdown import code, escaped, table
from syncer.values import format_size

_LISTED = (50, 20, 5, 0)
"""How many files of a spec are listed: as many as the comment has room for."""
_MOST_SPECS = 100
_SETTINGS = "syncer.yaml"
_HEADER = ("action", "file", "size", "rows", "why")
_NUMBERS = frozenset({2, 3})


def comment(
    plan: dict[str, Any],
    *,
    changed: Collection[str] | None,
    artifact: str,
    checked: Sequence[str] = (),
    commit: str = "",
    limit: int | None = None,
) -> str:
    """Return the comment's Markdown, never longer than GitHub takes.

    `changed` are paths relative to the project; None, or changed settings, mean that every spec is shown in detail.
    `artifact` says where the full plan is. `checked` are lines about files that were imported already; they stand
    above what is left out where there is no room. `commit` is what was planned, in hexadecimal digits.
    """
    limit = limit or COMMENT_CHARACTERS
    in_detail = [spec for spec in plan["specs"] if _is_changed(spec["path"], changed)]
    others = [spec for spec in plan["specs"] if spec not in in_detail]
    for most in _LISTED:
        text = "\n".join(_lines(plan, in_detail, others, checked, most=most, artifact=artifact, commit=commit))
        if len(text.encode()) <= limit:
            return text
    return cut(text, limit, f"The rest did not fit: {_where(artifact)}")


def _is_changed(path: str, changed: Collection[str] | None) -> bool:
    tests = str(PurePosixPath(path).with_suffix("")) + ".tests.yaml"
    return changed is None or bool({path, tests, _SETTINGS} & set(changed))


def _lines(
    plan: dict[str, Any],
    in_detail: Sequence[dict[str, Any]],
    others: Sequence[dict[str, Any]],
    checked: Sequence[str],
    *,
    most: int,
    artifact: str,
    commit: str,
) -> Iterator[str]:
    pending = [item for item in plan["imports"] if item["runnable"]]
    attention = [item for item in plan["imports"] if item["attention"]]
    yield f"### syncer: {counted(len(pending), 'import')} pending"
    yield ""
    if plan["refusals"]:
        yield "> **Refused**: apply will send nothing until this is settled."
        for refusal in plan["refusals"]:
            what = f"{code(refusal['spec'])}: {escaped(refusal['reason'])} ({code(refusal['setting'])})"
            yield f"> - {what}; {escaped(refusal['override'])}"
        yield ""
    if attention:
        yield from (f"> ⚠️ {counted(len(attention), 'file')} that a person must look at", "")
    yield from checked
    for spec in in_detail[:_MOST_SPECS]:
        yield from _spec(spec, [item for item in plan["imports"] if item["spec"] == spec["name"]], most)
    if len(in_detail) > _MOST_SPECS:
        yield from (f"and {number(len(in_detail) - _MOST_SPECS)} more changed specs", "")
    if others:
        yield from (_counted_specs(others, pending), "")
    about = f"Commit {commit}, plan" if commit else "Plan"
    workspace = escaped(plan["workspace"])
    yield f"<sub>{escaped(_where(artifact))} {about} {plan['digest'][:12]}, workspace {workspace}.</sub>"


def _spec(spec: dict[str, Any], items: Sequence[dict[str, Any]], most: int) -> Iterator[str]:
    yield f"#### {code(spec['name'])} → {code(spec['object'])} ({code(spec['path'])})"
    yield ""
    notes = [f"- ⚠️ {escaped(text)}" for text in (spec["problem"], *spec["warnings"]) if text]
    yield from [*notes, ""] if notes else []
    listed = [item for item in items if item["action"] != "skip"]
    settled = spec["settled"] + len(items) - len(listed)
    rows = [_row(item) for item in listed[:most]]
    yield from [*table(_HEADER, rows, right=_NUMBERS), ""] if rows else []
    counts = [f"{number(count)} {word}" for word, count in Counter(item["action"] for item in listed[most:]).items()]
    rest = ("and " if rows else "") + ", ".join(counts) if counts else ""
    known = spec["budget"]["rows"]
    total = f"{'' if spec['budget']['rows_exact'] else '~'}{number(known)} rows" if known else ""
    told = (rest, total, f"{number(settled)} up to date" if settled else "")
    yield from ("; ".join(filter(None, told)) or "no file", "")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    action = f"**{item['action']}**" if item["runnable"] else item["action"]
    rows = "" if item["rows"] is None else f"{'' if item['rows_exact'] else '~'}{number(item['rows'])}"
    why = escaped("; ".join(filter(None, (item["reason"], item["advice"]))))
    mark = "⚠️ " if item["attention"] else ""
    return f"{mark}{action}", code(item["path"]), format_size(item["size"]), rows, why


def _counted_specs(specs: Sequence[dict[str, Any]], pending: Sequence[dict[str, Any]]) -> str:
    names = {spec["name"] for spec in specs}
    count = sum(1 for item in pending if item["spec"] in names)
    failing = sum(1 for spec in specs if spec["problem"])
    told = f"{counted(len(specs), 'spec')} not changed here, with {counted(count, 'import')} pending"
    return told + (f"; {number(failing)} cannot list their files" if failing else "")


def _where(artifact: str) -> str:
    return f"The full plan is {f'in the artifact {artifact} of this run and ' if artifact else ''}on the job's summary."


def not_planned(validation: dict[str, Any] | None, *, commit: str = "", run_url: str = "", limit: int = 0) -> str:
    """Return what stands instead of a plan: the problems of specs and settings, or that the run says why.

    `validation` is what `syncer validate -o json` printed, None where it could say nothing. No earlier plan is left
    standing: it would pass for this commit's.
    """
    run = f"[the run]({run_url})" if run_url else "the run"
    problems = validation["problems"] if validation else []
    rows = [
        (code(f"{each['path']}:{each['line']}:{each['column']}"), escaped(each["message"]), escaped(each["hint"]))
        for each in problems
    ]
    why = f"{counted(len(rows), 'problem')} in specs or settings" if rows else f"{run} says why"
    about = f"Commit {commit}" if commit else "What was pushed last"
    lines = ["### syncer: not planned", "", f"{about} could not be planned: {why}.", ""]
    if rows:
        lines += [*table(("where", "what", "hint"), rows), "", f"<sub>They are annotated in {run} too.</sub>"]
    return cut("\n".join(lines), limit or COMMENT_CHARACTERS, f"The rest did not fit: it is in {run}.")
