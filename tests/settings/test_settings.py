"""Settings: their precedence, their variables, and where the blame for a wrong one goes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from syncer.errors import Problem
from syncer.settings import Credentials, environment, in_ci, load_settings, looks_secret, variable
from syncer.spec.configuration import read_settings
from syncer.spec.load import load_project


def problems(root: Path, text: str, environ: dict[str, str] | None = None) -> list[Problem]:
    (root / "syncer.yaml").write_text(text)
    _, _, found = read_settings(root, environ=environ or {})
    return found


def test_everything_has_a_default() -> None:
    """A project needs no syncer.yaml; the workspace is named after the API's host."""
    settings = load_settings()
    assert settings.api.base_url == "https://api.experiture.ai/public/v1"
    assert settings.api.workspace == "api.experiture.ai"
    assert (settings.api.poll.initial, settings.api.poll.factor, settings.api.poll.max) == (
        timedelta(seconds=5),
        1.5,
        timedelta(seconds=60),
    )
    assert settings.state.git == "off"
    assert settings.allow.protocols == ("file", "s3", "gs", "az", "abfs", "abfss")
    assert settings.prepare.memory_limit == 2_000_000_000
    assert settings.rejects.retain == timedelta(days=30)


def test_precedence(tmp_path: Path) -> None:
    """A flag beats the environment, which beats .env, which beats syncer.yaml, which beats the default."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "syncer.yaml").write_text("state: {dir: file, remote: file, branch: file}\nrejects: {store: file}\n")
    (tmp_path / ".env").write_text(
        "SYNCER_STATE__REMOTE=dotenv\nSYNCER_STATE__DIR=dotenv\nSYNCER_STATE__BRANCH=dotenv\n"
    )
    environ = {"SYNCER_STATE__DIR": "environ", "SYNCER_STATE__REMOTE": "environ", "SYNCER_API__TOKEN_URL": ""}
    settings = load_project(tmp_path, environ=environ, overrides={"state": {"dir": "flag"}}).settings
    state = settings.state
    assert (state.dir, state.remote, state.branch, settings.rejects.store, state.git) == (
        "flag",
        "environ",
        "dotenv",
        "file",
        "off",
    )
    assert settings.api.token_url is None


@pytest.mark.parametrize("ci", [{"CI": "true"}, {"CI": "1"}, {"GITHUB_ACTIONS": "true"}])
def test_no_dotenv_in_ci(ci: dict[str, str], tmp_path: Path) -> None:
    """In CI a .env that was committed by mistake changes nothing."""
    (tmp_path / ".env").write_text("SYNCER_STATE__DIR=dotenv\nEXPERITURE_API_KEY=x\n")
    assert in_ci(ci)
    assert environment(tmp_path, ci) == ci
    assert not in_ci({"CI": "false", "GITHUB_ACTIONS": ""})
    assert environment(tmp_path, {})["EXPERITURE_API_KEY"] == "x"


def test_variables_of_every_shape() -> None:
    """Text, durations, numbers, booleans, lists, named connections and raw defaults can all be variables."""
    settings = load_settings(
        {"connections": {"acme": {"protocol": "s3", "region": "eu-west-1"}}},
        environ={
            "SYNCER_API__POLL__MAX": "3s",
            "SYNCER_API__POLL__FACTOR": "2",
            "SYNCER_ALLOW__PROTOCOLS": "file, s3",
            "SYNCER_ALLOW__LOCAL_ROOTS": '[".", "/mnt"]',
            "SYNCER_CONNECTIONS__ACME__ANONYMOUS": "true",
            "SYNCER_DEFAULTS__CHECKS__MIN_ROWS": "10",
            "SYNCER_DEFAULTS__CHECKS__MAX_INVALID": "1%",
            "syncer_state__dir": "lower",
            "SYNCER_CLIENT_ID": "not a setting",
        },
    )
    assert settings.api.poll.max == timedelta(seconds=3)
    assert settings.api.poll.factor == 2.0
    assert settings.allow.protocols == ("file", "s3")
    assert settings.allow.local_roots == (".", "/mnt")
    assert settings.connections["acme"].anonymous is True
    assert settings.connections["acme"].region == "eu-west-1"
    assert settings.defaults == {"checks": {"min_rows": 10, "max_invalid": "1%"}}
    assert settings.state.dir == "lower"


def test_a_section_of_comments_is_a_section_of_defaults() -> None:
    """`connections:` with nothing below it is no mistake."""
    assert load_settings({"connections": None, "api": None}).connections == {}


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "ftp://x", "x", "https://", "https://u:p@h", "http://h:99999", "https://[x"]
)
def test_urls_that_are_not_safe(url: str) -> None:
    """Only HTTPS leaves this machine, and no URL holds a password."""
    with pytest.raises(ValidationError):
        load_settings({"api": {"base_url": url}})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/public/v1/", "http://localhost", "http://[::1]:1/x"])
def test_plain_http_on_this_machine(url: str) -> None:
    """The emulator is reached without TLS; a trailing slash makes no difference."""
    assert load_settings({"api": {"base_url": url}}).api.base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api: {base_ulr: x}", "1:7: unknown setting 'base_ulr' (did you mean 'base_url'?)"),
        ("apj: {}", "1:1: unknown setting 'apj' (did you mean 'api'?)"),
        ("api: {timeout: 30}", "1:16: expected a duration such as 30s, 10m"),
        ("api: {timeout: soon}", "1:16: expected a duration such as 30s"),
        ("api: {poll: {factor: 0}}", "1:22: must be greater than or equal to 1"),
        ("api: {base_url: http://example.com}", "1:17: expected https://"),
        ("api: [x]", "1:6: expected a mapping, found a list"),
        ("state: {git: psuh}", "1:14: 'psuh' is not one of: off, commit, push (did you mean 'push'?)"),
        ("state: {git: true}", "1:14: True is not one of: off, commit, push"),
        ("state: {remote: --upload-pack=id}", "1:17: expected a name that git can take"),
        ("state: {remote: 'ext::sh -c id'}", "1:17: expected a name that git can take"),
        ("state: {remote: ''}", "1:17: expected a name that git can take"),
        ("state: {branch: --orphan}", "1:17: expected a name that git can take"),
        ("connections: {acme: {region: x}}", "1:21: missing setting 'protocol'"),
        ("connections: {acme: {protocol: s3, regoin: x}}", "1:36: unknown setting 'regoin' (did you mean 'region'?)"),
        ("prepare: {memory_limit: lots}", "1:25: expected a size"),
        ("allow: {protocols: [1]}", "1:21: expected text, found a number"),
        ("defaults: x", "1:11: expected a mapping, found text"),
        ("- x", "1:1: expected a mapping, found a list"),
        ("api: [", "1:7: not valid YAML"),
        ("api: {}\napi: {}", "2:1: duplicate key 'api'"),
        ("api: {client_secret: s3cr3t}", "1:7: a secret must not stand in syncer.yaml"),
        ("connections: {acme: {protocol: s3, secret_access_key: s3cr3t}}", "1:36: a secret must not stand"),
        ("notify: {slack: {url_from: SLACK, token: s3cr3t}}", "1:35: a secret must not stand"),
        ("api_key: s3cr3t", "1:1: a secret must not stand"),
    ],
)
def test_problems_of_the_file(text: str, expected: str, tmp_path: Path) -> None:
    """What is wrong in syncer.yaml is told once, at its place, without the value of a secret."""
    (problem,) = problems(tmp_path, text)
    assert str(problem).startswith(f"syncer.yaml:{expected}")
    assert "s3cr3t" not in f"{problem}{problem.source_line}"


@pytest.mark.parametrize(
    "remote", ["origin", "up-stream/1", "git@example.com:acme/imports.git", "../a log.git", "ssh://git@[::1]/log.git"]
)
def test_remotes_of_every_shape(remote: str) -> None:
    """A remote is a name of git's, or where it is."""
    assert load_settings({"state": {"remote": remote}}).state.remote == remote


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file(text: str, tmp_path: Path) -> None:
    """An empty syncer.yaml is all defaults."""
    assert problems(tmp_path, text) == []


