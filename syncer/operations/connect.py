"""Open the API and the stores of sources, as settings and environment say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import AuthError, SyncerError, UsageError
from syncer.operations import folders
from syncer.settings import Credentials, Settings, environment
from syncer.source.contents import Contents
from syncer.source.deposit import Deposit
from syncer.source.fingerprints import FingerprintCache
from syncer.source.sources import Sources

if TYPE_CHECKING:
    from syncer.api.auth import Auth
    from syncer.api.client import ImportApi
    from syncer.api.wire import Tracer


def utc_now() -> datetime:
    return datetime.now(UTC)


def has_credentials(root: Path, environ: Mapping[str, str]) -> bool:
    """Whether the environment holds anything to enter the API with."""
    given = Credentials.from_environ(environment(root, environ))
    return given.api_key is not None or (given.client_id is not None and given.client_secret is not None)


def open_api(
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    sleep: Callable[[float], None] | None = None,
    tracer: Tracer | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ImportApi:
    """Make a client; nothing is sent yet. `sleep` waits between retries and may raise to abort.

    Raises AuthError when the environment holds no credentials, and Refused for a base URL that is not safe.
    """
    import time

    from syncer.api.client import connect

    return connect(
        settings.api.base_url,
        open_auth(root, settings, environ, clock=clock),
        timeout=settings.api.timeout.total_seconds(),
        sleep=sleep or time.sleep,
        clock=clock,
        tracer=tracer,
    )


def open_sources(
    root: Path, settings: Settings, environ: Mapping[str, str], *, stop: Callable[[], bool] | None = None
) -> Sources:
    """Make what finds and opens source files; nothing is asked yet. A checkout that cannot be written to will do."""
    with contextlib.suppress(SyncerError):
        folders.private(root)
    return Sources(
        settings,
        root=root,
        fingerprints=FingerprintCache(folders.fingerprint_cache(root)),
        contents=Contents(folders.content_cache(root)),
        environ=environment(root, environ),
        stop=stop,
    )


def open_deposit(root: Path, settings: Settings, environ: Mapping[str, str]) -> Deposit | None:
    """Make what keeps rejected rows away from this machine, None where they stay in a folder; nothing is asked yet.

    Raises UsageError for a connection that there is none of.
    """
    rejects = settings.rejects
    if "://" not in rejects.store:
        return None
    connection = settings.connections.get(rejects.connection) if rejects.connection else None
    if rejects.connection and connection is None:
        raise UsageError(
            f"rejects.connection names {rejects.connection!r}, and there is no such connection",
            why=f"connections: {', '.join(sorted(settings.connections)) or 'none'}",
            next_step="correct it in syncer.yaml",
        )
    return Deposit(rejects.store, connection, environment(root, environ))


def open_auth(
    root: Path, settings: Settings, environ: Mapping[str, str], *, clock: Callable[[], datetime] = utc_now
) -> Auth:
    """Make what gives the API's token; nothing is asked yet. Raises AuthError when the environment holds too little."""
    from syncer.api.auth import ClientCredentials, StaticToken

    given = Credentials.from_environ(environment(root, environ))
    if given.client_id is not None and given.client_secret is not None:
        if settings.api.token_url is None:
            raise AuthError(
                "client credentials are given, but not where to exchange them for a token",
                why="api.token_url is not set",
                next_step="set api.token_url in syncer.yaml to the URL that the vendor's console shows",
            )
        return ClientCredentials(
            settings.api.token_url,
            given.client_id.get_secret_value(),
            given.client_secret.get_secret_value(),
            clock=clock,
        )
    if given.api_key is None:
        raise AuthError(
            "no credentials for the Import Jobs API",
            why="neither EXPERITURE_API_KEY nor SYNCER_CLIENT_ID with SYNCER_CLIENT_SECRET is set",
            next_step="export EXPERITURE_API_KEY=…",
        )
    return StaticToken(given.api_key.get_secret_value())
