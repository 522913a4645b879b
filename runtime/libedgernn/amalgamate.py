"""Writes libedgernn as two files, edgernn.c and edgernn.h: python3 amalgamate.py FOLDER.

Local includes are replaced by their text. Everything that is not part of the API becomes static,
and the macros of each source file are undefined behind it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: Sources in an order in which what is used comes first; kernels share their vectors' macros.
SOURCES = (
    "kernels/portable.c",
    "kernels/sse2.c",
    "kernels/neon.c",
    "kernels/wasm_simd128.c",
    "kernels/avx2.c",
    "kernels/avx512.c",
    "kernels/small.c",
    "kernels/helm.c",
    "kernels/kernels.c",
    "activations.c",
    "tensor.c",
    "pack.c",
    "graph_reader.c",
    "layer_reader.c",
    "model.c",
    "sequences.c",
    "dense.c",
    "pooling.c",
    "cells.c",
    "recurrent.c",
    "wide.c",
    "convolution.c",
    "attention.c",
    "graph_steps.c",
    "graph.c",
    "stream.c",
    "network.c",
    "batch_recurrent.c",
    "batch.c",
    "hashes.c",
    "utf8.c",
    "json.c",
    "zip.c",
    "vocabulary.c",
    "text.c",
    "upgrade.c",
    "bundle.c",
    "unicode.c",
    "steps.c",
    "tokenizer.c",
    "status.c",
    "classifier.c",
    "heap.c",
    "classify_batch.c",
    "self_test.c",
    "labels.c",
    "explain.c",
)
_INCLUDE = re.compile(r'^#include "([^"]+)"$')
_DEFINE = re.compile(r"^#define (\w+)", re.MULTILINE)
#: A file of the program, which the compiler looks for.
_CONFIG = "edgernn_config.h"
#: The header whose macros last as long as kernels use them.
_VECTORS = "kernels/vector4.h"
_HEAD = """/* libedgernn {version}: text classifiers of edgernn in one file. Use it with edgernn.h.
 *
 *     cc -O3 program.c edgernn.c -lm
 *
 * Written by amalgamate.py; change the sources instead. Apache-2.0. */
#define EDGERNN_AMALGAMATION
/* A build that leaves something out does not use every function. */
#if defined(__GNUC__)
#define EDGERNN_INTERNAL static __attribute__((unused))
#else
#define EDGERNN_INTERNAL static
#endif
#define EDGERNN_TABLE static const

#include "edgernn.h"
"""


def amalgamate(folder: Path) -> dict[str, str]:
    """Return the two files by name.

    Args:
        folder: the folder with include/ and src/.
    """
    header = (folder / "include" / "edgernn.h").read_text()
    numbers = (re.search(rf"VERSION_{part} (\d+)", header) for part in ("MAJOR", "MINOR", "PATCH"))
    version = ".".join(match[1] if match else "0" for match in numbers)
    seen = {"edgernn.h"}
    parts = [_HEAD.format(version=version)]
    vector_users = [name for name in SOURCES if "vector4.h" in _read(folder, name)]
    for name in SOURCES:
        text, macros = _inlined(folder, name, seen)
        parts.append(f"\n/* ==== {name} {'=' * (84 - len(name))} */\n\n{text}")
        if name == vector_users[-1]:
            macros |= set(_DEFINE.findall(_read(folder, _VECTORS)))
        parts.extend(f"#undef {macro}\n" for macro in sorted(macros))
    return {"edgernn.h": header, "edgernn.c": "".join(parts)}


def _read(folder: Path, name: str) -> str:
    return (folder / "src" / name).read_text()


def _inlined(folder: Path, name: str, seen: set[str]) -> tuple[str, set[str]]:
    """Return a file with its local includes in place, and the macros of sources in it."""
    text = _read(folder, name)
    macros = set() if name.endswith(".h") else set(_DEFINE.findall(text))
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        match = _INCLUDE.match(line)
        if match is None or match[1] == _CONFIG:
            lines.append(line)
            continue
        found = _find(folder, name, match[1])
        if found in seen:
            continue
        # Templates are included once for each kind of processor.
        if not found.endswith(".inc"):
            seen.add(found)
        inner, more = _inlined(folder, found, seen)
        macros |= more
        lines.append(inner)
    return "".join(lines), macros


def _find(folder: Path, name: str, included: str) -> str:
    if included == "edgernn.h":
        return included
    for start in (Path(name).parent, Path()):
        place = (folder / "src" / start / included).resolve()
        if place.is_file():
            return place.relative_to((folder / "src").resolve()).as_posix()
    raise FileNotFoundError(f"{name} includes {included}")


def main() -> None:
    """Write the files to the folder that is named."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    out.mkdir(parents=True, exist_ok=True)
    for name, text in amalgamate(Path(__file__).parent).items():
        (out / name).write_text(text)


if __name__ == "__main__":
    main()
