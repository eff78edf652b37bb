"""What is imported before syncer has anything to do, told by the interpreter itself and never by a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asyncio",
    "click",
    "cryptography",
    "duckdb",
    "fsspec",
    "http",
    "jsonschema",
    "jwt",
    "msgspec",
    "multiprocessing",
    "pydantic",
    "pydantic_settings",
    "sqlite3",
    "ssl",
    "starlette",
    "urllib3",
    "uvicorn",
    "yaml",
}


def imported_by(*arguments: str) -> set[str]:
    """The names of the modules that the interpreter imports for these arguments."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], check=True, capture_output=True, encoding="utf-8"
    )
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("line", ["--help", "--version", "plan --help", "completion bash"])
def test_only_the_standard_library_is_imported(line: str) -> None:
    """Help, version and completion come from the standard library and the command line's own modules."""
    extra = imported_by("-m", "syncer", *line.split()) - imported_by("-c", "pass")
    packages = {name.partition(".")[0] for name in extra}

    assert packages & HEAVY == set()
    assert packages - set(sys.stdlib_module_names) == {"syncer"}
