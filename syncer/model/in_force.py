"""Which keys of a spec are understood but not acted on yet.

A spec may use the whole vocabulary today. A key whose behaviour does not exist yet is named in every plan; where
leaving it out could send what must not be sent, or send it differently, `apply` refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncer.model.spec import Spec

LOCAL_PROTOCOLS = ("file", "local")


@dataclass(frozen=True, slots=True)
class NotInForce:
    """A key that is accepted without effect. `safety` means that `apply` refuses rather than go on without it."""

    key: str
    safety: bool


def protocol(uri: str) -> str:
    """Return the URL scheme of a source, `file` for plain paths."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else "file"


def not_in_force(spec: Spec) -> tuple[NotInForce, ...]:
    """Return the keys of this spec whose behaviour is not built yet, in the order of the spec."""
    return tuple(dict.fromkeys(NotInForce(key, safety) for key, present, safety in _pending(spec) if present))


def _pending(spec: Spec) -> Iterator[tuple[str, bool, bool]]:
    yield f"target.via: {spec.target.via}", spec.target.via != "import", False
