"""Where text leaves the process: data to stdout, messages to stderr, both in UTF-8 and without secrets."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from syncer.cli.redact import Redactor
from syncer.cli.terminal import is_live, shows_colour, width_of

if TYPE_CHECKING:
    from syncer.render.style import Style


class Console:
    """The streams, what they can show, and what the common options ask of them. Thread-safe.

    A reader that goes away (`syncer history | head`) changes nothing but that nothing more is printed: the exit code
    still tells what the command did.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        *,
        environ: Mapping[str, str] | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.environ = dict(os.environ) if environ is None else environ
        self.redact = Redactor(self.environ)
        self.format: str = arguments.output
        self.quiet: bool = arguments.quiet
        self.verbose: int = arguments.verbose
        self.root: Path | None = None
        self._lock = threading.Lock()
        self._out = _encoded(sys.stdout if stdout is None else stdout)
        self._err = _encoded(sys.stderr if stderr is None else stderr)
        self._colour_out = shows_colour(self._out, self.environ, forbidden=arguments.no_color)
        self._colour_err = shows_colour(self._err, self.environ, forbidden=arguments.no_color)
        self.live = is_live(self._err, self.environ)

    @property
    def in_github(self) -> bool:
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def style(self) -> Style:
        """How stdout may be coloured."""
        from syncer.render.style import Style

        return Style(colour=self._colour_out)

    @property
    def message_style(self) -> Style:
        """How stderr may be coloured."""
        from syncer.render.style import Style

        return Style(colour=self._colour_err)

    @property
    def width(self) -> int | None:
        """Columns of the terminal that stdout is, or None where lines may be of any length."""
        return width_of(self._out)

    @property
    def message_width(self) -> int | None:
        return width_of(self._err)

    def data(self, text: str) -> None:
        """Print what the command was asked for."""
        self._write(self._out, text)

    def note(self, text: str) -> None:
        """Print a message that -q silences."""
        if not self.quiet:
            self._write(self._err, text)

    def error(self, text: str) -> None:
        """Print a message that nothing silences."""
        self._write(self._err, text)

    def raw(self, text: str) -> None:
        """Write control sequences and unfinished lines of the live display to stderr."""
        self._write(self._err, text, end="")

    def close(self) -> None:
        """Flush both streams; what cannot be delivered any more is dropped."""
        for stream in (self._out, self._err):
            try:
                stream.flush()
            except (OSError, ValueError):
                _discard(stream)

    def _write(self, stream: TextIO, text: str, end: str = "\n") -> None:
        text = self.redact(text)
        with self._lock:
            try:
                stream.write(text if not end or text.endswith(end) else text + end)
                stream.flush()
            except (BrokenPipeError, ValueError):  # ValueError: the stream is closed
                _discard(stream)


def _encoded(stream: TextIO) -> TextIO:
    """Let any text through: files and pipes get UTF-8, a terminal of another code page gets a stand-in character."""
    reconfigure: Any = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream


def _discard(stream: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter's own flush at exit does not complain."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
