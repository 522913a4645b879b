"""The latency of a text of 200 tokens by cell, format, recipe and variant.

python benchmarks/cells.py

The network of the preset `tutorial` with random weights, one thread. The variants take turns, one
call each, so that a busy moment of the machine affects all of them. Prints Markdown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from edgernn_export.model_stats import ModelStats
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import Engine, open_engine
from edgernn_runtime.ir import GATES, Cell, Dense, Direction, Network, Recurrent, Task
from edgernn_runtime.tokenizer import TokenizerSpec

_VOCABULARY, _EMBEDDING, _UNITS, _DENSE, _TOKENS = 10_000, 64, (64, 32), 64, 200
_ROUNDS, _WARM_UP = 60, 5
_FORMS = (
    ("tflite", "none", "default"),
    ("tflite", "int8", "default"),
    ("tflite", "int8", "stateless"),
    ("tflite", "int8-full", "default"),
    ("onnx", "none", "default"),
    ("onnx", "int8", "default"),
)
_CELLS: tuple[Cell, ...] = ("lstm", "gru", "rnn")


def main() -> None:
    """Print a row for each cell and variant."""
    ids = np.random.default_rng(1).integers(2, _VOCABULARY, _TOKENS).astype(np.int32)
    engines = {key: (engine, stats) for key, engine, stats in _engines(ids)}
    samples: dict[tuple[str, ...], list[float]] = {key: [] for key in engines}
    for turn in range(_WARM_UP + _ROUNDS):
        for key, (engine, _) in engines.items():
            start = time.perf_counter()
            engine.run(ids)
            if turn >= _WARM_UP:
                samples[key].append(1000 * (time.perf_counter() - start))
    print("| cell | variant | operators | bytes | p50 ms |\n|---|---|---|---:|---:|")
    for key, (_, stats) in engines.items():
        names = [name for name in stats.operators if "LSTM" in name or name in _RECURRENT]
        form = "-".join(part for part in key[1:] if part != "default")
        p50 = np.median(samples[key])
        operators = ", ".join(sorted(names))
        print(f"| {key[0]} | {form} | {operators} | {stats.size:,} | {p50:.2f} |")


_RECURRENT = ("GRU", "RNN", "WHILE", "UNIDIRECTIONAL_SEQUENCE_RNN")


def _engines(ids: np.ndarray) -> Iterator[tuple[tuple[str, ...], Engine, ModelStats]]:
    for cell in _CELLS:
        network = _network(cell)
        for model_format, recipe, variant in _FORMS:
            target, chosen = TARGETS[model_format], RECIPES[recipe]
            if chosen.arithmetic == "integer" and cell != "lstm":
                continue
            if chosen.arithmetic == "integer":
                data = target.integer_writer.write(network, "", [ids])
            else:
                data = target.get_writer(variant).write(network, chosen, "")
            engine = open_engine(model_format, data, 1)
            yield (cell, model_format, recipe, variant), engine, target.writer.read_stats(data)


def _network(cell: Cell) -> Network:
    draw = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.1, shape).astype(np.float32)

    def direction(size: int, units: int, *, reverse: bool) -> Direction:
        width = GATES[cell] * units
        bias = weights(2, width) if cell == "gru" else weights(width)
        return Direction(cell, weights(size, width), weights(units, width), bias, reverse=reverse)

    layers, size = [], _EMBEDDING
    for i, units in enumerate(_UNITS):
        forward, backward = (direction(size, units, reverse=r) for r in (False, True))
        is_last = i == len(_UNITS) - 1
        layers.append(Recurrent(f"{i}", forward, backward, return_sequences=not is_last))
        size = 2 * units
    dense = Dense("dense", weights(size, _DENSE), weights(_DENSE), "relu")
    head = Dense("head", weights(_DENSE, 1), weights(1))
    vocabulary = tuple(b"%d" % i for i in range(_VOCABULARY))
    task = Task(TokenizerSpec(), vocabulary, "binary", ("neg", "pos"))
    return Network(task, weights(_VOCABULARY, _EMBEDDING), (*layers, dense, head))


if __name__ == "__main__":
    main()
