"""Specs of the projects here."""

from __future__ import annotations

SPEC = """\
version: 1
source: {uri: "in/%s-*.csv"}
target: {object: %s, match_key: email}
mapping: {email: email}
"""
