"""Builds libedgernn if there is a C compiler. Without one, NumPy runs the models."""

import os
import runpy
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

LIBRARY = Path("libedgernn")
SOURCES = [*sorted(LIBRARY.glob("src/**/*.c")), Path("bindings/python/_native.c")]
#: A second thread for one prediction needs POSIX threads.
HAS_THREADS = os.name == "posix"
#: `tools/wheels` adds an extension for another platform to a wheel without one.
IS_PURE = os.environ.get("EDGERNN_PURE") == "1"
if HAS_THREADS:
    SOURCES.append(LIBRARY / "threads/edgernn_helper.c")


class BuildWithSources(build_py):
    """Puts the library into the package as two files, for `edgernn export --format c`."""

    def run(self) -> None:
        """Copy the package, and write the two files beside it."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "edgernn_runtime" / "_sources"
        self.mkpath(str(target))
        amalgamate = runpy.run_path(str(LIBRARY / "amalgamate.py"))["amalgamate"]
        for name, text in amalgamate(LIBRARY).items():
            (target / name).write_text(text, encoding="utf-8")


setup(
    cmdclass={"build_py": BuildWithSources},
    ext_modules=[]
    if IS_PURE
    else [
        Extension(
            "edgernn_runtime._native",
            [path.as_posix() for path in SOURCES],
            include_dirs=["libedgernn/include", "libedgernn/src", "libedgernn/threads"],
            define_macros=[("EDGERNN_THREADS", "1")] if HAS_THREADS else [],
            depends=[path.as_posix() for path in LIBRARY.rglob("*.[hi]*")],
            extra_compile_args=["-std=c99", "-O3"],
            libraries=["m", "pthread"] if HAS_THREADS else [],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
