"""An emulator and a project beside it, git that knows nothing of this machine, and a certificate of our own."""

from __future__ import annotations

from tests.api.conftest import certificate
from tests.apply.conftest import emulator, options, workspace
from tests.git.conftest import _plain_git

__all__ = ["_plain_git", "certificate", "emulator", "options", "workspace"]
