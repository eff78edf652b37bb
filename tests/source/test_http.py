"""Plain requests: the environment's proxies and certificates, and answers that are not what they should be."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncer.source.stores.base import RetryableError
from syncer.source.stores.http import Http
from tests.api.scripted import Reply, ScriptedServer
from tests.servers.process import free_ports

SECRET = "sig=averysecretsignature"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def proxy() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http({})
    yield http
    http.close()


def lines(server: ScriptedServer) -> list[str]:
    return [f"{seen.method} {seen.target}" for seen in server.seen]


def test_a_success_fills_the_buffer(server: ScriptedServer, http: Http) -> None:
    """The bytes of a 2xx go into the caller's buffer, and its headers are told in lower case."""
    server.will(Reply(206, b"content", (("ETag", '"tag"'),)))
    buffer = bytearray(7)

    reply = http.get(f"{server.url}/k", {"Range": "bytes=0-6"}, memoryview(buffer))

    assert (reply.status, reply.length, reply.body, reply.headers["etag"]) == (206, 7, b"", '"tag"')
    assert buffer == b"content"
    assert server.seen[0].header("Range") == "bytes=0-6"


def test_a_refusal_is_told_and_fills_nothing(server: ScriptedServer, http: Http) -> None:
    """The body of any other answer is for the caller to read, and its buffer stays as it was."""
    server.will(Reply(404, b"<Code>NoSuchKey</Code>"))
    buffer = bytearray(5)

    reply = http.get(f"{server.url}/k", {}, memoryview(buffer))

    assert (reply.status, reply.body, reply.length) == (404, b"<Code>NoSuchKey</Code>", 0)
    assert buffer == bytes(5)


def test_an_answer_without_a_buffer_is_read_whole(server: ScriptedServer, http: Http) -> None:
    """A page of a listing is the answer's body."""
    server.will(Reply(200, b"x" * 3_000_000))

    assert http.get(f"{server.url}/", {}).body == b"x" * 3_000_000


def test_an_answer_that_is_too_long_is_noticed(server: ScriptedServer, http: Http) -> None:
    """Where more comes than was asked for, the length says so, and the rest spoils no later request."""
    server.will(Reply(200, b"0123456789" * 50_000), Reply(200, b"next"))
    buffer = bytearray(4)

    assert http.get(f"{server.url}/k", {}, memoryview(buffer)).length > 4
    assert http.get(f"{server.url}/n", {}).body == b"next"


@pytest.mark.parametrize("act", ["cut_before", "cut_after", "cut_within"])
@pytest.mark.parametrize("buffered", [True, False])
def test_an_answer_that_is_cut_off_may_be_asked_for_again(
    server: ScriptedServer, http: Http, act: str, *, buffered: bool
) -> None:
    """A connection that breaks before, instead of or within the answer is worth another try, which then succeeds."""
    server.will(Reply(200, b"0123456789", act=act), Reply(200, b"0123456789"))  # type: ignore[arg-type] # one of its words
    buffer = memoryview(bytearray(10)) if buffered else None

    with pytest.raises(RetryableError) as caught:
        http.get(f"{server.url}/k?{SECRET}", {}, buffer)
    assert SECRET not in caught.value.why
    assert caught.value.__cause__ is None

    reply = http.get(f"{server.url}/k?{SECRET}", {}, buffer)
    assert (bytes(buffer) if buffer is not None else reply.body) == b"0123456789"


def test_a_shorter_answer_is_cut_off(server: ScriptedServer, http: Http) -> None:
    """A complete answer with fewer bytes than the buffer has is no answer."""
    server.will(Reply(200, b"01234"))

    with pytest.raises(RetryableError, match="cut off"):
        http.get(f"{server.url}/k", {}, memoryview(bytearray(10)))


def test_nothing_is_decoded(server: ScriptedServer, http: Http) -> None:
    """The stored bytes come as they are, whatever encoding they are labelled with, and none is asked for."""
    server.will(Reply(200, b"not gzip at all", (("Content-Encoding", "gzip"),)))
    buffer = bytearray(15)

    http.get(f"{server.url}/k", {}, memoryview(buffer))

    assert buffer == b"not gzip at all"
    assert server.seen[0].header("Accept-Encoding") == "identity"


def test_a_redirect_is_not_followed(server: ScriptedServer, http: Http) -> None:
    """A signature is for one place: a redirect is an answer like any other."""
    server.will(Reply(307, b"", (("Location", f"{server.url}/elsewhere"),)))

    assert http.get(f"{server.url}/k", {}).status == 307
    server.check()


