"""Colours, few and only where a terminal shows them. Meaning never hangs on a colour alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """Wraps texts in colour, or leaves them alone."""

    colour: bool = False

    def bold(self, text: str) -> str:
        return self._wrapped("1", text)

    def dim(self, text: str) -> str:
        return self._wrapped("2", text)

    def red(self, text: str) -> str:
        return self._wrapped("31", text)

    def green(self, text: str) -> str:
        return self._wrapped("32", text)

    def yellow(self, text: str) -> str:
        return self._wrapped("33", text)

    def cyan(self, text: str) -> str:
        return self._wrapped("36", text)

    def _wrapped(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Style()
