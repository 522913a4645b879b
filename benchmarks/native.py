"""edgernn's own engine beside the fastest of the others, and beside what the processor could do.

python benchmarks/native.py [--model model] [--rounds 40]

The model folder's bundles, one thread, at 20, 200 and 400 tokens: ids to probabilities, and text to
label through Python. All take turns, three calls each, and the median is printed. Then
the engine in C by itself, started afresh, and its share of the processor's peak: the multiply-adds
of a text, over what a plain loop of the same instruction does in the same time. Prints Markdown.
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
    _print_peak(data)
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


def _print_peak(data: bytes) -> None:
    """Print what share of the processor's integer products the engine gets, kernel by kernel."""
    from edgernn_runtime import _native

    layers = [layer for layer in decode_model(data).layers if isinstance(layer, Recurrent)]
    products = 200 * sum(d.kernel.size + d.recurrent.size for x in layers for d in x.directions)
    ids = np.full(200, 5, dtype=np.int32)
    print("\n| kernels | 200 tokens ms | products a second | of the loop |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        source = _NATIVE / "tests" / "peak.c"
        subprocess.run(["cc", "-std=c99", "-O2", source, "-o", program], check=True)
        for name in _native.kernels():
            engine = Engine(data, 1, name)
            samples, peaks = [], []
            for _ in range(5):
                for _ in range(20):
                    start = time.perf_counter()
                    engine.run(ids)
                    samples.append(time.perf_counter() - start)
                done = subprocess.run([program, name], capture_output=True, text=True, check=True)
                peaks.append(float(done.stdout))
            rate, peak = products / statistics.median(samples), max(peaks)
            share = f"{rate / peak:.0%} of {peak / 1e9:.0f} G" if peak else "no such loop"
            shown = 1e3 * statistics.median(samples)
            print(f"| {name} | {shown:.3f} | {rate / 1e9:.1f} G | {share} |")


def _print_start(data: bytes) -> None:
    """Print the time of the C program from its start to its end, one text answered."""
    with tempfile.TemporaryDirectory() as folder:
        program, model = Path(folder) / "replay", Path(folder) / "model.bin"
        model.write_bytes(data)
        sources = sorted(_NATIVE.glob("src/*.c"))
        include = f"-I{_NATIVE / 'include'}"
        command = ["cc", "-std=c99", "-O3", include, _NATIVE / "tests" / "replay.c", *sources]
        subprocess.run([*command, "-lm", "-o", program], check=True)
        samples = []
        for _ in range(_STARTS):
            start = time.perf_counter()
            subprocess.run([program, model], input=b"4 19 6 364\n", capture_output=True, check=True)
            samples.append(1e3 * (time.perf_counter() - start))
    shown = f"{statistics.median(samples):.1f} ms"
    print(f"\na C program, from its start to its end with one answer: {shown}")


if __name__ == "__main__":
    main()