def test_a_look_has_no_body(server: ScriptedServer, http: Http) -> None:
    """A HEAD tells the headers, and the connection can be used again."""
    server.will(Reply(200, b"", (("ETag", "tag"),)), Reply(200, b"body"))

    assert http.head(f"{server.url}/k", {"x-ms-version": "1"}).headers["etag"] == "tag"
    assert http.get(f"{server.url}/k", {}).body == b"body"
    assert lines(server) == ["HEAD /k", "GET /k"]
    assert {seen.connection for seen in server.seen} == {1}


@pytest.mark.parametrize("path", ["/b/a/../c", "/b//k", "/b/./k", "/b/%2E%2E/k", "/b/k%20k?q=%2F&r=a+b", "/?q", "//k"])
def test_a_path_goes_out_as_it_was_signed(server: ScriptedServer, http: Http, path: str) -> None:
    """Nothing in a URL is tidied: the store compares it with what was signed."""
    server.will(Reply(200))

    http.get(f"{server.url}{path}", {})

    assert lines(server) == [f"GET {path}"]


def test_nobody_listens(http: Http) -> None:
    """A refused connection is told in words, without the URL."""
    (port,) = free_ports(1)

    with pytest.raises(RetryableError, match="no connection can be made") as caught:
        http.get(f"http://127.0.0.1:{port}/k?{SECRET}", {})

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_environments_proxy_is_used(proxy: ScriptedServer, name: str, scheme: str) -> None:
    """A request goes to the proxy that the environment names, with the whole URL; the store's host is not looked up."""
    proxy.will(Reply(200, b"proxied"))
    http = Http({name: f"{scheme}127.0.0.1:{proxy.port}"})

    assert http.get("http://store.invalid/k?q=1", {}).body == b"proxied"

    assert lines(proxy) == ["GET http://store.invalid/k?q=1"]
    assert proxy.seen[0].header("Host") == "store.invalid"
    http.close()


@pytest.mark.parametrize(
    "environ",
    [
        {"http_proxy": "", "HTTP_PROXY": "http://127.0.0.1:9"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": ""},
        {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "example.com,127.0.0.1"},
        {"http_proxy": "http://127.0.0.1:9", "no_proxy": "*"},
        {"https_proxy": "http://127.0.0.1:9"},
    ],
)
def test_a_proxy_may_be_left_out(server: ScriptedServer, environ: dict[str, str]) -> None:
    """A host that the environment excepts is asked itself; the spelling in lower case counts, also when it is empty."""
    server.will(Reply(200, b"direct"))
    http = Http(environ)

    assert http.get(f"{server.url}/k", {}).body == b"direct"
    http.close()


def test_a_proxy_gets_its_password(proxy: ScriptedServer) -> None:
    """A user and password in the proxy's URL are sent to it, decoded, and nowhere else."""
    proxy.will(Reply(200))
    http = Http({"HTTP_PROXY": f"http://me:p%40ss@127.0.0.1:{proxy.port}"})

    http.get("http://store.invalid/k", {})

    assert proxy.seen[0].header("Proxy-Authorization") == f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    http.close()


def test_a_tunnel_is_asked_of_a_proxy(proxy: ScriptedServer) -> None:
    """For HTTPS the proxy learns the host and nothing of the URL; that it refuses is told."""
    proxy.will(Reply(403, b"not there"))
    http = Http({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})

    with pytest.raises(RetryableError, match="proxy"):
        http.get(f"https://store.invalid/k?{SECRET}", {})

    assert lines(proxy) == ["CONNECT store.invalid:443"]
    http.close()


def test_a_proxy_of_another_kind_is_told() -> None:
    """A proxy that cannot be spoken to is not left out in silence."""
    http = Http({"ALL_PROXY": "socks5://127.0.0.1:9"})

    with pytest.raises(RetryableError, match="the proxy in the environment"):
        http.get("http://store.invalid/k", {})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    from ipaddress import IPv4Address

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("certificate") / "loopback.pem"
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file


def test_certificates_are_checked(certificate: Path) -> None:
    """A certificate that no trusted authority signed is refused; one of the authorities that were named is not."""
    with ScriptedServer(certificate) as server:
        strict, trusting = Http({}), Http({}, str(certificate))

        with pytest.raises(RetryableError, match="certificate"):
            strict.get(f"{server.url}/k", {})
        server.will(Reply(200, b"trusted"))
        assert trusting.get(f"{server.url}/k", {}).body == b"trusted"

        strict.close()
        trusting.close()


def test_urls_are_not_logged(server: ScriptedServer, http: Http, caplog: pytest.LogCaptureFixture) -> None:
    """A signed URL is a password: not even a log of everything has it."""
    server.will(Reply(200))

    with caplog.at_level(logging.DEBUG):
        http.get(f"{server.url}/k?{SECRET}", {})

    assert SECRET not in caplog.text
