"""The kernels of the C engine one by one, and the share of the processor's peak that a text uses.

python benchmarks/kernels.py [--model model]

Each kernel is timed on the shapes of the preset `tutorial` (kernels.c). The share of the peak is
the multiply-adds of a text of 200 tokens, divided by those of a bare loop of the same instruction
in the same time. Then a C program is timed from start to exit. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgernn_runtime import _native, load
from edgernn_runtime.engines.native import Engine
from edgernn_runtime.ir import Recurrent
from edgernn_runtime.model_bin import decode_model

_STARTS = 15
_NATIVE = Path(__file__).resolve().parents[1] / "runtime" / "libedgernn"
#: What kernels.c prints of each layer: its name there, and in words.
_KERNELS = {
    "inputs1": "layer 1: inputs, 64 by 256",
    "state1": "layer 1: state, 64 by 256",
    "gates1": "layer 1: gates of 64 units",
    "inputs2": "layer 2: inputs, 128 by 128",
    "state2": "layer 2: state, 32 by 128",
    "gates2": "layer 2: gates of 32 units",
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    options = parser.parse_args()
    with load(options.model / "native-int8.edgernn") as classifier:
        data = bytes(classifier.bundle.model)
    _print_kernels(data)
    _print_start(data)


def _print_kernels(data: bytes) -> None:
    """Print latency and share of the peak with each set of kernels, and of each kernel."""
    layers = [layer for layer in decode_model(data).layers if isinstance(layer, Recurrent)]
    products = 200 * sum(d.kernel.size + d.recurrent.size for x in layers for d in x.directions)
    ids = np.full(200, 5, dtype=np.int32)
    names = _native.kernels()
    whole, kernels = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        program = _compiled(Path(folder) / "kernels", Path(__file__).with_name("kernels.c"))
        for name in names:
            engine = Engine(data, 1, name)
            samples = [_seconds(lambda run=engine.run: run(ids)) for _ in range(200)]
            whole[name] = statistics.median(samples)
            done = subprocess.run([program, name], capture_output=True, text=True, check=True)
            rows = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
            kernels[name] = {key: float(value) for key, value in rows}
    print("\n| int8, 200 tokens | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
    rates = {name: products / whole[name] / 1e9 for name in names}
    _print_row("text latency, ms", [f"{1e3 * whole[n]:.3f}" for n in names])
    _print_row("multiply-adds per ns", [f"{rates[n]:.0f}" for n in names])
    peaks = {name: kernels[name]["int8 peak"] for name in names}
    shares = [f"{rates[n] / peaks[n]:.0%} of {peaks[n]:.0f}" if peaks[n] else "-" for n in names]
    _print_row("share of a bare instruction loop", shares)
    for arithmetic in ("int8", "float32"):
        print(f"\n| {arithmetic}, ns per token and direction | " + " | ".join(names), end="")
        print(" |\n|---|" + "---:|" * len(names))
        for key, words in _KERNELS.items():
            _print_row(words, [f"{kernels[n][f'{arithmetic} {key}']:.0f}" for n in names])
        sums = {n: sum(kernels[n][f"{arithmetic} {key}"] for key in _KERNELS) for n in names}
        _print_row("sum", [f"{sums[n]:.0f}" for n in names])
        if arithmetic == "int8":
            _print_row(
                "whole text, per token and direction",
                [f"{1e9 * whole[n] / 400:.0f}" for n in names],
            )


def _print_row(words: str, cells: list[str]) -> None:
    print(f"| {words} | " + " | ".join(cells) + " |")


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _compiled(program: Path, source: Path) -> Path:
    """Compile a program with the engine."""
    includes = [f"-I{_NATIVE / name}" for name in ("include", "src")]
    sources = [source, *sorted(_NATIVE.glob("src/**/*.c"))]
    command = ["cc", "-std=c99", "-O3", *includes, *sources, "-lm", "-o", program]
    subprocess.run(command, check=True)
    return program


def _print_start(data: bytes) -> None:
    """Print the time of the C program from start to exit, with one prediction."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.bin"
        model.write_bytes(data)
        program = _compiled(Path(folder) / "replay", _NATIVE / "tests" / "replay.c")
        samples = []
        for _ in range(_STARTS):
            start = time.perf_counter()
            subprocess.run([program, model], input=b"4 19 6 364\n", capture_output=True, check=True)
            samples.append(1e3 * (time.perf_counter() - start))
    shown = f"{statistics.median(samples):.1f} ms"
    print(f"\nC program, from start to exit with one prediction: {shown}")


if __name__ == "__main__":
    main()
