"""The sources of the C engine: beside the package in a clone, inside it when installed."""

from __future__ import annotations

from pathlib import Path

from edgernn_runtime.errors import EngineMissingError

_PACKAGE = Path(__file__).parent


def engine_sources() -> dict[str, Path]:
    """Return the files of the engine by the names that their `#include`s expect, in one folder.

    Raises:
        EngineMissingError: the sources were not installed.
    """
    for folder in (_PACKAGE / "_sources", _PACKAGE.parent / "libedgernn"):
        found = {
            path.relative_to(folder / part).as_posix(): path
            for part in ("include", "src")
            for path in sorted((folder / part).rglob("*.*"))
        }
        if found:
            return found
    raise EngineMissingError(
        "the sources of the C engine are missing",
        path=_PACKAGE,
        expected="the folder _sources, which an installation contains",
        found="no such folder",
        hint="pip install --force-reinstall edgernn-runtime",
    )
