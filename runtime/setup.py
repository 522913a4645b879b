"""Builds the engine in C, where there is a compiler; NumPy stands in for it where there is none."""

from pathlib import Path

from setuptools import Extension, setup

SOURCES = [*sorted(Path("native/src").glob("*.c")), Path("native/python/_native.c")]

setup(
    ext_modules=[
        Extension(
            "edgernn_runtime._native",
            [path.as_posix() for path in SOURCES],
            include_dirs=["native/include"],
            depends=[path.as_posix() for path in Path("native").rglob("*.[hi]*")],
            extra_compile_args=["-std=c99", "-O3"],
            libraries=["m"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
