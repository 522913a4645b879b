"""The C engine of edgernn beside LiteRT, ONNX Runtime and OpenVINO.

python benchmarks/native.py [--model model] [--rounds 40]

The bundles of the model folder, and OpenVINO with the float32 ONNX file if it is installed, on one
thread at 20, 200 and 400 tokens: ids to probabilities, and text to label through Python. They take
turns, three calls each; the median is printed. Then the same with two threads, in turns of 20
calls. Prints Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from peer_variants import PeerRunner

from edgernn_runtime import Classifier, load
from edgernn_runtime.timing import cut_texts

_LENGTHS, _CALLS = (20, 200, 400), 3
_BUNDLES = ("onnx-none", "onnx-int8", "tflite-none", "tflite-int8", "native-none", "native-int8")
_OPENVINO = {
    "openvino.onnx": "OpenVINO, float32",
    "openvino-default.onnx": "OpenVINO, default precision",
}
_TEXT = "a film to remember " * 200
Runners = dict[str, Classifier | PeerRunner]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        runners = _opened(options.model, Path(work), threads=1)
        texts = _texts(options.model)
        for title, calls_of in (("ids to probabilities", _invoke), ("text to label", _predict)):
            found = [_medians(runners, calls_of, text, ids, options.rounds) for text, ids in texts]
            _print_head(title, "speedup over the fastest other engine")
            for name in runners:
                _print_row(name, [times[name] for times in found], _ratios(found, name))
        _close(runners)
        _print_threads(options.model, Path(work), options.rounds // 4)


def _opened(folder: Path, work: Path, threads: int) -> Runners:
    """Return the bundles, open, and OpenVINO with the ONNX file if it is installed."""
    runners: Runners = {}
    if importlib.util.find_spec("openvino") is not None:
        whole = folder / "onnx-none.edgernn"
        with load(whole) as classifier:
            model = bytes(classifier.bundle.model)
        for file, name in _OPENVINO.items():
            (work / file).write_bytes(model)
            runners[name] = PeerRunner(work / file, str(whole), threads)
    return runners | {n: load(folder / f"{n}.edgernn", threads=threads) for n in _BUNDLES}


def _close(runners: Runners) -> None:
    for runner in runners.values():
        if isinstance(runner, Classifier):
            runner.close()


def _texts(folder: Path) -> list[tuple[str, NDArray[np.int32]]]:
    """Return a text of each length, and its ids."""
    with load(folder / "native-int8.edgernn") as classifier:
        texts = [cut_texts(classifier.tokenizer, [_TEXT], n)[0] for n in _LENGTHS]
        return [(text, classifier.tokenize(text)) for text in texts]


def _invoke(
    runner: Classifier | PeerRunner, text: str, ids: NDArray[np.int32]
) -> Callable[[], object]:
    del text
    return lambda: runner.output_of_ids(ids)


def _predict(
    runner: Classifier | PeerRunner, text: str, ids: NDArray[np.int32]
) -> Callable[[], object]:
    del ids
    return lambda: runner.predict(text)


def _medians(
    runners: Runners,
    calls_of: Callable[[Classifier | PeerRunner, str, NDArray[np.int32]], Callable[[], object]],
    text: str,
    ids: NDArray[np.int32],
    rounds: int,
) -> dict[str, float]:
    """Return the p50 of each runner's call in ms; the runners take turns."""
    calls = {name: calls_of(runner, text, ids) for name, runner in runners.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 5):
        for name, call in calls.items():
            times = [_milliseconds(call) for _ in range(_CALLS)]
            samples[name] += times if turn >= 5 else []
    return {name: statistics.median(found) for name, found in samples.items()}


def _medians_by_blocks(runners: Runners, ids: NDArray[np.int32], rounds: int) -> dict[str, float]:
    """Return the p50 of each runner's invocations in ms, 20 in a row.

    Each block starts after the idle threads of the previous runner have gone to sleep.
    """
    samples: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            call = _invoke(runner, "", ids)
            time.sleep(0.02)
            samples[name] += [_milliseconds(call) for _ in range(25)][5:]
    return {name: statistics.median(found) for name, found in samples.items()}


def _print_threads(folder: Path, work: Path, rounds: int) -> None:
    """Print the latency with two threads, beside one thread and the fastest other engine."""
    found: dict[int, list[dict[str, float]]] = {}
    for threads in (1, 2):
        runners = _opened(folder, work, threads)
        found[threads] = [_medians_by_blocks(runners, ids, rounds) for _, ids in _texts(folder)]
        _close(runners)
    heads = ("speedup over one thread", "speedup over the fastest other engine")
    _print_head("two threads, ids to probabilities", *heads)
    for name in runners:
        gains = [one[name] / two[name] for one, two in zip(found[1], found[2], strict=True)]
        _print_row(name, [times[name] for times in found[2]], gains, _ratios(found[2], name))


def _ratios(found: list[dict[str, float]], name: str) -> list[float]:
    """Return the speedup of a runner over the fastest other engine, at each length."""
    others = [
        min(t for other, t in times.items() if not other.startswith("native")) for times in found
    ]
    return [other / times[name] for other, times in zip(others, found, strict=True)]


def _print_head(title: str, *ratios: str) -> None:
    heads = [f"{n} tokens p50 ms" for n in _LENGTHS] + list(ratios)
    print(f"\n| {title} | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(heads))


def _print_row(name: str, times: list[float], *ratios: list[float]) -> None:
    cells = [f"{t:.4f}" for t in times] + [" / ".join(f"{r:.2f}" for r in row) for row in ratios]
    print(f"| {name} | " + " | ".join(cells) + " |")


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
