"""Who asks Google Cloud Storage, and where it is: gcsfs finds both, and keeps the token fresh."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from syncer.errors import SourceError
from syncer.source.stores.base import Place, RetryableError
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.silence import silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import gcsfs

    from syncer.settings import Connection

_EMULATOR = "STORAGE_EMULATOR_HOST"
_EXPERIMENTS = "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"
_IMPORTING = threading.Lock()


class GcsAccess:
    """The endpoint and the credentials of one connection. Thread-safe."""

    def __init__(self, place: Place, connection: Connection | None, environ: Mapping[str, str]) -> None:
        self._place = place
        endpoint = connection.endpoint_url if connection else None
        emulator = "" if endpoint else environ.get(_EMULATOR, "")
        self.anonymous = connection.anonymous if connection else False
        self._fs = self._filesystem(
            token="anon" if self.anonymous or emulator else "google_default", endpoint_url=endpoint or _url(emulator)
        )
        self.billed = self._billed(connection)

    @property
    def base(self) -> str:
        """The URL that the JSON API's paths are below, with its last slash."""
        return str(self._fs.base)

    def headers(self, doing: str) -> dict[str, str]:
        """Return the headers that prove who asks. Raises SourceError, or RetryableError where no token could be had."""
        from gcsfs.retry import HttpError, NonRetryableError
        from google.auth.exceptions import GoogleAuthError, TransportError

        headers: dict[str, str] = {}
        try:
            self._fs.credentials.apply(headers)
        except TransportError as error:
            raise RetryableError(f"no token could be had ({type(error).__name__})") from None
        except (HttpError, NonRetryableError, GoogleAuthError, OSError, ValueError) as error:
            if getattr(error.__cause__ or error, "retryable", False):
                raise RetryableError("no token could be had for now") from None
            raise failed(Kind.WRONG_CREDENTIALS, self._place, doing, detail="no token is given for them") from error
        return headers

    def _filesystem(self, **options: Any) -> gcsfs.GCSFileSystem:  # noqa: ANN401 - gcsfs's own options
        with _without_experiments():
            from gcsfs.core import GCSFileSystem
        from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

        silence("gcsfs", "google")
        try:
            return GCSFileSystem(access="read_only", use_listings_cache=False, skip_instance_cache=True, **options)
        except DefaultCredentialsError as error:
            raise failed(Kind.NO_CREDENTIALS, self._place, "opened") from error
        except (GoogleAuthError, OSError, ValueError) as error:
            raise failed(Kind.WRONG_CREDENTIALS, self._place, "opened", detail=type(error).__name__) from error

    def _billed(self, connection: Connection | None) -> dict[str, str]:
        if connection is None or not connection.requester_pays:
            return {}
        project = connection.project or self._fs.project
        if project:
            return {"userProject": project}
        raise SourceError(
            f"bucket {self._place.bucket} cannot be opened: no project pays for it",
            where=str(self._place),
            why="requester_pays is set, and the credentials belong to no project",
            next_step=f"set `project` on connection {self._place.name} in syncer.yaml",
        )


def _url(emulator: str) -> str | None:
    if not emulator or emulator == "default":
        return None
    return emulator if "://" in emulator else f"http://{emulator}"


@contextmanager
def _without_experiments() -> Iterator[None]:
    """Import gcsfs without its gRPC, which only the newest kinds of buckets need and which takes long to load."""
    with _IMPORTING:
        before = os.environ.get(_EXPERIMENTS)
        os.environ[_EXPERIMENTS] = "false"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_EXPERIMENTS]
            else:
                os.environ[_EXPERIMENTS] = before
