"""What a caller of the Python API hears."""

from __future__ import annotations


def ignore(_: object) -> None:
    """Ignore a notification."""
