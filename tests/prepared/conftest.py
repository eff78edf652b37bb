"""The same emulator and project as for rejected rows."""

from __future__ import annotations

from tests.rejects.conftest import emulator, objects, options, ward

__all__ = ["emulator", "objects", "options", "ward"]
