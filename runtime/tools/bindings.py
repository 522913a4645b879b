"""Puts the packages of Rust, Go and C# into build/bindings: python -m runtime.tools.bindings.

Each gets a copy of libedgernn, the two files edgernn.c and edgernn.h; C# gets the compiled library
and assembly too. A program can then use the folder, without the repository.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "runtime" / "bindings"
OUTPUT = ROOT / "build" / "bindings"
#: The packages, and the folder in each for the two files of libedgernn.
NAMES = {"rust": "c", "go": ".", "csharp": "c"}
#: What cargo leaves in the folder of the crate.
_LEFTOVERS = shutil.ignore_patterns("target", "Cargo.lock")
_LIBRARIES = {"darwin": "libedgernn.dylib", "win32": "edgernn.dll"}


def write_package(name: str, output: Path = OUTPUT) -> Path:
    """Write a package and return its folder.

    Args:
        name: one of NAMES.
        output: the folder that contains the packages.

    Raises:
        CalledProcessError: a compiler failed.
    """
    folder = output / name
    # Compilers keep what they built for files with the same time.
    shutil.copytree(SOURCES / name, folder, ignore=_LEFTOVERS, dirs_exist_ok=True)
    shutil.copy2(ROOT / "LICENSE", folder / "LICENSE")
    amalgamate = ROOT / "runtime" / "libedgernn" / "amalgamate.py"
    subprocess.run([sys.executable, amalgamate, folder / NAMES[name]], check=True)
    if name == "csharp":
        _compile_csharp(folder)
    return folder


def _compile_csharp(folder: Path) -> None:
    library = folder / _LIBRARIES.get(sys.platform, "libedgernn.so")
    compiler, flags = os.environ.get("CC", "cc"), os.environ.get("CFLAGS", "").split()
    options = ["-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-s", *flags]
    subprocess.run(
        [compiler, *options, folder / "c" / "edgernn.c", "-lm", "-o", library], check=True
    )
    mcs = shutil.which("mcs")
    if mcs:
        assembly, sources = folder / "Edgernn.dll", sorted(folder.glob("*.cs"))
        options = ["-nologo", "-warnaserror", "-optimize", "-target:library", f"-out:{assembly}"]
        subprocess.run([mcs, *options, *sources], check=True)


def main() -> None:
    """Write the packages that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)} (default: all)")
    for name in parser.parse_args().names or NAMES:
        sys.stdout.write(f"{write_package(name).relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
