"""How one emulator is set up. The defaults let the vendor guide's scripts run unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCOPES = (
    "cdp:imports:read",
    "cdp:imports:write",
    "cdp:metadata:read",
    "cdp:lists:read",
    "cdp:lists:write",
    "cdp:audiences:preview",
)

MAX_BODY_BYTES = 10 * 1000**2
MAX_FILE_BYTES = 50 * 1000**3
IDEMPOTENCY_SECONDS = 24 * 3600
ERROR_FILE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that is not the data folder or the catalogue.

    `tokens` maps each static development token to its scopes (None: all of them). `clients` maps client ids to
    secrets; when it is empty, any non-empty pair gets a token. Without `strict_auth`, every bearer token that is not
    shaped like a JWT is accepted with all scopes. `rate_limits` maps an endpoint class (`imports:read`,
    `imports:write`, `metadata:read`, `lists:read`, `lists:write`, `audiences:read`, `records:write`) to calls a minute
    and token. `upload_headers` are what an init answers as `headers`, and the upload then has to carry. `job_seconds`
    is how long a job stays `running` by the emulator's clock. `control` opens the `/_emulator` endpoints, which script
    faults and the clock.
    """

    strict_auth: bool = False
    tokens: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    token_seconds: int = 900
    upload_seconds: int = 3600
    job_seconds: float = 0.0
    rate_limits: Mapping[str, int] = field(default_factory=dict)
    upload_headers: Mapping[str, str] = field(default_factory=dict)
    control: bool = False
