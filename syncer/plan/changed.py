"""What to do with a file that is not at the version at which the log saw it last."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.model.files import SourceFile
from syncer.model.log import Generation, Standing
from syncer.plan.evidence import Likeness, content_of, likeness, scheme
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action
from syncer.plan.verdict import WRITE_MODE_CURE, Verdict, again, done_words, imported_already


@dataclass(frozen=True, slots=True)
class Compared:
    """The version that the platform holds as far as the log knows, and what the file is to it."""

    life: Generation
    likeness: Likeness


def imported_version(own: SpecInput, file: SourceFile, generations: list[Generation]) -> Compared | None:
    """Compare the file with the newest imported version, also when that was forgotten since; None without one.

    Where branches were merged there may be two in one generation: then the one counts that the file is most like.
    """
    newest = next((life.number for life in reversed(generations) if life.done), None)
    if newest is None:
        return None
    content = content_of(file, generations)
    lives = [life for life in reversed(generations) if life.number == newest and life.done]
    if own.spec.source.identity == "path":
        return Compared(lives[0], Likeness.SAME)
    found = [Compared(life, likeness(life, file, content)) for life in lives]
    return min(found, key=lambda each: each.likeness.value)


def changed(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    """Decide about a known path whose newest generation is of another version, or is known by another tag."""
    newest = generations[-1].number
    imported = imported_version(own, file, generations)
    partial = next((life for life in reversed(generations) if life.is_partial and life.forgotten is None), None)
    if imported is None and partial is not None:
        return _on_change(inputs, own, Compared(partial, Likeness.CHANGED), newest)
    if imported is None:
        reason = "the file changed since the attempt that failed or was cut off"
        return Verdict(action=Action.IMPORT, reason=reason, generation=newest + 1)
    if imported.life.standing is Standing.FORGOTTEN:
        return again([imported.life], newest)
    return after_import(inputs, own, file, imported, newest)


def after_import(inputs: Inputs, own: SpecInput, file: SourceFile, imported: Compared, newest: int) -> Verdict:
    """Decide about a file of which a version is in the platform: whether it changed since, and what follows."""
    life = imported.life
    if imported.likeness in (Likeness.SAME, Likeness.SAME_BYTES):
        return imported_already(life, _still(imported, file), newest)
    if imported.likeness is Likeness.UNKNOWN:
        before, now = scheme(life.fingerprint), scheme(file.fingerprint)
        reason = f"its fingerprint was {before} and is now {now}: whether the file changed cannot be told"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True)
    if imported.likeness is Likeness.UNREAD and own.spec.source.on_change != "ignore":
        reason = f"its tag changed {_since(life)}, and its bytes have to be read to tell whether they did"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True, needs_content=True)
    return _on_change(inputs, own, imported, newest)


def _still(imported: Compared, file: SourceFile) -> str:
    words = done_words(imported.life)
    if imported.likeness is Likeness.SAME:
        return words
    before, now = scheme(imported.life.fingerprint), scheme(file.fingerprint)
    what = "the store's tag changed" if before == now else f"its fingerprint did, from {before} to {now}"
    return f"the same bytes as when it was {words}; only {what}"


def _on_change(inputs: Inputs, own: SpecInput, imported: Compared, newest: int) -> Verdict:
    choice, name = own.spec.source.on_change, own.spec.target.object
    write_mode = inputs.write_modes.get(name)
    what = "its tag changed" if imported.likeness is Likeness.UNREAD else "changed"
    since = f"{what} {_since(imported.life)}"
    if choice is None and write_mode is None:
        reason = f"{since}, and whether object {name} appends is not known: {WRITE_MODE_CURE}"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True, needs_write_mode=True)
    if choice == "ignore":
        return Verdict(action=Action.SKIP, reason=f"{since}; on_change: ignore", generation=newest)
    if choice == "fail" or (choice is None and write_mode == "append"):
        why = (
            "on_change: fail"
            if choice
            else "its rows would be appended a second time; write on_change: import to do so"
        )
        return Verdict(action=Action.BLOCKED, reason=f"{since}; {why}", generation=newest, attention=True)
    return Verdict(action=Action.REIMPORT, reason=since, generation=newest + 1)


def _since(life: Generation) -> str:
    when = life.completion.time if life.completion else None
    on = f" on {when:%Y-%m-%d}" if when else ""
    return f"since some of its parts were imported{on}" if life.is_partial else f"since it was imported{on}"
