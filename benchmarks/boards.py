"""What libedgernn takes on emulated boards: instructions, flash, RAM; and code by switches.

python benchmarks/boards.py

Replays the test vectors of two models on each board of tests/device/boards.py, and writes what
`edgernn inspect --board` reads. Needs the compilers and emulators of tests/device/README.md. The
counts are those of QEMU with -icount: the same in every run, and not cycles. Prints Markdown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from edgernn_export.c.boards import count_work  # noqa: E402
from edgernn_export.c.files import build_files  # noqa: E402
from edgernn_export.c.switches import find_unneeded  # noqa: E402
from edgernn_runtime.bundle import Bundle, read_bundle  # noqa: E402
from edgernn_runtime.model_bin import decode_model  # noqa: E402
from tests.device import boards  # noqa: E402

TABLE = ROOT / "export" / "edgernn_export" / "c" / "boards.json"
DEFAULT = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
SMALL = ROOT / "tests" / "hosts" / "bundles" / "lstm-int8-binary.edgernn"
#: The parts of a model that switches can leave out.
_PARTS = (
    "RECURRENT",
    "GRU",
    "FLOAT",
    "FLOAT16",
    "ACTIVATIONS",
    "GRAPHS",
    "WIDE",
    "UNICODE",
    "STEPS",
)
_CORTEX_M4 = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb")
_STRUCTS = """
#include "classifier.h"
#include "stream.h"
char size_classifier[sizeof(edgernn_classifier)];
char size_layer[sizeof(edgernn_layer)];
char size_stage[sizeof(edgernn_stage)];
"""


def main() -> None:
    """Measure, print, and write the table of `edgernn inspect --board`."""
    bundles = {"default": read_bundle(DEFAULT), "small": read_bundle(SMALL)}
    with tempfile.TemporaryDirectory() as place:
        folders = {name: _folder(bundle, Path(place) / name) for name, bundle in bundles.items()}
        found = {name: _measure_all(name, folder) for name, folder in folders.items()}
        for name, rows in found.items():
            _print_boards(name, bundles[name], rows)
        _print_code(folders, bundles)
        structs = _measure_structs(Path(place))
    table = {
        "parts": _PARTS,
        "structs": structs,
        "boards": {board: _factors(bundles, found, board) for board in found["default"]},
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _folder(bundle: Bundle, folder: Path) -> Path:
    folder.mkdir()
    for name, data in build_files(bundle, "model", "bundle.json").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _measure_all(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for board in boards.BOARDS:
        is_tiny = board.machine == "microbit"
        # A model of 700 KB does not fit into 256 KB of flash.
        if not (is_tiny and name == "default"):
            pool = boards.MICROBIT_POOL if is_tiny else boards.POOL
            found[board.name] = boards.measure(board, folder, 400, pool)
    return found


def _print_boards(name: str, bundle: Bundle, rows: dict[str, dict[str, Any]]) -> None:
    multiplications, _ = _work(bundle)
    print(f"The {name} model, {len(bundle.model):,} bytes, {multiplications:,} multiplications:\n")
    print(
        "| core | kernels | texts passed | max error | instructions a token | a multiplication | "
        "engine, flash | open, RAM | scratch of 32, of 400 tokens | stack |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for board, row in rows.items():
        passed = row["texts"] - row["other_ids"] - row["other_labels"] - row["skipped"]
        per = row["instructions"] / multiplications
        error = row["error_e9"] / 1e9
        print(
            f"| {board} | {row['kernels']} | {passed} of {row['texts']} | {error:.0e} | "
            f"{row['instructions']:,} | {per:.2f} | {row['flash'] - row['model']:,} | "
            f"{row['open']:,} | {row['scratch_32']:,}, {row['scratch_most']:,} | {row['stack']:,} |"
        )
    print()


def _print_code(folders: dict[str, Path], bundles: dict[str, Bundle]) -> None:
    builds: dict[str, tuple[str, ...]] = {"everything": ()}
    for name, bundle in bundles.items():
        builds[f"what the {name} model needs"] = find_unneeded(bundle)
    optional = ("BATCH", "HEAP", "EXPLAIN", "MESSAGES", "SIMD")
    least = (*find_unneeded(bundles["small"]), *optional)
    builds["what the small model needs, without batches, heap, explain, messages and SIMD"] = least
    print("Code of edgernn.c with -Os, without the C library:\n")
    print("| build | x86-64 | Cortex-M4 |\n|---|---:|---:|")
    for build, names in builds.items():
        sizes = [
            _code_bytes(folders["small"], names, compiler) for compiler in (("gcc",), _CORTEX_M4)
        ]
        print(f"| {build} | {sizes[0]:,} | {sizes[1]:,} |")


def _code_bytes(folder: Path, names: tuple[str, ...], compiler: tuple[str, ...]) -> int:
    source = folder / "plain" / "edgernn.c"
    source.parent.mkdir(exist_ok=True)
    for name in ("edgernn.c", "edgernn.h"):
        (source.parent / name).write_bytes((folder / "src" / name).read_bytes())
    out = source.with_suffix(".o")
    switches = [f"-DEDGERNN_WITHOUT_{name}" for name in names]
    subprocess.run([*compiler, "-Os", *switches, "-c", source, "-o", out], check=True)
    size = "arm-none-eabi-size" if compiler is _CORTEX_M4 else "size"
    done = subprocess.run([size, out], capture_output=True, text=True, check=True)
    return sum(map(int, done.stdout.splitlines()[-1].split()[:2]))


def _measure_structs(folder: Path) -> dict[str, int]:
    """Return the sizes of structs on a processor of 32 bits."""
    source, library = folder / "structs.c", boards.LIBRARY
    source.write_text(_STRUCTS)
    options = (f"-I{library}/include", f"-I{library}/src", "-c", source)
    subprocess.run([*_CORTEX_M4, *options, "-o", folder / "structs.o"], check=True)
    command = ["arm-none-eabi-nm", "-S", folder / "structs.o"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = (line.split() for line in lines if "size_" in line)
    return {row[3].removeprefix("size_"): int(row[1], 16) for row in rows}


def _factors(
    bundles: dict[str, Bundle], found: dict[str, dict[str, dict[str, Any]]], board: str
) -> dict[str, float]:
    """Return the bytes of the engine, and the two factors that give both models' instructions."""
    (a, b, x), (c, d, y) = (
        (*_work(bundles[name]), found[name][board]["instructions"]) for name in ("default", "small")
    )
    determinant = a * d - b * c
    row = found["default"][board]
    return {
        "engine": row["flash"] - row["model"],
        "multiplication": round((x * d - b * y) / determinant, 4),
        "unit": round((a * y - x * c) / determinant, 2),
    }


def _work(bundle: Bundle) -> tuple[int, int]:
    work = count_work(decode_model(bundle.model))
    if work is None:
        raise SystemExit("the models must have products of int8")
    return work


if __name__ == "__main__":
    main()
