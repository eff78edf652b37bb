"""Messages through Apprise, which speaks to whatever a team reads: chats, mail, pagers, webhooks."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.settings import NoticeKind, Notify

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset

_SECONDS = 30.0
"""The longest that one message may hold up the end of a run."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `kind` is the worst of what it tells, which most services show as a colour."""

    kind: NoticeKind
    title: str
    body: str


def address_of(name: str, target: Notify, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the target's Apprise URL, or "" and what is wrong. The URL is a secret: it is in no message of ours."""
    url = environ.get(target.url_from, "").strip()
    if not url:
        return "", f"notify.{name}: the variable {target.url_from} is not set"
    return url, ""


def is_usable(url: str) -> bool:
    """Whether Apprise knows the service of this URL and finds all in it that it needs. Nothing is sent."""
    with _silence():
        return _service(url) is not None


def send(url: str, message: Message) -> bool:
    """Send one message and say whether the service took it. Raises nothing."""
    with _silence():
        from apprise import NotifyFormat, NotifyType

        kinds = {"failed": NotifyType.FAILURE, "degraded": NotifyType.WARNING, "recovered": NotifyType.SUCCESS}
        try:
            service = _service(url)
            return service is not None and bool(
                service.notify(
                    body=message.body,
                    title=message.title,
                    notify_type=kinds[message.kind],
                    body_format=NotifyFormat.TEXT,
                    timeout=_SECONDS,
                )
            )
        except Exception:  # noqa: BLE001 - a defect in the client of one of a hundred services fails no import
            return False


def _service(url: str) -> Apprise | None:
    from apprise import Apprise, OverflowMode

    service = Apprise(asset=_asset())
    if not service.add(url):
        return None
    for each in service:
        # What is too long for a service would be refused by it in every run anew. A URL may choose another way.
        if "overflow_mode" not in vars(each):
            each.overflow_mode = OverflowMode.TRUNCATE
    return service


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="syncer",
        app_desc="syncer",
        app_url="",
        image_url_mask="",  # no pictures from elsewhere
        image_url_logo="",
        interpret_emojis=False,
        interpret_escapes=False,
        plugin_paths=[],
        storage_mode="memory",
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Apprise and the clients below it from printing: what they say of a failure may hold the URL."""
    was = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(was)
