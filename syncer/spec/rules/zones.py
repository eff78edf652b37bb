"""Time zones are names that the IANA database knows."""

from __future__ import annotations

from functools import cache

from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.yaml_values import Keys


def zone_fault(name: str, keys: Keys) -> Fault | None:
    if name == "UTC" or _exists(name):
        return None
    from zoneinfo import available_timezones

    hint = did_you_mean(name, available_timezones(), otherwise="a name such as Europe/Berlin or UTC")
    return Fault(keys, f"unknown timezone {name!r}", hint)


@cache
def _exists(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):  # unknown; not a relative path; a folder of the database
        return False
