"""Latency and size of a wide path alone: distinct keys beside plain counts, at three lengths.

python benchmarks/wide.py

A bag of 10,000 words and 65,536 buckets with random weights, bigrams and skip-grams, one output,
one thread. A figure is the p50 of a call of the engine in µs, distinct / counts. Plain counts are
the same file without the sort and the comparison of neighbors; native has no sort. All take turns
in random order, one call each, so that a busy moment of the machine affects all of them. Prints
Markdown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_export.tflite.graph import pack
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import HashedNgrams, Network, Task
from edgernn_runtime.tokenizer import TokenizerSpec

_WORDS, _BUCKETS, _LENGTHS = 10_000, 65_536, (20, 200, 400)
_ROUNDS, _WARM_UP = 300, 20
_RECIPES = ("none", "float16", "int8")


def main() -> None:
    """Print a row for each format and recipe."""
    engines, columns = {}, {}
    for name in ("native", *_WITHOUT_SORT):
        for recipe in _RECIPES:
            data = TARGETS[name].writer.write(_network(), RECIPES[recipe], "")
            columns[name, recipe] = [f"{len(data):,}"]
            engines[name, recipe, "distinct"] = open_engine(name, data, 1)
            if name in _WITHOUT_SORT:
                file = _WITHOUT_SORT[name](data)
                engines[name, recipe, "counts"] = open_engine(name, file, 1)
    for length in _LENGTHS:
        # Words of a text repeat: their frequencies follow Zipf's law.
        drawn = np.random.default_rng(length).zipf(1.3, length)
        ids = (2 + drawn % (_WORDS - 2)).astype(np.int32)
        samples: dict[tuple[str, ...], list[float]] = {key: [] for key in engines}
        order = list(engines)
        for turn in range(_WARM_UP + _ROUNDS):
            random.Random(turn).shuffle(order)
            for key in order:
                start = time.perf_counter()
                engines[key].run(ids)
                if turn >= _WARM_UP:
                    samples[key].append(1e6 * (time.perf_counter() - start))
        for key, cells in columns.items():
            kinds = [kind for kind in ("distinct", "counts") if (*key, kind) in samples]
            cells.append(" / ".join(f"{np.median(samples[*key, kind]):.0f}" for kind in kinds))
    lengths = " | ".join(f"{length} tokens" for length in _LENGTHS)
    print(f"| format | recipe | bytes | {lengths} |\n|---|---|---:{'|---:' * len(_LENGTHS)}|")
    for key, cells in columns.items():
        print(f"| {' | '.join((*key, *cells))} |")


def _network() -> Network:
    draw = np.random.default_rng(0)
    weights = draw.normal(0, 0.1, (_WORDS + _BUCKETS, 1)).astype(np.float32)
    checksums = draw.integers(0, 256, _BUCKETS).astype(np.uint8)
    bias = np.zeros(1, dtype=np.float32)
    wide = HashedNgrams("wide", ("bigram", "skip"), weights, checksums, None, bias)
    vocabulary = tuple(b"%d" % i for i in range(_WORDS))
    return Network(Task(TokenizerSpec(), vocabulary, "binary", ("neg", "pos")), None, (), wide)


def _tflite_without_sort(data: bytes) -> bytes:
    """Return a `.tflite` file whose keys are all counted, in the order of the text."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (graph,) = model.subgraphs
    name_of = {value: name for name, value in vars(schema.BuiltinOperator).items()}

    def operator(name: str) -> schema.OperatorT:
        codes = [name_of[code.builtinCode] for code in model.operatorCodes]
        (found,) = [one for one in graph.operators if codes[one.opcodeIndex] == name]
        return found

    for name in ("TOPK_V2", "LOGICAL_AND"):
        # Its first input takes the place of its first output.
        removed = operator(name)
        for one in graph.operators:
            one.inputs = [removed.inputs[0] if i == removed.outputs[0] else i for i in one.inputs]
        graph.operators.remove(removed)
    # What nothing reads any more: the comparison of neighbours and what leads to it.
    used = set(graph.outputs)
    kept = []
    for one in reversed(graph.operators):
        if used.intersection(one.outputs):
            used.update(one.inputs)
            kept.append(one)
    graph.operators = kept[::-1]
    return pack(model, ["ids"], ["probabilities"], {})


def _onnx_without_sort(data: bytes) -> bytes:
    """Return an `.onnx` file whose keys are all counted, in the order of the text."""
    model = onnx.load_model_from_string(data)
    for operator in ("TopK", "And"):
        # Its first input takes the place of its first output; ONNX Runtime drops unused nodes.
        (removed,) = [node for node in model.graph.node if node.op_type == operator]
        for node in model.graph.node:
            for i, name in enumerate(node.input):
                if name == removed.output[0]:
                    node.input[i] = removed.input[0]
        model.graph.node.remove(removed)
    return bytes(model.SerializeToString())


_WITHOUT_SORT: dict[str, Callable[[bytes], bytes]] = {
    "tflite": _tflite_without_sort,
    "onnx": _onnx_without_sort,
}

if __name__ == "__main__":
    main()
