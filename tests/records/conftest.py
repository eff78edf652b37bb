"""The apply tests' emulator and project."""

from tests.apply.conftest import emulator, options, workspace

__all__ = ["emulator", "options", "workspace"]
