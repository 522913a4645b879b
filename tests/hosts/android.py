"""Runs the AAR's library for arm64 on an emulated processor, by a program in C without a JVM."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from runtime.tools.java import archives, libraries

HOSTS = Path(__file__).parent
AAR = libraries.BUILD / f"edgernn-{archives.version()}.aar"
MEMBER = "jni/arm64-v8a/libedgernn_jni.so"
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"


def missing():
    """Return why the host cannot run here, or None."""
    if not AAR.exists():
        return "the AAR was not built: make java"
    for program, package in ((COMPILER, "gcc-aarch64-linux-gnu"), (EMULATOR, "qemu-user-static")):
        if shutil.which(program) is None:
            return f"no {program}: apt-get install {package}"
    return None if shutil.which("javac") else "no jni.h: apt-get install default-jdk-headless"


def build(folder):
    """Unpack the library, and link the program and what stands for Android's libraries."""
    (folder / "libedgernn_jni.so").write_bytes(zipfile.ZipFile(AAR).read(MEMBER))
    # Empty ones: the names come from glibc, which the program brings along.
    for name in ("libc.so", "libm.so"):
        command = [COMPILER, "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-x", "c", "/dev/null"]
        subprocess.run([*command, "-o", folder / name], check=True)
    header = libraries.ROOT / "runtime/libedgernn/include/edgernn.h"
    names = re.findall(r"^  (EDGERNN_(?:ERROR_)?\w+) = \d+", header.read_text(), re.MULTILINE)
    texts = ",".join(f'"{name}"' for name in names)
    includes = [f"-I{header.parent}", f"-I{libraries.HEADERS}", f"-I{libraries.jdk() / 'include'}"]
    sources = [HOSTS / "host.c", HOSTS / "java" / "android.c", folder / "libedgernn_jni.so"]
    options = [
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-result",
        f"-DSTATUS_NAMES={texts}",
    ]
    link = ["-Wl,--no-as-needed", "-lm", f"-Wl,-rpath-link,{folder}", "-o", folder / "host"]
    subprocess.run([COMPILER, *options, *includes, *sources, *link], check=True)


def run():
    """Replay the corpus, and return what the host printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        command = [EMULATOR, "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={folder}"]
        return subprocess.run(
            [*command, folder / "host", HOSTS], capture_output=True, text=True, check=True
        ).stdout
