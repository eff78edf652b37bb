"""TLS, proxies, timeouts and addresses, over real sockets."""

from __future__ import annotations

import contextlib
import io
import select
import socket
import socketserver
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from syncer.api.auth import StaticToken
from syncer.api.client import ImportApi, connect, utc_now
from syncer.api.models import UploadTarget
from syncer.api.retry import RetryPolicy
from syncer.errors import ApiError, Refused, Unavailable, UploadFailed
from tests.api.scripted import Reply, ScriptedServer, ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api.rig import Rig

MEBIBYTE = 1 << 20
RUNNING = ok({"state": "running"})


def client(url: str, rig: Rig, **more: Any) -> ImportApi:
    return connect(url, StaticToken("secret-token"), **{"timeout": 5, **rig.seams(), **more})


@pytest.fixture
def tls(certificate: Path) -> Iterator[ScriptedServer]:
    with ScriptedServer(certificate) as server:
        yield server
        server.check()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_an_untrusted_certificate_is_said_and_not_retried(tls: ScriptedServer, rig: Rig) -> None:
    """A certificate that nobody vouches for ends the call at once, before the token is sent."""
    with client(tls.url, rig) as api, pytest.raises(ApiError, match="certificate is not trusted") as caught:
        api.get_job("a")
    assert "SSL_CERT_FILE" in caught.value.next_step
    assert rig.waits == []
    assert tls.seen == []


def test_an_untrusted_certificate_ends_an_upload(tls: ScriptedServer, rig: Rig) -> None:
    """The same holds where files go."""
    target = UploadTarget(f"{tls.url}/f", "PUT", {}, rig.now + timedelta(hours=1))
    with client(tls.url, rig) as api, pytest.raises(UploadFailed, match="certificate is not trusted"):
        api.upload(target, lambda: io.BytesIO(b"x"), 1, "text/csv")
    assert rig.waits == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(tls: ScriptedServer, rig: Rig) -> None:
    """A trusted certificate still has to be this host's."""
    url = tls.url.replace("127.0.0.1", "localhost")
    with client(url, rig) as api, pytest.raises(ApiError, match="certificate is not trusted"):
        api.get_job("a")


@pytest.mark.usefixtures("trusted")
def test_calls_and_uploads_work_over_tls(tls: ScriptedServer, rig: Rig) -> None:
    """With SSL_CERT_FILE naming the authority, calls and large uploads go through, on kept connections."""
    target = UploadTarget(f"{tls.url}/f", "PUT", {}, rig.now + timedelta(hours=1))
    tls.will(RUNNING, Reply(200), RUNNING)
    with client(tls.url, rig) as api:
        api.get_job("a")
        api.upload(target, lambda: io.BytesIO(bytes(9 * MEBIBYTE)), 9 * MEBIBYTE, "text/csv")
        api.get_job("a")
    assert tls.seen[1].size == 9 * MEBIBYTE
    assert {seen.connection for seen in tls.seen} == {1}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("act", ["answer_early", "answer_early_and_close"])
def test_an_early_refusal_is_heard_over_tls(tls: ScriptedServer, rig: Rig, act: Any) -> None:
    """Through TLS too an answer that comes while sending is read, to its last byte."""
    target = UploadTarget(f"{tls.url}/f", "PUT", {}, rig.now + timedelta(hours=1))
    tls.will(Reply(403, b"<Error><Code>AccessDenied</Code></Error>", act=act))
    size = 64 * MEBIBYTE
    with client(tls.url, rig) as api:
        with pytest.raises(UploadFailed) as caught:
            api.upload(target, lambda: io.BytesIO(bytes(size)), size, "text/csv")
        tls.release()
    assert (caught.value.status, caught.value.why) == (403, "AccessDenied")
    assert rig.waits == []


class _Tunnel(socketserver.BaseRequestHandler):
    server: TunnelProxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (data := self.request.recv(4096)):
            head += data
        self.server.heads.append(head.decode("latin-1"))
        if self.server.refuse:
            self.request.sendall(b"HTTP/1.1 407 Who are you\r\n\r\n")
            return
        self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with (
            socket.create_connection(("127.0.0.1", self.server.to_port), timeout=10) as onward,
            contextlib.suppress(OSError),
        ):
            self._shovel(onward)

    def _shovel(self, onward: socket.socket) -> None:
        while ready := select.select([self.request, onward], [], [], 10)[0]:
            for source in ready:
                data = source.recv(1 << 16)
                if not data:
                    return
                (onward if source is self.request else self.request).sendall(data)


