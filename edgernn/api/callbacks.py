"""Default callback of the Python API."""

from __future__ import annotations


def ignore(_: object) -> None:
    """Ignore a notification."""
