"""The folder of `--format c`: libedgernn and one model, all that a C compiler needs.

src/NAME.h, NAME.c          the model's labels as constants, and the model as an array
src/edgernn.h, edgernn.c    libedgernn as two files
src/edgernn_config.h        the switches that leave out what the model does not need
main.c                      a program that classifies its arguments, or lines
selftest.c, NAME_vectors.h, .c    a program that replays the test vectors
Makefile, README.md, bundle.json

`packages.py` names the files that make it a library of other build systems.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from edgernn_export.bundle_file import output_errors
from edgernn_export.c.files import build_files
from edgernn_export.errors import OutputError
from edgernn_export.stages import VerifiedBundle

_MARK = "bundle.json"


def check_output(out: Path, *, overwrite: bool) -> None:
    """Check that a folder can be written to a path.

    Raises:
        OutputError: the path exists, and it is not a folder of this target or may not be replaced.
    """
    if not out.exists():
        return
    is_ours = (out / _MARK).is_file()
    if not (overwrite and is_ours):
        raise OutputError(
            "the output exists already",
            path=out,
            expected="no folder, or one of --format c with --force",
            found="a folder of --format c" if is_ours else "something else",
            hint="--force replaces it, --out names another"
            if is_ours
            else "name another with --out",
        )


def write_output(verified: VerifiedBundle, out: Path, *, overwrite: bool) -> int:
    """Write a bundle of the format `native` as a folder of C, and return its size in bytes.

    Args:
        verified: the bundle.
        out: the folder; it is replaced as a whole.
        overwrite: whether a folder that this function wrote before may be replaced.

    Raises:
        OutputError: the path is taken, or the folder cannot be written.
        EngineMissingError: the engine's sources are not installed.
    """
    check_output(out, overwrite=overwrite)
    parts = build_files(verified.bundle, verified.name, _MARK)
    size = sum(map(len, parts.values()))
    with output_errors("the folder cannot be written", out, size):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as place:
            folder = Path(place) / "c"
            for name, data in parts.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            if out.exists():
                out.rename(Path(place) / "old")
            shutil.move(folder, out)
    return size
