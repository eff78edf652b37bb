"""What every test stands on: an environment that says nothing, and property tests of a known size."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.servers.store import CLOUD_VARIABLES

# What would change the behaviour under test: a developer's own settings, the CI around the tests, proxies, colours.
_FOREIGN_PREFIXES = ("SYNCER_", "GITHUB_", "RUNNER_", *CLOUD_VARIABLES)
_OWN_PREFIX = "SYNCER_TEST_"  # what people say to the tests themselves
_FOREIGN_NAMES = {
    "CI",
    "EXPERITURE_API_KEY",
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
}

pytest_plugins = ["tests.servers.fixtures"]

settings.register_profile("local", deadline=None)
# In CI the same examples every time: a red build must be red again on the next machine.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    max_examples=50,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def _scrub_environment() -> None:
    # Workers inherit the scrubbed environment, so the choice of profile travels in a variable of its own.
    os.environ.setdefault("HYPOTHESIS_PROFILE", "repeatable" if os.environ.get("CI") else "local")
    if os.environ.get("CI"):
        os.environ["SYNCER_TEST_CI"] = "1"
    for name in list(os.environ):
        foreign = name.upper() in _FOREIGN_NAMES or name.upper().startswith(_FOREIGN_PREFIXES)
        if foreign and not name.startswith(_OWN_PREFIX):
            del os.environ[name]


_scrub_environment()  # at import, before a fixture of any scope can start a server or a subprocess
settings.load_profile(os.environ["HYPOTHESIS_PROFILE"])
