"""Throughput of many texts on one thread: one by one, side by side, and ONNX Runtime in batches.

python benchmarks/batch.py IMDB_TEST.csv [--model model] [--texts N]

native: text to label, with `predict` and with `predict_batch`. ONNX Runtime: ids to probabilities,
without tokenizing, the texts sorted by length, in batches padded to their longest text, with the
length of each. The variants take turns at each thousand texts. Times are CPU seconds of the
process, so that other programs disturb less. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from imdb_official import read_imdb
from numpy.typing import NDArray

from edgernn_runtime import Classifier, load

_NATIVE = ("native-none", "native-int8")
_ONNX = ("onnx-none", "onnx-int8")
_SIZES = (1, 4, 8, 16, 32, 64)
_TURN = 1000
Ids = NDArray[np.int32]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--texts", type=int, help="the first N texts; all of them by default")
    options = parser.parse_args()
    texts = read_imdb(options.test).texts[: options.texts]
    classifiers = {name: load(options.model / f"{name}.edgernn") for name in _NATIVE}
    sessions = {name: _session(options.model / f"{name}.edgernn") for name in _ONNX}
    seconds: dict[tuple[str, int | str], float] = {}
    differing = 0
    for first in range(0, len(texts), _TURN):
        part = texts[first : first + _TURN]
        ids = [classifiers["native-int8"].tokenize(text) for text in part]
        for name, classifier in classifiers.items():
            differing += _time_native(seconds, name, classifier, part)
        for name, session in sessions.items():
            for size in _SIZES:
                spent = _seconds(lambda s=session, n=size: _run_onnx(s, ids, n))  # noqa: B023
                seconds[name, size] = seconds.get((name, size), 0.0) + spent
    _print_table(seconds, len(texts))
    print(f"\n{len(texts):,} texts; {differing} predictions differ between one by one and batch")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with load(path) as classifier:
        model = bytes(classifier.bundle.model)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _time_native(
    seconds: dict[tuple[str, int | str], float],
    name: str,
    classifier: Classifier,
    texts: Sequence[str],
) -> int:
    """Add the seconds of both ways, and return how many predictions differ."""
    alone, batch = [], []
    for way, call in (
        ("one by one", lambda: alone.extend(map(classifier.predict, texts))),
        ("batch", lambda: batch.extend(classifier.predict_batch(texts))),
    ):
        seconds[name, way] = seconds.get((name, way), 0.0) + _seconds(call)
    return sum(a != b for a, b in zip(alone, batch, strict=True))


def _run_onnx(session: onnxruntime.InferenceSession, ids: Sequence[Ids], size: int) -> None:
    ordered = sorted(ids, key=len)
    for first in range(0, len(ordered), size):
        batch = ordered[first : first + size]
        lengths = np.array([len(text) for text in batch], dtype=np.int32)
        padded = np.zeros((len(batch), max(1, lengths.max())), dtype=np.int32)
        for row, text in zip(padded, batch, strict=True):
            row[: len(text)] = text
        feeds = {"ids": padded, "lengths": np.maximum(lengths, 1)}
        session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def _print_table(seconds: dict[tuple[str, int | str], float], count: int) -> None:
    best = min(spent for (name, _), spent in seconds.items() if name.startswith("onnx"))
    print("| variant | texts at a time | texts/s | speedup over one by one | over ONNX's best |")
    print("|---|---|---:|---:|---:|")
    for (name, way), spent in seconds.items():
        alone = seconds[name, 1 if name.startswith("onnx") else "one by one"]
        words = f"{count / spent:,.0f} | {alone / spent:.2f} | {best / spent:.2f}"
        print(f"| {name} | {way} | {words} |")


if __name__ == "__main__":
    main()
