"""Builds the npm package's module: python3 build.py [--clang COMMAND], or `make wasm`.

Writes edgernn.wasm with SIMD, edgernn-plain.wasm without, and module.js and plain.js, which contain
them compressed. The compiler is Debian's clang-19 with lld-19 and wasi-libc, or another Clang for
which `--clang` or the variable WASM_CLANG is the command.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parents[1] / "libedgernn"
CLANG = os.environ.get("WASM_CLANG", "clang-19")
#: What is written into a package.
BUILT = ("edgernn.wasm", "module.js", "plain.js")
PACKAGES = "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 binaryen"
#: Small code, but for the kernels, which run most of the time, and the hashes, which run first.
SMALL, FAST = "-Oz", "-O2"
FLAGS = (
    "--target=wasm32-wasi", "-std=c99", "-flto", "-fvisibility=hidden",
    "-Wall", "-Wextra", "-Werror", f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}",
)  # fmt: skip
#: The stack comes first: an overflow is then an error instead of overwritten data.
LINK = (
    "-mexec-model=reactor", "-nostartfiles", "-Wl,--no-entry", "-Wl,--gc-sections",
    "-Wl,--strip-all", "-Wl,--stack-first", "-Wl,-z,stack-size=65536",
)  # fmt: skip
#: What the module may contain already.
OPTIMIZE = (
    "--enable-simd", "--enable-bulk-memory", "--enable-sign-ext", "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
)  # fmt: skip
#: Every engine with SIMD copies memory with one instruction.
SIMD = ("-msimd128", "-mbulk-memory")
PLAIN = ("-mno-bulk-memory", "-mno-sign-ext", "-mno-nontrapping-fptoint")


def main() -> None:
    """Build both modules and the files that contain them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clang", default=CLANG)
    write_modules(HERE, parser.parse_args().clang)


def write_modules(folder: Path, clang: str = CLANG, left_out: Iterable[str] = ()) -> None:
    """Write both modules, the scripts that contain them and the licence.

    Args:
        folder: where they go.
        clang: the command of the compiler.
        left_out: the parts that the modules do not have, as config.h names them.
    """
    compiler = shlex.split(clang)
    switches = tuple(f"-DEDGERNN_WITHOUT_{name}" for name in left_out)
    for command in (compiler[0], "wasm-opt"):
        if shutil.which(command) is None:
            sys.exit(f"error: there is no {command}\n  next:     apt-get install {PACKAGES}")
    for name, script, flags in (("edgernn", "module", SIMD), ("edgernn-plain", "plain", PLAIN)):
        module = _build(compiler, (*flags, *switches))
        (folder / f"{name}.wasm").write_bytes(module)
        (folder / f"{script}.js").write_text(_script(name, module), encoding="utf-8")
        packed = len(gzip.compress(module, 9))
        print(f"{name}.wasm: {len(module):,} bytes, {packed:,} with gzip")
    shutil.copy(HERE.parents[2] / "LICENSE", folder / "LICENSE")


def _build(compiler: list[str], flags: tuple[str, ...]) -> bytes:
    """Return the module as it is built with some flags."""
    # module.c has what heap.c has, without malloc.
    sources = [path for path in sorted(LIBRARY.glob("src/**/*.c")) if path.name != "heap.c"]
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for source in [*sources, HERE / "module.c"]:
            is_fast = source.parent.name == "kernels" or source.name == "hashes.c"
            level = FAST if is_fast else SMALL
            objects.append(Path(folder) / f"{source.stem}.o")
            command = [*compiler, *FLAGS, *flags, level, "-c", source, "-o", objects[-1]]
            subprocess.run(command, check=True)
        out = Path(folder) / "module.wasm"
        command = [*compiler, *FLAGS, *flags, *objects, *LINK, "-o", out]
        subprocess.run(command, check=True)
        # Without -O, Clang does not run wasm-opt by itself where it is installed.
        subprocess.run(["wasm-opt", "-Oz", "--converge", *OPTIMIZE, out, "-o", out], check=True)
        return out.read_bytes()


def _deflated(data: bytes) -> bytes:
    # The largest memory level makes one block of codes after another, never a stored one.
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return compressor.compress(data) + compressor.flush()


def _script(name: str, module: bytes) -> str:
    """Return a script that contains a module."""
    text = base64.b64encode(_deflated(module)).decode()
    head = f"// {name}.wasm, compressed; written by build.py.\nexport const size = {len(module)};\n"
    return f"{head}export const base64 = '{text}';\n"


if __name__ == "__main__":
    main()
