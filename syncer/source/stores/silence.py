"""Keep the clouds' libraries from printing: what they log goes where the process's own logging sends it, or nowhere."""

from __future__ import annotations

import logging


def silence(*loggers: str) -> None:
    """Give each logger a handler that does nothing: Python prints the warnings of those that have none at all."""
    for name in loggers:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