class TunnelProxy(socketserver.ThreadingTCPServer):
    """A proxy that leads every CONNECT to one port of this machine, whatever host was asked for."""

    daemon_threads = True

    def __init__(self, to_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.to_port = to_port
        self.heads: list[str] = []
        self.refuse = False
        self.url = f"http://me:p%40ss@127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def proxy(tls: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[TunnelProxy]:
    with TunnelProxy(tls.port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield proxy
        proxy.shutdown()
        thread.join(10)


@pytest.mark.usefixtures("trusted")
def test_calls_and_uploads_go_through_the_environments_proxy(tls: ScriptedServer, proxy: TunnelProxy, rig: Rig) -> None:
    """HTTPS_PROXY is asked for a tunnel with its own credentials, and sees neither token nor signature."""
    target = UploadTarget("https://api.example.test/f?sig=s3cr3t", "PUT", {}, rig.now + timedelta(hours=1))
    tls.will(RUNNING, Reply(200))
    with client("https://api.example.test", rig) as api:
        assert api.get_job("a").state == "running"
        api.upload(target, lambda: io.BytesIO(bytes(3 * MEBIBYTE)), 3 * MEBIBYTE, "text/csv")
    assert proxy.heads[0].startswith("CONNECT api.example.test:443 HTTP/1.")
    assert "proxy-authorization: basic bwu6cebzcw==" in proxy.heads[0].lower()
    assert "secret-token" not in "".join(proxy.heads)
    assert all(seen.header("Proxy-Authorization") is None for seen in tls.seen)


def test_a_proxy_that_refuses_is_named_in_the_reason(proxy: TunnelProxy, rig: Rig) -> None:
    """A proxy's refusal is told apart from the API's."""
    proxy.refuse = True
    policy = RetryPolicy(attempts=1)
    with client("https://api.example.test", rig, policy=policy) as api, pytest.raises(Unavailable) as caught:
        api.get_job("a")
    assert "proxy refused" in caught.value.why
    assert "407" in caught.value.why
    assert "p%40ss" not in repr(vars(caught.value))


@pytest.mark.usefixtures("trusted")
def test_loopback_is_never_proxied(tls: ScriptedServer, proxy: TunnelProxy, rig: Rig) -> None:
    """A server on this machine is reached directly even where a proxy is set."""
    tls.will(RUNNING)
    with client(tls.url, rig) as api:
        api.get_job("a")
    assert proxy.heads == []


def test_no_proxy_is_honoured(proxy: TunnelProxy, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host in NO_PROXY is reached directly; this one does not exist."""
    monkeypatch.setenv("NO_PROXY", "api.example.invalid")
    policy = RetryPolicy(attempts=1)
    with client("https://api.example.invalid", rig, policy=policy) as api, pytest.raises(Unavailable) as caught:
        api.get_job("a")
    assert "could not be resolved" in caught.value.why
    assert proxy.heads == []


def test_a_proxy_of_another_kind_is_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy is refused in words, and not passed by in silence."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    with client("https://api.example.test", rig) as api, pytest.raises(Refused, match="socks5"):
        api.get_job("a")


def test_a_silent_server_times_out(rig: Rig) -> None:
    """A server that accepts and says nothing is given up after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        policy = RetryPolicy(attempts=1)
        with client(url, rig, timeout=0.2, policy=policy) as api, pytest.raises(Unavailable) as caught:
            api.get_job("a")
    assert "timeout" in caught.value.why
    assert caught.value.status == 0


def test_a_server_that_stops_reading_times_out_an_upload(rig: Rig) -> None:
    """A stall while writing is bounded too, though nothing is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        target = UploadTarget(f"{url}/f", "PUT", {}, rig.now + timedelta(hours=1))
        with client(url, rig, timeout=0.3, policy=RetryPolicy(attempts=1)) as api:
            size = 64 * MEBIBYTE
            with pytest.raises(UploadFailed) as caught:
                api.upload(target, lambda: io.BytesIO(bytes(size)), size, "text/csv")
    assert "timeout" in caught.value.why


def test_a_refused_connection_is_unavailable(rig: Rig) -> None:
    """Nobody at the port is tried again as often as any failure."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with client(f"http://127.0.0.1:{port}", rig) as api, pytest.raises(Unavailable) as caught:
        api.get_job("a")
    assert "refused" in caught.value.why
    assert len(rig.waits) == 5


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.test/v1",
        "http://10.0.0.1",
        "http://localhost.example.test",
        "ftp://api.example.test",
        "api.example.test/v1",
        "",
        "https://",
        "https://user:s3cr3t@api.example.test",
        "https://api.example.test/?x=1",
        "https://api.example.test:port",
        "https://[::1",
        "https://a b/",
    ],
)
def test_a_base_url_that_would_show_the_token_is_refused(url: str) -> None:
    """Only HTTPS, or HTTP to this machine, is talked to; the refusal names the setting and hides the URL."""
    with pytest.raises(Refused, match=r"api\.base_url") as caught:
        connect(url, StaticToken("t"))
    assert "s3cr3t" not in repr(vars(caught.value))


@pytest.mark.parametrize(
    "url", ["https://api.example.test/v1/", "http://localhost:1", "http://127.9.9.9", "http://[::1]:8"]
)
def test_safe_base_urls_are_taken(url: str) -> None:
    """HTTPS anywhere and HTTP on loopback are fine; nothing is sent yet."""
    with connect(url, StaticToken("t")) as api:
        assert isinstance(api, ImportApi)


def test_the_default_clock_is_aware() -> None:
    """Expiry is compared in UTC."""
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_importing_the_models_is_cheap() -> None:
    """The models load no HTTP library: planning uses them."""
    code = "import sys, syncer.api.models; sys.exit(bool({'urllib3', 'ssl', 'http.client'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