def test_problems_of_variables_and_flags(tmp_path: Path) -> None:
    """A wrong variable is called by its name, a wrong flag as a flag, and syncer.yaml is not blamed."""
    (tmp_path / "syncer.yaml").write_text("api: {timeout: 5s}\n")
    environ = {"SYNCER_API__TIMEOUT": "soon", "SYNCER_API__BASE_ULR": "x"}
    settings, _, found = read_settings(tmp_path, environ=environ, overrides={"state": {"git": "never"}})
    assert settings is None
    assert sorted(str(p).partition(" (")[0] for p in found) == [
        "SYNCER_API__BASE_ULR:1:1: unknown setting 'base_ulr'",
        "SYNCER_API__TIMEOUT:1:1: expected a duration such as 30s, 10m, 24h or 7d",
        "command line:1:1: state.git: 'never' is not one of: off, commit, push",
    ]


def test_a_dotenv_that_is_no_text(tmp_path: Path) -> None:
    """A .env that cannot be decoded is a problem, not a traceback."""
    (tmp_path / ".env").write_bytes(b"SYNCER_STATE__DIR=\xff\xfe")
    (problem,) = problems(tmp_path, "")
    assert problem.path == ".env"


def test_names_of_variables() -> None:
    """A setting's variable is its path in capitals."""
    assert variable("api", "base_url") == "SYNCER_API__BASE_URL"


