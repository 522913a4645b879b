"""Builds edgernn.mpy for MicroPython: python -m runtime.tools.micropython [ARCH ...].

MPY_DIR names a folder with the sources of MicroPython. The files are
build/micropython/ARCH/edgernn.mpy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "runtime" / "bindings" / "micropython"
OUTPUT = ROOT / "build" / "micropython"
#: The architectures that are built and tested, and the compiler of each.
COMPILERS = {"x64": "gcc", "armv7emsp": "arm-none-eabi-gcc"}


def find_python() -> str | None:
    """Return a Python with the packages of MicroPython's linker, or None."""
    beside = shutil.which("micropython")
    candidates = [sys.executable, *([str(Path(beside).parent / "python")] if beside else [])]
    for python in candidates:
        command = [python, "-c", "import ar, elftools"]
        try:
            done = subprocess.run(command, check=False, capture_output=True)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


def find_missing(arch: str) -> str:
    """Return what a build for an architecture needs and lacks, or an empty text."""
    if not (Path(os.environ.get("MPY_DIR", "?")) / "py" / "dynruntime.mk").is_file():
        return "MPY_DIR does not name a folder with the sources of MicroPython"
    if shutil.which(COMPILERS[arch]) is None:
        return f"{COMPILERS[arch]} is not installed"
    if find_python() is None:
        return "pyelftools and ar are not installed; pip install --group boards has them"
    return ""


def build(arch: str) -> Path:
    """Build the module for an architecture and return its path.

    Raises:
        CalledProcessError: the compiler or the linker failed.
    """
    folder = OUTPUT / arch
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    amalgamate = ROOT / "runtime" / "libedgernn" / "amalgamate.py"
    subprocess.run([sys.executable, amalgamate, folder], check=True)
    variables = [f"ARCH={arch}", f"MPY_DIR={os.environ['MPY_DIR']}", f"PYTHON={find_python()}"]
    command = [shutil.which("make") or "make", "-C", str(folder), *variables]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    return folder / "edgernn.mpy"


def main() -> None:
    """Build the architectures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archs", nargs="*", help=f"of {', '.join(COMPILERS)} (default: all)")
    for arch in parser.parse_args().archs or COMPILERS:
        reason = find_missing(arch)
        if reason:
            sys.exit(f"error: {reason}")
        path = build(arch)
        sys.stdout.write(f"{path.relative_to(ROOT)} {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
