"""Whether those whom `notify` names can be told, as far as that shows without telling them anything."""

from __future__ import annotations

from collections.abc import Mapping

from syncer.operations.doctor.check import Check
from syncer.operations.notify import address_of, is_usable
from syncer.settings import Notify


def check_target(name: str, target: Notify, variables: Mapping[str, str]) -> list[Check]:
    """Look whether the variable is set and holds the URL of a service that Apprise knows."""
    subject = f"notify.{name}"
    url, problem = address_of(name, target, variables)
    if problem:
        return [
            Check(
                area="notify",
                subject=subject,
                status="warning",
                what=f"the variable {target.url_from} is not set",
                why="imports run without it, and nobody is told how they end",
                next_step=f"set {target.url_from} where runs happen: in .env, or as a secret of the workflow",
            )
        ]
    if not is_usable(url):
        return [
            Check(
                area="notify",
                subject=subject,
                status="failed",
                what=f"the value of {target.url_from} is no Apprise URL",
                why="its scheme is unknown, or something is missing in it",
                next_step="compare it with https://appriseit.com/services",
            )
        ]
    return [
        Check(area="notify", subject=subject, status="ok", what=f"{', '.join(target.on)}: {', '.join(target.specs)}")
    ]


def check_nobody() -> list[Check]:
    """Say that the settings name nobody."""
    return [Check(area="notify", subject="messages", status="skipped", what="syncer.yaml names nobody to be told")]
