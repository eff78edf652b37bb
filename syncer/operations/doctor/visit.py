"""One look at the Import Jobs API: harmless GETs, and what their answers tell besides their data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

from syncer.errors import ApiError, AuthError
from syncer.operations.connect import open_auth
from syncer.settings import Settings

if TYPE_CHECKING:
    from syncer.api.token_facts import TokenFacts
    from syncer.api.wire import Trace

T = TypeVar("T")

LONGEST_SECONDS: Final = 10.0
"""How long one request may take here, even where `api.timeout` gives it more."""

LATER: Final = "look again later; if it stays so, give the vendor's support the time and the correlation id"


class Visit:
    """A client that gives up early. A context manager, for one thread. Nothing that it asks has an effect."""

    def __init__(
        self, root: Path, settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        """Raises AuthError when the environment holds no credentials, Refused for a base URL that is not safe."""
        from syncer.api.auth import ClientCredentials
        from syncer.api.client import connect
        from syncer.api.retry import RetryPolicy
        from syncer.api.token_facts import NotedAuth

        auth = open_auth(root, settings, environ, clock=clock)
        self._auth = NotedAuth(auth)
        self._clock = clock
        self.base_url = settings.api.base_url
        self.renews = isinstance(auth, ClientCredentials)
        self.asked = False
        """Whether a request went to the API itself: without a token there is nothing to ask it with."""
        self.ahead: timedelta | None = None
        """How far the API's clock is ahead of this machine's; None where it does not tell its time."""
        self.api = connect(
            settings.api.base_url,
            self._auth,
            timeout=min(settings.api.timeout.total_seconds(), LONGEST_SECONDS),
            clock=clock,
            policy=RetryPolicy(attempts=2, base_seconds=0.5, total_seconds=5, busy_seconds=20),
            tracer=self._note,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.api.close()

    @property
    def facts(self) -> TokenFacts:
        return self._auth.facts

    @property
    def hint(self) -> str:
        """What to do about a token that is not accepted."""
        return self._auth.hint

    def ask(self, call: Callable[[], T]) -> T | ApiError:
        """Return what the call returns, or the error that the API answered with."""
        try:
            return call()
        except ApiError as error:
            return error

    def now(self) -> datetime:
        """The time by the API's clock, as far as it tells."""
        return self._clock() + (self.ahead or timedelta(0))

    def _note(self, trace: Trace) -> None:
        if trace.path.startswith("/"):  # the token endpoint has none
            self.asked = True
            if trace.server_time is not None:
                self.ahead = trace.server_time - self._clock()


def is_refused(outcome: object) -> bool:
    """Whether the token was not accepted, or none could be had."""
    return isinstance(outcome, AuthError) and outcome.status != HTTPStatus.FORBIDDEN


def lacks_scope(outcome: object) -> bool:
    return isinstance(outcome, AuthError) and outcome.status == HTTPStatus.FORBIDDEN
