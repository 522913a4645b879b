"""Runs the AAR's libraries for ARM on emulated processors, by a program in C without a JVM."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from runtime.tools.java import archives, libraries

HOSTS = Path(__file__).parent
AAR = libraries.BUILD / f"edgernn-{archives.version()}.aar"


@dataclass(frozen=True)
class Processor:
    """An emulated processor, and Debian's compiler for it."""

    abi: str
    triplet: str
    emulator: str
    packages: str
    options: tuple[str, ...] = ()

    @property
    def compiler(self):
        return f"{self.triplet}-gcc"


PROCESSORS = {
    "arm64": Processor("arm64-v8a", "aarch64-linux-gnu", "qemu-aarch64-static", "gcc-aarch64-linux-gnu"),
    "armv7": Processor(
        "armeabi-v7a", "arm-linux-gnueabi", "qemu-arm-static",
        "gcc-arm-linux-gnueabi libc6-dev-armel-cross",
        ("-march=armv7-a", "-mfpu=vfpv3-d16", "-mfloat-abi=softfp"),
    ),
}  # fmt: skip


def missing(name):
    """Return why the library of a processor cannot run here, or None."""
    if not AAR.exists():
        return "the AAR was not built: make java"
    needed = PROCESSORS[name]
    for program, packages in (
        (needed.compiler, needed.packages),
        (needed.emulator, "qemu-user-static"),
    ):
        if shutil.which(program) is None:
            return f"no {program}: apt-get install {packages}"
    return None if shutil.which("javac") else "no jni.h: apt-get install default-jdk-headless"


def build(processor, folder):
    """Unpack the library, and link the program and what stands for Android's libraries."""
    member = f"jni/{processor.abi}/libedgernn_jni.so"
    (folder / "libedgernn_jni.so").write_bytes(zipfile.ZipFile(AAR).read(member))
    compiler = [processor.compiler, *processor.options]
    # Empty ones: the names come from glibc, which the program brings along.
    for name in ("libc.so", "libm.so"):
        command = [*compiler, "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-x", "c", "/dev/null"]
        subprocess.run([*command, "-o", folder / name], check=True)
    header = libraries.ROOT / "runtime/libedgernn/include/edgernn.h"
    names = re.findall(r"^  (EDGERNN_(?:ERROR_)?\w+) = \d+", header.read_text(), re.MULTILINE)
    texts = ",".join(f'"{name}"' for name in names)
    includes = [f"-I{header.parent}", f"-I{libraries.HEADERS}", f"-I{libraries.jdk() / 'include'}"]
    sources = [HOSTS / "host.c", HOSTS / "java" / "android.c", folder / "libedgernn_jni.so"]
    options = [
        *("-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result"),
        f"-DSTATUS_NAMES={texts}",
    ]
    link = ["-Wl,--no-as-needed", "-lm", f"-Wl,-rpath-link,{folder}", "-o", folder / "host"]
    subprocess.run([*compiler, *options, *includes, *sources, *link], check=True)


def run(name):
    """Replay the corpus with the library of a processor, and return what the host printed."""
    processor = PROCESSORS[name]
    with tempfile.TemporaryDirectory() as folder:
        build(processor, Path(folder))
        command = [processor.emulator, "-L", f"/usr/{processor.triplet}"]
        return subprocess.run(
            [*command, "-E", f"LD_LIBRARY_PATH={folder}", f"{folder}/host", HOSTS],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
