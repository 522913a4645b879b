"""Compiles the extension of edgernn-runtime for a target with `zig cc`."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from runtime.tools.wheels.targets import Target
from runtime.tools.wheels.tools import BUILD, ROOT, run_tool, zig

RUNTIME = ROOT / "runtime"
HERE = Path(__file__).resolve().parent

#: No option depends on the machine. A contraction of `a * b + c` would change bits.
FLAGS = (
    *("-std=c99", "-O3", "-g0", "-ffp-contract=off", "-fno-sanitize=all", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Werror", "-mcpu=baseline", "-shared", "-s"),
)

#: What the extension imports from python3.dll; a name that is missing here fails to link.
WINDOWS_FUNCTIONS = (
    *("_PyArg_ParseTupleAndKeywords_SizeT", "PyBool_FromLong", "PyBuffer_Release"),
    *("PyBytes_AsString", "PyBytes_AsStringAndSize", "PyBytes_FromStringAndSize"),
    *("PyErr_NoMemory", "PyErr_SetObject"),
    *("PyErr_SetString", "PyEval_RestoreThread", "PyEval_SaveThread", "PyFloat_FromDouble"),
    *("PyList_Append", "PyList_New", "PyList_SetItem", "PyLong_FromLong", "PyMem_Free"),
    *("PyMem_Calloc", "PyMem_Malloc", "PyModule_AddObjectRef", "PyModule_Create2"),
    *("PyObject_GetBuffer", "PySequence_Tuple", "PyTuple_GetItem", "PyTuple_Size"),
    *("PyType_FromSpec", "PyType_GetSlot", "PyUnicode_FromString"),
    *("_Py_BuildValue_SizeT", "_Py_Dealloc"),
)
WINDOWS_DATA = ("PyExc_ValueError",)


def sources(target: Target) -> list[str]:
    """Return the C files of the extension, relative to `runtime`, in the order of setup.py."""
    library = sorted((RUNTIME / "libedgernn").glob("src/**/*.c"))
    files = [*library, RUNTIME / "bindings/python/_native.c"]
    if target.system != "windows":
        files.append(RUNTIME / "libedgernn/threads/edgernn_helper.c")
    return [file.relative_to(RUNTIME).as_posix() for file in files]


def import_library(folder: Path) -> Path:
    """Write the import library of python3.dll, and return it."""
    definition, library = folder / "python3.def", folder / "python3.lib"
    names = [*WINDOWS_FUNCTIONS, *(f"{name} DATA" for name in WINDOWS_DATA)]
    definition.write_text("\n".join(["LIBRARY python3.dll", "EXPORTS", *names, ""]))
    zig("dlltool", "-m", "i386:x86-64", "-d", definition, "-l", library, folder=folder)
    return library


def link_flags(target: Target, folder: Path) -> list[str | Path]:
    """Return the flags and libraries of a target's system."""
    if target.system == "windows":
        return [import_library(folder)]
    threads: list[str | Path] = ["-DEDGERNN_THREADS=1", "-fPIC"]
    if target.system == "macos":
        # Names of Python are found in the program that loads the extension.
        name = f"-Wl,-install_name,@rpath/{target.extension}"
        return [*threads, "-Wl,-undefined,dynamic_lookup", name]
    return [*threads, "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-lm", "-lpthread"]


def _name_libc(target: Target, extension: Path) -> None:
    """Depend on musl's C library by the name that musllinux wheels use, not by zig's."""
    processor = target.zig.partition("-")[0]
    name = f"libc.musl-{processor}.so.1"
    done = run_tool("patchelf", "--replace-needed", "libc.so", name, extension)
    if done.returncode:
        raise RuntimeError(f"patchelf failed\n{done.stderr}")


def compile_extension(target: Target) -> Path:
    """Compile and link the extension of a target, and return its file.

    Raises:
        RuntimeError: the compiler or linker failed or warned.
    """
    folder = BUILD / "extensions" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / target.extension
    output.unlink(missing_ok=True)
    includes = ("libedgernn/include", "libedgernn/src", "libedgernn/threads")
    zig(
        *("cc", "-target", target.zig, *FLAGS, "-include", HERE / "pyconfig.h"),
        *(f"-I{path}" for path in includes),
        *("-isystem", sysconfig.get_path("include"), *sources(target)),
        *(*link_flags(target, folder), "-o", output),
        folder=RUNTIME,
    )
    if "musl" in target.zig:
        _name_libc(target, output)
    return output
