"""Services that misbehave, refuse long messages, or stand beside a log that cannot be read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncer.errors import SyncerError
from syncer.operations.notify import Outlet
from syncer.operations.notify.sending import Message, send
from tests.apply.workspace import Workspace, only
from tests.loopback import Handler, serving
from tests.notify.service import Service

SECRET = "3ccdd113474722377935511fc85d3dd4"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve these very bytes to every POST; yields host and port, and the bodies that came."""
    came: list[bytes] = []

    class Blunt(Handler):
        def _serve(self) -> None:
            came.append(self.body())
            self.wfile.write(answer)
            self.close_connection = True

        do_POST = _serve  # noqa: N815 - the name that the library calls

    with serving(Blunt) as place:
        yield place, came


def test_no_client_prints_the_url(caplog: pytest.LogCaptureFixture) -> None:
    """The client below Apprise complains of a malformed answer with the whole URL, and nobody hears it."""
    caplog.set_level(logging.DEBUG)
    with answering(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n") as (place, came):
        send(f"json://{place}/{SECRET}", Message("failed", "crm failed", "why"))

    assert came
    assert SECRET not in caplog.text
    logging.getLogger("another").warning("heard again")
    assert "heard again" in caplog.text


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", b"", b"nonsense\r\n\r\n"])
def test_no_answer_is_no_delivery(answer: bytes) -> None:
    """A service that fails, closes without a word or speaks no HTTP took nothing, and is asked once."""
    with answering(answer) as (place, came):
        assert not send(f"json://{place}/{SECRET}", Message("failed", "crm failed", "why"))
    assert len(came) == 1


@pytest.mark.parametrize(("choice", "sent"), [("", 1), ("?overflow=split", 6)])
def test_a_message_is_cut_to_what_the_service_takes(choice: str, sent: int) -> None:
    """One that is too long would be refused by every run anew; the URL may choose another way than the cut."""
    with answering(GOOD) as (place, came):
        assert send(f"mmost://{place}/{SECRET}{choice}", Message("failed", "many failed", "a reason\n" * 2_222))
    texts = [json.loads(each)["text"] for each in came]
    assert len(texts) == sent
    assert "many failed" in texts[0]
    assert all(len(text) <= 4_000 for text in texts)


def test_a_log_that_cannot_be_read_is_told(crm: Workspace, service: Service) -> None:
    """What was told before cannot be known then, so it is told, and a warning says that it is not noted."""
    crm.run()
    log = crm.root / "state" / "crm.jsonl"
    log.write_text("broken\n" + log.read_text("utf-8"), "utf-8")
    warnings: list[str] = []

    with pytest.raises(SyncerError) as failed:
        crm.run(outlet=Outlet(warn=warnings.append))

    told = only(service.heard)
    assert told.title == "syncer: crm failed (127.0.0.1)"
    assert f"the run failed: {failed.value.what}" in told.text
    assert only(warnings).startswith("notify: what was told cannot be noted, so the next run tells it again")
