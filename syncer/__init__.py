"""Declarative, GitOps-style sync runner for the Experiture Import Jobs API."""

__version__ = "0.1.0"