def test_credentials_come_from_the_environment_only() -> None:
    """Keys are read from their variables, blanks count as absent, and no text form shows them."""
    credentials = Credentials.from_environ(
        {"EXPERITURE_API_KEY": " s3cr3t\n", "SYNCER_CLIENT_ID": "", "SYNCER_CLIENT_SECRET": "s3cr3t"}
    )
    assert credentials.api_key is not None
    assert credentials.api_key.get_secret_value() == "s3cr3t"
    assert credentials.client_id is None
    assert "s3cr3t" not in f"{credentials!r}{credentials}{credentials.model_dump_json()}"


@pytest.mark.parametrize(
    "key", ["client_secret", "api_key", "apikey", "password", "sas_token", "AWS_SECRET_ACCESS_KEY"]
)
def test_keys_that_look_secret(key: str) -> None:
    """Names of secrets are recognised."""
    assert looks_secret(key)


@pytest.mark.parametrize("key", ["token_url", "match_key", "keys", "sass", "region", "tokens_left"])
def test_keys_that_do_not(key: str) -> None:
    """Names that only resemble them are not."""
    assert not looks_secret(key)


def test_whom_to_tell_is_named_by_a_variable(tmp_path: Path) -> None:
    """The URL of a service is a secret, so the settings have no place for it."""
    told = load_settings({"notify": {"ops": {"url_from": "OPS_URL"}}}).notify["ops"]
    assert (told.on, told.specs) == (("failed", "degraded", "recovered"), ("*",))
    for text in (
        "notify: {ops: {url: 'slack://s3cr3t/token'}}",
        "notify: {ops: {url_from: 'slack://s3cr3t/token'}}",
        "notify: {ops: slack://s3cr3t/token}",
        "notify: {ops: {url_from: OPS_URL, on: [completed]}}",
        "notify: {ops: {url_from: OPS_URL, on: []}}",
    ):
        found = problems(tmp_path, text)
        assert found, text
        assert {problem.line for problem in found} == {1}
        assert "s3cr3t" not in "".join(f"{problem.message} {problem.hint}" for problem in found)
