"""Where this syncer was installed from, for workflows to install the same."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

REPOSITORY: Final = "syncer @ git+https://github.com/OWNER/syncer@COMMIT"
"""What to write where it is not known."""


def requirement() -> str:
    """Return the line for pip, `syncer @ git+URL@COMMIT`, or "" where no other machine could install the same.

    Installers leave a record of the repository and the commit (PEP 610). Of a package index they leave none, and the
    name alone is not given: on another index it may be somebody else's.
    """
    try:
        record = json.loads(distribution("syncer").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    source = record.get("vcs_info", {})
    url, commit = record.get("url", ""), source.get("commit_id", "")
    is_remote = url.startswith(("https://", "ssh://"))
    return f"syncer @ {source['vcs']}+{url}@{commit}" if source.get("vcs") == "git" and commit and is_remote else ""
