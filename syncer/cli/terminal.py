"""What the other end of a stream can show."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

_NARROWEST = 40


def shows_colour(stream: TextIO, environ: Mapping[str, str], *, forbidden: bool = False) -> bool:
    """Whether to colour: the flag, then NO_COLOR, then FORCE_COLOR, then what the stream is."""
    if forbidden or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return _is_terminal(stream) and environ.get("TERM") != "dumb" and _understands_sequences(stream)


def is_live(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether lines can be drawn again: a terminal with a person before it."""
    if environ.get("TERM") == "dumb" or environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return _is_terminal(stream) and _understands_sequences(stream)


def width_of(stream: TextIO) -> int | None:
    """Return the terminal's columns, or None for what is none."""
    if not _is_terminal(stream):
        return None
    from shutil import get_terminal_size

    return max(_NARROWEST, get_terminal_size().columns)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _understands_sequences(stream: TextIO) -> bool:
    """Everywhere but on Windows, whose console has to be asked to."""
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        processed_output_and_sequences = 0x0001 | 0x0004
        try:
            handle = msvcrt.get_osfhandle(stream.fileno())
            return bool(ctypes.windll.kernel32.SetConsoleMode(handle, processed_output_and_sequences))
        except (OSError, ValueError):
            return False
    return True
