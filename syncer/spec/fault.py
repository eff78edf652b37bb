"""What is wrong with a value, before it is known which file and line the value came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from syncer.spec.yaml_values import Keys


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at `keys` of an effective spec (its own document laid over the project's defaults).

    `of_key` points at the key rather than at its value. `related` names other values that the finding rests on: while
    one of them is broken itself, the finding would only be an echo. `absent` is the key that `keys` lacks;
    with an empty message it is known already under the name that it was misspelt as.
    """

    keys: Keys
    message: str
    hint: str = ""
    of_key: bool = False
    related: tuple[Keys, ...] = ()
    absent: str = ""

    @property
    def broken(self) -> Keys:
        """What cannot be relied upon because of this fault."""
        return (*self.keys, self.absent) if self.absent else self.keys

    def echoes(self, broken: Keys) -> bool:
        """Whether this finding says no more than that something else is broken."""
        return any(
            keys[: len(broken)] == broken or broken[: len(keys)] == keys for keys in (self.broken, *self.related)
        )


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Return `did you mean 'mapping'?` for a slip of the keyboard, else `otherwise`."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[close[0]]!r}?" if close else otherwise
