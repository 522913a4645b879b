"""Where the sources of the engine in C are: beside the package in a clone, else inside it."""

from __future__ import annotations

from pathlib import Path

from edgernn_runtime.errors import EngineMissingError

_PACKAGE = Path(__file__).parent


def engine_sources() -> tuple[Path, ...]:
    """Return the files that compile to the engine: headers, sources and what they include.

    Raises:
        EngineMissingError: they were not installed.
    """
    for folder in (_PACKAGE / "_sources", _PACKAGE.parent / "native"):
        found = [*folder.glob("include/*.h"), *folder.glob("src/*.[ch]"), *folder.glob("src/*.inc")]
        if found:
            return tuple(sorted(found, key=lambda path: path.name))
    raise EngineMissingError(
        "the engine's sources are not here",
        path=_PACKAGE,
        expected="the folder _sources, which an installation has",
        found="none",
        hint="pip install --force-reinstall edgernn-runtime",
    )
