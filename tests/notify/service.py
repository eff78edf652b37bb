"""A service that takes messages, on loopback: what Apprise's `json://` speaks to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.loopback import Handler, serving


@dataclass(frozen=True)
class Heard:
    """One message as its readers see it."""

    title: str
    text: str
    kind: str


@dataclass
class Service:
    """Keeps what it was told. While it is `down` it takes nothing."""

    url: str = ""
    down: bool = False
    heard: list[Heard] = field(default_factory=list)

    def titles(self) -> list[str]:
        """Return the titles of all messages, oldest first."""
        return [each.title for each in self.heard]


@contextmanager
def listening() -> Iterator[Service]:
    """Run a service while the block runs."""
    service = Service()

    class ServiceHandler(Handler):
        def _serve(self) -> None:
            told = json.loads(self.body())
            if not service.down:
                service.heard.append(Heard(told["title"], told["message"], told["type"]))
            self.answer(503 if service.down else 200)

        do_POST = _serve  # noqa: N815 - the name that the library calls

    with serving(ServiceHandler) as place:
        service.url = f"json://{place}/hook/s3cr3t-of-the-hook"
        yield service
