"""Where the sources of the engine in C are: beside the package in a clone, else inside it."""

from __future__ import annotations

from pathlib import Path

from edgernn_runtime.errors import EngineMissingError

_PACKAGE = Path(__file__).parent


def engine_sources() -> dict[str, Path]:
    """Return the files of the engine by the names that their `#include`s expect, in one folder.

    Raises:
        EngineMissingError: they were not installed.
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
        "the engine's sources are not here",
        path=_PACKAGE,
        expected="the folder _sources, which an installation has",
        found="none",
        hint="pip install --force-reinstall edgernn-runtime",
    )
