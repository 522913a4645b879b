"""edgernn's own engine beside the fastest of the others.

python benchmarks/native.py [--model model] [--rounds 40]

The model folder's bundles, and OpenVINO with the float32 ONNX file where it is installed, one
thread, at 20, 200 and 400 tokens: ids to probabilities, and text to label through Python; all take
turns, three calls each, and the median is printed. Then with two threads, in turns of 20 calls.
Prints Markdown.
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

from edgernn.bench.peers import PeerForm
from edgernn_runtime import Classifier, load
from edgernn_runtime.timing import texts_of_length

_LENGTHS, _CALLS = (20, 200, 400), 3
_BUNDLES = ("onnx-none", "onnx-int8", "tflite-none", "tflite-int8", "native-none", "native-int8")
_OPENVINO = {
    "openvino.onnx": "OpenVINO, float32",
    "openvino-own.onnx": "OpenVINO, its own precision",
}
_TEXT = "a film to remember " * 200
Forms = dict[str, Classifier | PeerForm]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        forms = _opened(options.model, Path(work), threads=1)
        texts = _texts(options.model)
        for title, calls_of in (("ids to probabilities", _invoke), ("text to label", _predict)):
            found = [_medians(forms, calls_of, text, ids, options.rounds) for text, ids in texts]
            _print_head(title, "times faster than the fastest other")
            for name in forms:
                _print_row(name, [times[name] for times in found], _ratios(found, name))
        _close(forms)
        _print_threads(options.model, Path(work), options.rounds // 4)


def _opened(folder: Path, work: Path, threads: int) -> Forms:
    """Return the forms, open: the bundles, and OpenVINO with the ONNX file if it is installed."""
    forms: Forms = {}
    if importlib.util.find_spec("openvino") is not None:
        whole = folder / "onnx-none.edgernn"
        with load(whole) as classifier:
            model = bytes(classifier.bundle.model)
        for file, name in _OPENVINO.items():
            (work / file).write_bytes(model)
            forms[name] = PeerForm(work / file, str(whole), threads)
    return forms | {n: load(folder / f"{n}.edgernn", threads=threads) for n in _BUNDLES}


def _close(forms: Forms) -> None:
    for form in forms.values():
        if isinstance(form, Classifier):
            form.close()


def _texts(folder: Path) -> list[tuple[str, NDArray[np.int32]]]:
    """Return a text of each length, and its ids."""
    with load(folder / "native-int8.edgernn") as classifier:
        texts = [texts_of_length(classifier.tokenizer, [_TEXT], n)[0] for n in _LENGTHS]
        return [(text, classifier.tokenize(text)) for text in texts]


def _invoke(form: Classifier | PeerForm, text: str, ids: NDArray[np.int32]) -> Callable[[], object]:
    del text
    return lambda: form.output_of_ids(ids)


def _predict(
    form: Classifier | PeerForm, text: str, ids: NDArray[np.int32]
) -> Callable[[], object]:
    del ids
    return lambda: form.predict(text)


def _medians(
    forms: Forms,
    calls_of: Callable[[Classifier | PeerForm, str, NDArray[np.int32]], Callable[[], object]],
    text: str,
    ids: NDArray[np.int32],
    rounds: int,
) -> dict[str, float]:
    """Return the median milliseconds of each form's call, all taking turns."""
    calls = {name: calls_of(form, text, ids) for name, form in forms.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 5):
        for name, call in calls.items():
            times = [_milliseconds(call) for _ in range(_CALLS)]
            samples[name] += times if turn >= 5 else []
    return {name: statistics.median(found) for name, found in samples.items()}


def _medians_by_blocks(forms: Forms, ids: NDArray[np.int32], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each form's invocations, 20 in a row.

    Each starts when the threads of the one before, which wait for more awake, have gone to sleep.
    """
    samples: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, form in forms.items():
            call = _invoke(form, "", ids)
            time.sleep(0.02)
            samples[name] += [_milliseconds(call) for _ in range(25)][5:]
    return {name: statistics.median(found) for name, found in samples.items()}


def _print_threads(folder: Path, work: Path, rounds: int) -> None:
    """Print the answers' times with two threads: beside one, and beside the fastest other."""
    found: dict[int, list[dict[str, float]]] = {}
    for threads in (1, 2):
        forms = _opened(folder, work, threads)
        found[threads] = [_medians_by_blocks(forms, ids, rounds) for _, ids in _texts(folder)]
        _close(forms)
    heads = ("times faster than with one", "times faster than the fastest other")
    _print_head("two threads, ids to probabilities", *heads)
    for name in forms:
        gains = [one[name] / two[name] for one, two in zip(found[1], found[2], strict=True)]
        _print_row(name, [times[name] for times in found[2]], gains, _ratios(found[2], name))


def _ratios(found: list[dict[str, float]], name: str) -> list[float]:
    """Return how many times faster a form is than the fastest of the others' engines."""
    others = [
        min(t for other, t in times.items() if not other.startswith("native")) for times in found
    ]
    return [other / times[name] for other, times in zip(others, found, strict=True)]


def _print_head(title: str, *ratios: str) -> None:
    heads = [f"{n} tokens ms" for n in _LENGTHS] + list(ratios)
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
