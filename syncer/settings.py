"""What is the project's own rather than one spec's: `syncer.yaml`, overridden by the environment and by flags.

Precedence: flag > environment > `.env` (never in CI) > `syncer.yaml` > default. Every setting is also a variable:
`SYNCER_` and its path, levels joined by `__`, as in `SYNCER_API__BASE_URL`. Secrets come from the environment only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo

from syncer.values import Duration, Size

DEFAULT_BASE_URL = "https://api.experiture.ai/public/v1"
PREFIX = "SYNCER_"
DELIMITER = "__"
MASK_KEY = "SYNCER_MASK_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_SECRET_KEY = re.compile(
    r"(^|[_-])(secret|password|passwd|token|sas|credentials?|bearer)($|[_-])"
    r"|(api|access|account|private|secret|signing)[_-]?key",
    re.IGNORECASE,
)


def looks_secret(key: str) -> bool:
    """Whether a key of `syncer.yaml` is named like something that must never stand in a file."""
    return key != "token_url" and _SECRET_KEY.search(key) is not None


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this process runs on a CI machine, which dies with everything on its disk."""
    return any(environ.get(name, "").lower() not in ("", "0", "false") for name in ("CI", "GITHUB_ACTIONS"))


def variable(*path: str) -> str:
    """Name the environment variable of a setting: `variable("api", "base_url")` is `SYNCER_API__BASE_URL`."""
    return PREFIX + DELIMITER.join(path).upper()


def _secure_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("expected a URL such as https://api.example.com/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        raise ValueError("expected a URL such as https://api.example.com/v1")
    if parts.username or parts.password:
        raise ValueError("a URL must not hold a user name or password; secrets come from the environment only")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("expected https://; plain http:// is accepted for this machine only")
    return url.rstrip("/")


def _split_at_commas(value: object) -> object:
    return [piece.strip() for piece in value.split(",")] if isinstance(value, str) else value


def _name_for_git(value: str) -> str:
    """Refuse what git would take for an option, which may name a program to run, or for another way to a remote."""
    if not value.isprintable() or not value or re.match(r"-|\w+::", value):
        raise ValueError("expected a name that git can take, with no `-` and no `helper::` before it")
    return value


SecureUrl = Annotated[str, AfterValidator(_secure_url)]
NameForGit = Annotated[str, AfterValidator(_name_for_git)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_split_at_commas)]


class Section(BaseModel):
    """One level of `syncer.yaml`. Unknown keys are errors; a loaded value never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Poll(Section):
    """How often a running job is asked for its state: `initial`, then `factor` times longer each time, up to `max`."""

    initial: Duration = timedelta(seconds=5)
    factor: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 1.5
    max: Duration = timedelta(seconds=60)


class Api(Section):
    base_url: SecureUrl = DEFAULT_BASE_URL
    workspace: Text = Field(default_factory=lambda known: urlsplit(known["base_url"]).hostname or "default")
    token_url: SecureUrl | None = None
    timeout: Duration = timedelta(seconds=30)
    poll: Poll = Poll()


class Connection(Section):
    """Where and as whom a store is reached. Proof of who one is comes from the store's own environment or profile."""

    protocol: Text
    region: Text | None = None
    profile: Text | None = None
    endpoint_url: SecureUrl | None = None
    anonymous: bool = False
    account: Text | None = None
    project: Text | None = None
    requester_pays: bool = False


class State(Section):
    dir: Text = "state"
    git: Literal["off", "commit", "push"] = "off"
    remote: NameForGit = "origin"
    branch: NameForGit | None = None
    author: Annotated[str, Field(pattern=r"^[^<>\n]+ <[^<>\s]+@[^<>\s]+>$")] | None = None
    lease: Duration = timedelta(minutes=30)


class Allow(Section):
    protocols: Texts = ("file", "s3", "gs", "az", "abfs", "abfss")
    local_roots: Texts = (".",)


class Rejects(Section):
    """Where rejected rows are kept, and how long on this machine.

    `store` is a folder or the URL of any place that fsspec can write to; `connection` is how that is reached.
    """

    store: Text = ".syncer/rejects"
    connection: Text | None = None
    retain: Duration = timedelta(days=30)


class Prepare(Section):
    memory_limit: Size = 2 * 10**9
    temp_dir: Text | None = None


def _name_of_variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("must name the variable that holds the URL, such as SLACK_URL: the URL itself is a secret")
    return value


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("must not be empty; leave it out for all")
    return value


NoticeKind = Literal["failed", "degraded", "recovered"]


