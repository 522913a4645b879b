"""libedgernn as two files: made in a clone, inside the package when installed."""

from __future__ import annotations

import runpy
from pathlib import Path

from edgernn_runtime.errors import EngineMissingError

_PACKAGE = Path(__file__).parent


def read_amalgamation() -> dict[str, str]:
    """Return the texts of edgernn.c and edgernn.h by name.

    Raises:
        EngineMissingError: the sources were not installed.
    """
    installed, clone = _PACKAGE / "_sources", _PACKAGE.parent / "libedgernn"
    names = ("edgernn.c", "edgernn.h")
    if all((installed / name).is_file() for name in names):
        return {name: (installed / name).read_text(encoding="utf-8") for name in names}
    script = clone / "amalgamate.py"
    if script.is_file():
        found: dict[str, str] = runpy.run_path(str(script))["amalgamate"](clone)
        return found
    raise EngineMissingError(
        "the sources of the C engine are missing",
        path=_PACKAGE,
        expected="the folder _sources, which an installation contains",
        found="no such folder",
        hint="in the clone: pip install --force-reinstall ./runtime",
    )
