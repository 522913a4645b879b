"""Compiles the JNI library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.tools.java.targets import ANDROID_FUNCTIONS, PAGE_BYTES, Target
from runtime.tools.wheels.tools import ROOT, zig, zig_library

BUILD = ROOT / "build" / "java"
BINDING = ROOT / "runtime" / "bindings" / "java"
SOURCE = BINDING / "src" / "main" / "c" / "edgernn_jni.c"
#: Contains jni_md.h for every platform; the JDK has only that of the host.
HEADERS = Path(__file__).resolve().parent
#: No option depends on the machine. A contraction of `a * b + c` would change bits.
FLAGS = (
    *("-std=c99", "-O3", "-g0", "-ffp-contract=off", "-fvisibility=hidden", "-DEDGERNN_API="),
    *("-Wall", "-Wextra", "-fno-builtin-bcmp"),
)
#: Rejects warnings, for javac and C compilers whose version is known.
STRICT = "-Werror"
ZIG_FLAGS = ("-fno-sanitize=all", "-mcpu=baseline", "-shared", "-s")


def jdk() -> Path:
    """Return the folder of the JDK: JAVA_HOME, or that of the javac on the PATH.

    Raises:
        RuntimeError: there is no javac, or no jni.h beside it.
    """
    home = os.environ.get("JAVA_HOME")
    compiler = shutil.which("javac", path=str(Path(home) / "bin") if home else None)
    if compiler is None:
        where = f"JAVA_HOME, {home}" if home else "the PATH"
        raise RuntimeError(
            f"javac was not found\n  where:    {where}\n"
            "  next:     apt-get install default-jdk-headless, or set JAVA_HOME to a JDK"
        )
    folder = Path(compiler).resolve().parents[1]
    if not (folder / "include" / "jni.h").is_file():
        raise RuntimeError(
            f"the JDK has no include/jni.h\n  where:    {folder}\n"
            "  next:     set JAVA_HOME to a JDK that contains it"
        )
    return folder


def run(command: Sequence[str | Path]) -> None:
    """Run a compiler, which prints its errors.

    Raises:
        RuntimeError: it was not found, or failed.
    """
    if shutil.which(command[0]) is None:
        raise RuntimeError(
            f"{command[0]} was not found\n"
            "  next:     apt-get install gcc libc6-dev, or set CC to a C compiler"
        )
    if subprocess.run(command, check=False).returncode:
        raise RuntimeError(f"{command[0]} failed: {' '.join(map(str, command))}")


def amalgamate() -> Path:
    """Write edgernn.c and edgernn.h, and return their folder."""
    script = ROOT / "runtime" / "libedgernn" / "amalgamate.py"
    subprocess.run([sys.executable, script, BUILD], check=True)
    return BUILD


def _includes() -> tuple[str | Path, ...]:
    return (f"-I{BUILD}", f"-I{HEADERS}", "-isystem", jdk() / "include")


def _inputs() -> tuple[str | Path, ...]:
    return (*_includes(), SOURCE, amalgamate() / "edgernn.c")


def compile_host(*options: str) -> bytes:
    """Compile the library for this machine with CC or `cc`, and return it.

    Args:
        options: more options of the compiler, such as STRICT.

    Raises:
        RuntimeError: the compiler was not found, or failed.
    """
    output = BUILD / "host-library"
    compiler = os.environ.get("CC", "cc").split()
    run([*compiler, *FLAGS, *options, "-fPIC", "-shared", *_inputs(), "-lm", "-o", output])
    return output.read_bytes()


def compile_desktop(target: Target) -> bytes:
    """Compile the library of a desktop with zig, and return it.

    Raises:
        RuntimeError: the compiler or linker failed or warned.
    """
    folder = BUILD / "desktop" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / target.library
    options: tuple[str, ...] = ()
    if "linux" in target.zig:
        options = ("-fPIC", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-lm")
    elif "macos" in target.zig:
        options = (f"-Wl,-install_name,@rpath/{target.library}",)
    flags = (*FLAGS, STRICT, *ZIG_FLAGS, *target.options)
    command = ("cc", "-target", target.zig, *flags, *_inputs(), *options)
    zig(*command, "-o", output, folder=BUILD)
    return output.read_bytes()


def _stub(target: Target, name: str, folder: Path) -> Path:
    """Link a library that only exports names, as the NDK's are, and return it."""
    source, output = folder / f"{name}.c", folder / name
    functions = (f"void {function}(void) {{}}\n" for function in ANDROID_FUNCTIONS[name])
    source.write_text("".join(functions), encoding="utf-8")
    options = ("-nostdlib", "-shared", "-fno-builtin", "-w", f"-Wl,-soname,{name}")
    zig("cc", "-target", target.zig, *options, source, "-o", output, folder=folder)
    return output


def _helpers(target: Target, folder: Path) -> list[Path]:
    """Compile the functions that code of the compiler calls, and return the library.

    It also has memcpy and expf, which are then not imported from Android.
    """
    if not target.features:
        return []
    source, output = zig_library() / "compiler_rt.zig", folder / "libhelpers.a"
    options = ("-O", "ReleaseSmall", "-fPIC", "-ffunction-sections", "-fno-unwind-tables")
    command = ("build-lib", source, "-target", target.zig, f"-mcpu={target.features}", *options)
    zig(*command, f"-femit-bin={output}", folder=folder)
    return [output]


def compile_android(target: Target) -> bytes:
    """Compile the library of an Android ABI with zig against stubs, and return it.

    Raises:
        RuntimeError: the compiler or linker failed, warned, or found another import.
    """
    folder = BUILD / "android" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    stubs = [_stub(target, name, folder) for name in ANDROID_FUNCTIONS]
    output = folder / target.library
    objects = []
    # zig knows no headers with -nostdlib, so that compiling is a step before linking.
    for source in (SOURCE, amalgamate() / "edgernn.c"):
        objects.append(folder / f"{source.stem}.o")
        flags = (*FLAGS, STRICT, "-fno-sanitize=all", "-mcpu=baseline", "-fPIC", *target.options)
        command = ("cc", "-target", target.zig, *flags, *_includes(), "-c", source)
        zig(*command, "-o", objects[-1], folder=BUILD)
    exports = folder / "exports.txt"
    exports.write_text("{ global: Java_*; local: *; };\n", encoding="utf-8")
    options = (
        *("-shared", "-s", "-nostdlib", "-Wl,--gc-sections", f"-Wl,--version-script={exports}"),
        *("-Wl,--build-id=none", "-Wl,-z,defs", "-Wl,-z,relro,-z,now"),
        *(f"-Wl,-z,max-page-size={PAGE_BYTES}", "-Wl,--hash-style=both"),
        f"-Wl,-soname,{target.library}",
    )
    inputs = (*objects, *stubs, *_helpers(target, folder))
    zig("cc", "-target", target.zig, *options, *inputs, "-o", output, folder=BUILD)
    return output.read_bytes()
