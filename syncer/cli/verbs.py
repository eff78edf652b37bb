"""The table of verbs: all that help and completion need to know without importing any of them."""

from __future__ import annotations

PACKAGE = "syncer.cli.commands"

VERBS: dict[str, str] = {
    "init": "begin a repository, or a spec from a file; never overwrites",
    "validate": "check specs and settings, offline or against the platform",
    "test": "run the tests that specs bring along, offline",
    "preview": "show the first rows of a file before and after preparation, and send nothing",
    "check": "predict which rows would be rejected, and send nothing",
    "plan": "show what is pending and why, and change nothing",
    "apply": "import what is pending, each file version exactly once",
    "doctor": "check connections, the token, the log and its remote, and say how to mend what is wrong",
    "status": "show where every spec stands",
    "history": "show what was imported, by whom, and what became of it",
    "state": "show, check and mend the log of what was imported",
    "rejects": "list rejected rows, get them, repair them or give them up",
    "baseline": "record existing files as already imported, without importing them",
    "forget": "have an imported file imported once more",
    "retry": "let imports that failed for good be tried again",
    "schema": "print the JSON Schema of a spec",
    "github": "tell of pull requests, of failing specs and of how a run ended, in GitHub Actions",
    "emulate": "serve the whole API on this machine, for trials and tests",
    "demo": "walk through all of it in a temporary folder",
    "version": "print the versions that a bug report needs",
    "completion": "print the completion script of a shell",
}
"""Verb to what it does; its module is the one of that name in PACKAGE."""