class Notify(Section):
    """Whom to tell, and of what.

    `url_from` names the variable that holds the Apprise URL, which is a secret; `specs` are names or patterns.
    """

    url_from: Annotated[str, AfterValidator(_name_of_variable)]
    on: Annotated[tuple[NoticeKind, ...], BeforeValidator(_split_at_commas), AfterValidator(_not_empty)] = (
        "failed",
        "degraded",
        "recovered",
    )
    specs: Annotated[Texts, AfterValidator(_not_empty)] = ("*",)


class Settings(Section):
    """The whole of `syncer.yaml`. Build it with `load_settings`, which is what knows the precedence."""

    api: Api = Api()
    connections: dict[Text, Connection] = {}
    state: State = State()
    allow: Allow = Allow()
    defaults: dict[str, Any] = Field({}, description="Merged under every spec: maps deeply, lists replaced")
    rejects: Rejects = Rejects()
    prepare: Prepare = Prepare()
    notify: dict[Text, Notify] = {}

    @field_validator("*", mode="before")
    @classmethod
    def _an_empty_section_is_its_default(cls, value: object) -> object:
        """Accept `connections:` with nothing below it, as it stands when every line of a section is a comment."""
        return {} if value is None else value


def from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that variables give, nested like `syncer.yaml`, not yet validated."""
    given: dict[str, str | None] = {name.lower(): value for name, value in environ.items() if value}
    sections = tuple(f"{PREFIX}{section}".lower() for section in Settings.model_fields)
    if not any(name.startswith(sections) for name in given):
        return {}
    # Most runs set no such variable, and the import would take a third of their start-up.
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

    class Variables(BaseSettings, Settings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, env_ignore_empty=True)

    class Given(EnvSettingsSource):
        def _load_env_vars(self) -> Mapping[str, str | None]:
            return given  # an argument, not the process's own environment

        def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401, ARG002 - pydantic-settings' signature
            return _from_json(value)  # what is not JSON stays text, and the models say what is wrong with it

    found = Given(Variables)()
    if "defaults" in found:  # a raw mapping has no types that would turn a variable's text into a number
        found["defaults"] = _from_json(found["defaults"])
    return found


def _from_json(value: Any) -> Any:  # noqa: ANN401 - any level of the `defaults` mapping
    if isinstance(value, dict):
        return {key: _from_json(below) for key, below in value.items()}
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value


def environment(root: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the project's `.env` below it; in CI `.env` is not read.

    Raises UnicodeDecodeError and OSError when `.env` exists and cannot be read.
    """
    file = root / ".env"
    if in_ci(environ) or not file.is_file():
        return environ
    from dotenv import dotenv_values

    values = dotenv_values(file, interpolate=False)
    return {**{name: value for name, value in values.items() if value is not None}, **environ}


def load_settings(
    document: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge flags over the environment over `document` (a parsed `syncer.yaml`) over the defaults.

    `environ` is what `environment` returned; `overrides` is nested like the document. Raises pydantic.ValidationError.
    """
    below = merge(document or {}, from_variables(environ or {}))
    return Settings(**merge(below, overrides or {}))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: mappings are merged deeply, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


class Credentials(BaseModel):
    """What the Import Jobs API is entered with: a ready token, or a client's id and secret. Read when first needed."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    api_key: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Credentials:
        """Take `EXPERITURE_API_KEY`, `SYNCER_CLIENT_ID` and `SYNCER_CLIENT_SECRET`; an empty one counts as absent."""

        def secret(name: str) -> SecretStr | None:
            value = environ.get(name, "").strip()
            return SecretStr(value) if value else None

        return cls(
            api_key=secret("EXPERITURE_API_KEY"),
            client_id=secret("SYNCER_CLIENT_ID"),
            client_secret=secret("SYNCER_CLIENT_SECRET"),
        )


class MaskKey(BaseModel):
    """The project's key for `mask: hmac`. It is in no file but `.env`, and in no message and no log."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    secret: SecretStr

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> MaskKey | None:
        """Take `SYNCER_MASK_KEY`, without white space around it; an empty one counts as absent."""
        text = environ.get(MASK_KEY, "").strip()
        return cls(secret=SecretStr(text)) if text else None

    @property
    def secret_bytes(self) -> bytes:
        return self.secret.get_secret_value().encode()

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that tell two keys apart and give neither away."""
        return hashlib.sha256(hmac.digest(self.secret_bytes, b"syncer mask key", "sha256")).hexdigest()[:8]
