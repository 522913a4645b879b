"""edgernn's own engine beside the fastest of the others, and beside what the processor could do.

python benchmarks/native.py [--model model] [--rounds 40]

The model folder's bundles, one thread, at 20, 200 and 400 tokens: ids to probabilities, and text to
label through Python; all take turns, three calls each, and the median is printed. Then with two
threads, in turns of 20 calls. Then the engine's kernels one by one, on what the default network
gives them (kernels.c), and their share of the processor's peak: the multiply-adds of a text, over
what a plain loop of the same instruction does in the same time. Then a C program from its start to
its end. Prints Markdown.
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

from edgernn_runtime import Classifier, load
from edgernn_runtime.engines.native import Engine
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.network import Recurrent
from edgernn_runtime.timing import texts_of_length

_LENGTHS, _CALLS, _STARTS = (20, 200, 400), 3, 15
_NATIVE = Path(__file__).resolve().parents[1] / "runtime" / "native"
_BUNDLES = ("onnx-none", "onnx-int8", "tflite-none", "tflite-int8", "native-none", "native-int8")
_TEXT = "a film to remember " * 200
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
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    open_bundles = {n: load(options.model / f"{n}.edgernn") for n in _BUNDLES}
    for title, calls_of in (("ids to probabilities", _invoke), ("text to label", _predict)):
        heads = [f"{n} tokens ms" for n in _LENGTHS]
        print(f"\n| {title} | " + " | ".join(heads) + " | times faster than the fastest other |")
        print("|---|" + "---:|" * (len(heads) + 1))
        found = {n: _medians(open_bundles, calls_of, n, options.rounds) for n in _LENGTHS}
        for name in _BUNDLES:
            times = [found[length][name] for length in _LENGTHS]
            ratios = [_ratio(found[length], name) for length in _LENGTHS]
            cells = [f"{t:.4f}" for t in times] + [" / ".join(f"{r:.2f}" for r in ratios)]
            print(f"| {name} | " + " | ".join(cells) + " |")
    data = bytes(open_bundles["native-int8"].bundle.model)
    for classifier in open_bundles.values():
        classifier.close()
    _print_threads(options.model, options.rounds)
    _print_kernels(data)
    _print_start(data)


def _invoke(classifier: Classifier, tokens: int) -> Callable[[], object]:
    (text, *_) = texts_of_length(classifier.tokenizer, [_TEXT], tokens)
    ids = classifier.tokenize(text)
    return lambda: classifier.output_of_ids(ids)


def _predict(classifier: Classifier, tokens: int) -> Callable[[], object]:
    (text, *_) = texts_of_length(classifier.tokenizer, [_TEXT], tokens)
    return lambda: classifier.predict(text)


def _medians(
    bundles: dict[str, Classifier],
    calls_of: Callable[[Classifier, int], Callable[[], object]],
    tokens: int,
    rounds: int,
) -> dict[str, float]:
    """Return the median milliseconds of each bundle's call, all taking turns."""
    calls = {name: calls_of(classifier, tokens) for name, classifier in bundles.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 5):
        for name, call in calls.items():
            for _ in range(_CALLS):
                start = time.perf_counter()
                call()
                if turn >= 5:
                    samples[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(found) for name, found in samples.items()}


def _ratio(times: dict[str, float], name: str) -> float:
    """Return how many times faster a bundle is than the fastest of the others' engines."""
    return min(t for other, t in times.items() if not other.startswith("native")) / times[name]


def _print_threads(folder: Path, rounds: int) -> None:
    """Print the answers' times with two threads: beside one, and beside the fastest other."""
    heads = [f"{n} tokens ms" for n in _LENGTHS]
    heads += ["times faster than with one", "times faster than the fastest other"]
    print("\n| two threads, ids to probabilities | " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * len(heads))
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for threads, times in found.items():
        bundles = {n: load(folder / f"{n}.edgernn", threads=threads) for n in _BUNDLES}
        times += [_medians_by_blocks(bundles, n, rounds // 4) for n in _LENGTHS]
        for classifier in bundles.values():
            classifier.close()
    for name in _BUNDLES:
        cells = [f"{times[name]:.4f}" for times in found[2]]
        gains = [one[name] / two[name] for one, two in zip(found[1], found[2], strict=True)]
        ratios = [_ratio(times, name) for times in found[2]]
        cells += [" / ".join(f"{r:.2f}" for r in row) for row in (gains, ratios)]
        _print_row(name, cells)


def _medians_by_blocks(
    bundles: dict[str, Classifier], tokens: int, rounds: int
) -> dict[str, float]:
    """Return the median milliseconds of each bundle's invocations, 20 in a row.

    Each starts when the threads of the one before, which wait for more awake, have gone to sleep.
    """
    samples: dict[str, list[float]] = {name: [] for name in bundles}
    for _ in range(rounds):
        for name, classifier in bundles.items():
            call = _invoke(classifier, tokens)
            time.sleep(0.02)
            times = [1e3 * _seconds(call) for _ in range(25)]
            samples[name] += times[5:]
    return {name: statistics.median(found) for name, found in samples.items()}


def _print_kernels(data: bytes) -> None:
    """Print what a text takes with each kind of kernels, kernel by kernel, and of their peak."""
    from edgernn_runtime import _native

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
    _print_row("a text, ms", [f"{1e3 * whole[n]:.3f}" for n in names])
    _print_row("multiply-adds a nanosecond", [f"{rates[n]:.0f}" for n in names])
    peaks = {name: kernels[name]["int8 peak"] for name in names}
    shares = [f"{rates[n] / peaks[n]:.0%} of {peaks[n]:.0f}" if peaks[n] else "-" for n in names]
    _print_row("of a plain loop of the instruction", shares)
    for arithmetic in ("int8", "float32"):
        print(f"\n| {arithmetic}, nanoseconds a token and direction | " + " | ".join(names), end="")
        print(" |\n|---|" + "---:|" * len(names))
        for key, words in _KERNELS.items():
            _print_row(words, [f"{kernels[n][f'{arithmetic} {key}']:.0f}" for n in names])
        sums = {n: sum(kernels[n][f"{arithmetic} {key}"] for key in _KERNELS) for n in names}
        _print_row("all six", [f"{sums[n]:.0f}" for n in names])
        if arithmetic == "int8":
            _print_row(
                "a text's time, a token and direction",
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
    sources = [source, *sorted(_NATIVE.glob("src/*.c"))]
    command = ["cc", "-std=c99", "-O3", *includes, *sources, "-lm", "-o", program]
    subprocess.run(command, check=True)
    return program


def _print_start(data: bytes) -> None:
    """Print the time of the C program from its start to its end, one text answered."""
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
    print(f"\na C program, from its start to its end with one answer: {shown}")


if __name__ == "__main__":
    main()
