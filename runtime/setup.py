"""Builds the engine in C, where there is a compiler; NumPy stands in for it where there is none."""

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

LIBRARY = Path("libedgernn")
SOURCES = [*sorted(LIBRARY.glob("src/**/*.c")), Path("bindings/python/_native.c")]
#: A second thread for an answer needs POSIX threads.
HAS_THREADS = os.name == "posix"
if HAS_THREADS:
    SOURCES.append(LIBRARY / "threads/edgernn_helper.c")


class BuildWithSources(build_py):
    """Puts the engine's sources into the package, for `edgernn export --format c`."""

    def run(self) -> None:
        """Copy the package, and the sources beside it."""
        super().run()
        if self.editable_mode:
            return
        for name in ("include", "src", "src/kernels"):
            target = Path(self.build_lib) / "edgernn_runtime" / "_sources" / name
            self.mkpath(str(target))
            for path in sorted((LIBRARY / name).glob("*.*")):
                self.copy_file(str(path), str(target / path.name))


setup(
    cmdclass={"build_py": BuildWithSources},
    ext_modules=[
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
