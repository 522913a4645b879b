"""The timing of edgernn beside bare loops around the engines, on the same files.

python benchmarks/crosscheck.py [--model model]

onnxruntime's session and LiteRT's interpreter are called without edgernn, on ids of 200 tokens, one
thread. Both take turns, five times. LiteRT's `litert-benchmark` cannot be used: it does not load
models with variable tensors, which every fused LSTM has, and it feeds random bytes as ids, on which
the model fails within 0.03 ms, and reports that time. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edgernn_runtime import load
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.timing import cut_texts, time_window, warm_up

_TOKENS, _ROUNDS, _SECONDS = 200, 5, 2.0
_TEXT = "a film to remember " * 60


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model
    print("| file | edgernn invoke ms | bare loop ms | ratio |\n|---|---:|---:|---:|")
    for name in ("onnx-none", "onnx-int8", "tflite-none", "tflite-int8"):
        path = model / f"{name}.edgernn"
        other = _session if name.startswith("onnx") else _interpreter
        ours, theirs = zip(*((_ours(path), other(path)) for _ in range(_ROUNDS)), strict=True)
        _print(name, ours, theirs)


def _print(name: str, ours: tuple[float, ...], theirs: tuple[float, ...]) -> None:
    a, b = float(np.median(ours)), float(np.median(theirs))
    print(f"| {name} | {a:.3f} | {b:.3f} | {a / b:.3f} |", flush=True)


def _ours(path: Path) -> float:
    with load(path) as classifier:
        texts = cut_texts(classifier.tokenizer, [_TEXT], _TOKENS)
        warm_up(classifier, texts)
        return float(np.median(time_window(classifier, texts, _SECONDS).invoke_ms))


def _session(path: Path) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(bytes(read_bundle(path).model), options)
    feeds = {
        "ids": np.full((1, _TOKENS), 5, dtype=np.int32),
        "lengths": np.array([_TOKENS], dtype=np.int32),
    }
    return _median(lambda: session.run(None, feeds))


def _interpreter(path: Path) -> float:
    interpreter = Interpreter(
        model_content=bytes(read_bundle(path).model),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (given,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], (1, _TOKENS))
    interpreter.allocate_tensors()
    ids = np.full((1, _TOKENS), 5, dtype=np.int32)

    def call() -> None:
        interpreter.reset_all_variables()
        interpreter.set_tensor(given["index"], ids)
        interpreter.invoke()
        interpreter.get_tensor(output["index"])

    return _median(call)


def _median(call: Callable[[], object]) -> float:
    samples = []
    deadline = time.perf_counter() + _SECONDS
    while time.perf_counter() < deadline:
        start = time.perf_counter()
        call()
        samples.append(1e3 * (time.perf_counter() - start))
    return float(np.median(samples))


if __name__ == "__main__":
    main()
