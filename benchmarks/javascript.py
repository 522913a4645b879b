"""The npm package beside onnxruntime-web and onnxruntime-node: size, first prediction, latency.

python benchmarks/javascript.py [--model model]

Builds the package and installs the engines of benchmarks/javascript from npm. The first prediction
is the median of nine fresh processes, which take turns: import, opening the model, and 20 ids; the
start of Node is not included. Latency is p50 and min of 41 blocks of 10 ms, in which the engines
take turns; every engine gets ids and uses one thread. Ratios are of min, which other processes
disturb least. A browser that is not installed has no table. Prints Markdown.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.hosts import browser, javascript  # noqa: E402

_SCRIPTS = Path(__file__).with_name("javascript")
_TIMES = 9
_OURS = "edgernn, int8"
#: The files that a page loads of each package.
_PAGES = {
    "edgernn": ("edgernn.wasm",),
    "onnxruntime-web": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.wasm"),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model
    javascript.build()
    if not (_SCRIPTS / "node_modules").is_dir():
        options = ("--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")
        subprocess.run(["npm", "install", *options], cwd=_SCRIPTS, check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        shutil.copy(model / "native-int8.edgernn", models / "native.edgernn")
        for name, recipe in (("float", "none"), ("int8", "int8")):
            with zipfile.ZipFile(model / f"onnx-{recipe}.edgernn") as bundle:
                (models / f"{name}.onnx").write_bytes(bundle.read("model.onnx"))
        _print_sizes()
        latencies = json.loads(_node("latency", models))
        _print_starts(models, list(latencies))
        _print_latencies(f"Node {_version('node')}", latencies)
        for command in browser.COMMANDS:
            if shutil.which(command):
                _print_latencies(_version(command), _measure_page(command, models))


def _version(command: str) -> str:
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition(" built")[0]


def _node(*arguments: object) -> str:
    command = ["node", _SCRIPTS / "node.js", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |")


def _print_sizes() -> None:
    """Print what a page downloads of each engine, and the size of the package."""
    ort = _SCRIPTS / "node_modules" / "onnxruntime-web" / "dist"
    print("\n| downloaded by a page | KB | KB with gzip |\n|---|---:|---:|")
    for name, folder in (("edgernn", javascript.PACKAGE), ("onnxruntime-web", ort)):
        for file in _PAGES[name]:
            _print_size(f"{name}: {file}", [(folder / file).read_bytes()])
    scripts = ["core", "engine", "errors", "index", "inflate", "inlined", "module"]
    files = [(javascript.PACKAGE / f"{script}.js").read_bytes() for script in scripts]
    _print_size("edgernn: all scripts, with the module inside", files)
    command = ["npm", "pack", "--ignore-scripts", "--dry-run", "--json", javascript.PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    packed = json.loads(done.stdout)
    package = packed[0] if isinstance(packed, list) else next(iter(packed.values()))
    size, unpacked = package["size"] / 1e3, package["unpackedSize"] / 1e3
    versions = [
        f"{path.name} {json.loads((path / 'package.json').read_text())['version']}"
        for path in sorted((_SCRIPTS / "node_modules").glob("onnxruntime-[nw]*"))
    ]
    print(f"\nThe npm package: {size:.1f} KB, unpacked {unpacked:.1f} KB. {', '.join(versions)}.")


def _print_size(name: str, files: Iterable[bytes]) -> None:
    data = b"".join(files)
    _row(name, f"{len(data) / 1e3:.1f}", f"{len(gzip.compress(data, 9)) / 1e3:.1f}")


def _print_starts(models: Path, names: list[str]) -> None:
    """Print the time from import to the first prediction in fresh processes."""
    samples: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(_TIMES):
        for name in names:
            samples[name].append(float(_node("start", models, name)))
    print("\n| Node, first prediction | ms |\n|---|---:|")
    for name in names:
        _row(name, f"{statistics.median(samples[name]):.1f}")


def _measure_page(command: str, models: Path) -> dict[str, Any]:
    ort = _SCRIPTS / "node_modules" / "onnxruntime-web" / "dist"
    folders = {"package": javascript.PACKAGE, "bench": _SCRIPTS, "ort": ort, "models": models}
    found = browser.open_pages(command, {"latency": "/bench/page.html"}, folders, seconds=300)
    rows: dict[str, Any] = json.loads(found["latency"])
    if "error" in rows:
        raise RuntimeError(rows["error"])
    return rows


def _print_latencies(host: str, rows: dict[str, Any]) -> None:
    """Print latencies, and how many times that of edgernn each is."""
    lengths = list(rows[_OURS])
    heads = [f"{length} tokens p50 ms | min ms | ratio" for length in lengths]
    print(f"\n| {host} | " + " | ".join(heads) + " | output, 200 tokens |")
    print("|---|" + "---:|" * (3 * len(lengths) + 1))
    for name, row in rows.items():
        cells = []
        for length in lengths:
            found, ours = row[length], rows[_OURS][length]
            ratio = found["min"] / ours["min"]
            cells += [f"{found['p50']:.3f}", f"{found['min']:.3f}", f"{ratio:.2f}"]
        _row(name, *cells, f"{row[lengths[-1]]['output']:.6f}")


if __name__ == "__main__":
    main()
