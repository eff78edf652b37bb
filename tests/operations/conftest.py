"""The same emulator and project as for the steps of apply."""

from __future__ import annotations

from tests.apply.conftest import emulator, options, workspace

__all__ = ["emulator", "options", "workspace"]
