"""Compiles the JNI library."""

from __future__ import annotations

import shutil
import subprocess
import sys
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
    *("-Wall", "-Wextra", "-Werror", "-fno-builtin-bcmp"),
)
ZIG_FLAGS = ("-fno-sanitize=all", "-mcpu=baseline", "-shared", "-s")


def jdk() -> Path:
    """Return the folder of the JDK.

    Raises:
        RuntimeError: no javac was found.
    """
    compiler = shutil.which("javac")
    if compiler is None:
        raise RuntimeError("javac was not found\n  next:     apt-get install default-jdk-headless")
    return Path(compiler).resolve().parents[1]


def amalgamate() -> Path:
    """Write edgernn.c and edgernn.h, and return their folder."""
    script = ROOT / "runtime" / "libedgernn" / "amalgamate.py"
    subprocess.run([sys.executable, script, BUILD], check=True)
    return BUILD


def _includes() -> tuple[str | Path, ...]:
    return (f"-I{BUILD}", f"-I{HEADERS}", "-isystem", jdk() / "include")


def _inputs() -> tuple[str | Path, ...]:
    return (*_includes(), SOURCE, amalgamate() / "edgernn.c")


def compile_host() -> bytes:
    """Compile the library for this machine with `cc`, and return it.

    Raises:
        subprocess.CalledProcessError: the compiler failed or warned.
    """
    inputs, output = _inputs(), BUILD / "host-library"
    command: list[str | Path] = ["cc", *FLAGS, "-fPIC", "-shared", *inputs, "-lm", "-o", output]
    subprocess.run(command, check=True)
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
    command = ("cc", "-target", target.zig, *FLAGS, *ZIG_FLAGS, *target.options, *_inputs())
    zig(*command, *options, "-o", output, folder=BUILD)
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
        flags = (*FLAGS, "-fno-sanitize=all", "-mcpu=baseline", "-fPIC", *target.options)
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
