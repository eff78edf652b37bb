"""Let `syncer doctor` look at a project, and find its checks by what they looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncer.operations.connect import utc_now
from syncer.operations.doctor import Area, Check, Examination, doctor


@dataclass(frozen=True)
class Examined:
    """What the doctor found."""

    found: Examination

    @property
    def exit_code(self) -> int:
        return self.found.exit_code

    def __getitem__(self, beginning: str) -> Check:
        """Return the one check whose subject begins so."""
        matching = [check for check in self.found.checks if check.subject.startswith(beginning)]
        assert len(matching) == 1, f"{beginning}: {[check.subject for check in self.found.checks]}"
        return matching[0]

    def __contains__(self, beginning: str) -> bool:
        return any(check.subject.startswith(beginning) for check in self.found.checks)

    def with_status(self, status: str) -> list[str]:
        return [check.subject for check in self.found.checks if check.status == status]

    @property
    def text(self) -> str:
        """Everything that a person would read."""
        return "\n".join(
            f"{check.subject}: {check.what} {check.where} {check.why} {check.next_step}" for check in self.found.checks
        )


def told_how(check: Check) -> bool:
    """Whether a check says how to mend what it found; each problem of a file has a hint of its own, or says it all."""
    return bool(check.next_step or check.problems)


def examine(
    root: Path,
    only: Sequence[Area],
    environ: Mapping[str, str],
    *,
    clock: Callable[[], datetime] = utc_now,
    seconds: float = 60,
) -> Examined:
    """Look at some areas. Whatever failed has its cure, and no advice may lead back to where it came from."""
    examined = Examined(doctor(root, environ=environ, only=only, clock=clock, seconds=seconds))
    assert "syncer doctor" not in examined.text
    assert [
        check for check in examined.found.checks if check.status in ("failed", "warning") and not told_how(check)
    ] == []
    assert all(check.area in (*only, "specs") for check in examined.found.checks)
    return examined
