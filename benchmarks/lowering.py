"""The time to write the default network as TFLite: directly, and with TensorFlow's converter.

python benchmarks/lowering.py

Both start from the same weights in memory. Prints Markdown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgernn.tensorflow_import import import_tensorflow
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import Dense, Direction, Network, Recurrent, Task
from edgernn_runtime.tokenizer import TokenizerSpec

_VOCABULARY, _EMBEDDING, _UNITS, _DENSE = 10_000, 64, (64, 32), 64


def main() -> None:
    """Print a row for each method."""
    import_tensorflow()
    weights = _weights()
    network = _network(weights)
    ours, seconds = _timed(lambda: TARGETS["tflite"].writer.write(network, RECIPES["none"], ""))
    theirs, converter_seconds = _timed(lambda: _convert(weights))
    ids = np.random.default_rng(1).integers(1, _VOCABULARY, 200).astype(np.int32)
    change = np.abs(
        open_engine("tflite", ours, 1).run(ids) - open_engine("tflite", theirs, 1).run(ids)
    )
    print("| method | seconds | bytes |\n|---|---:|---:|")
    print(f"| written directly | {seconds:.3f} | {len(ours):,} |")
    print(f"| tf_keras twin, TensorFlow's converter | {converter_seconds:.1f} | {len(theirs):,} |")
    print(f"\nmax absolute error between their outputs, 200 tokens: {change.max():.1e}")


def _weights() -> list[np.ndarray]:
    """Return the weights in Keras's order, small enough for cells below the converter's clip."""
    draw = np.random.default_rng(0)
    shapes: list[tuple[int, ...]] = [(_VOCABULARY, _EMBEDDING)]
    size = _EMBEDDING
    for units in _UNITS:
        shapes += 2 * [(size, 4 * units), (units, 4 * units), (4 * units,)]
        size = 2 * units
    shapes += [(size, _DENSE), (_DENSE,), (_DENSE, 1), (1,)]
    return [draw.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]


def _network(weights: list[np.ndarray]) -> Network:
    directions = [Direction("lstm", *weights[i : i + 3]) for i in range(1, 1 + 6 * len(_UNITS), 3)]
    layers = tuple(
        Recurrent(
            f"{i}",
            directions[2 * i],
            replace(directions[2 * i + 1], reverse=True),
            return_sequences=i == 0,
        )
        for i in range(len(_UNITS))
    )
    dense = Dense("dense", weights[-4], weights[-3], "relu"), Dense("head", *weights[-2:])
    vocabulary = tuple(b"%d" % i for i in range(_VOCABULARY))
    task = Task(TokenizerSpec(), vocabulary, "binary", ("neg", "pos"))
    return Network(task, weights[0], (*layers, *dense))


def _convert(weights: list[np.ndarray]) -> bytes:
    import tensorflow as tf
    import tf_keras

    layers = tf_keras.layers
    ids = layers.Input(batch_shape=(1, None), dtype="int32")
    x = layers.Embedding(_VOCABULARY, _EMBEDDING)(ids)
    for i, units in enumerate(_UNITS):
        last = i == len(_UNITS) - 1
        x = layers.Bidirectional(layers.LSTM(units, return_sequences=not last))(x)
    x = layers.Dense(_DENSE, activation="relu")(x)
    model = tf_keras.Model(ids, layers.Dense(1, activation="sigmoid")(x))
    model.set_weights(weights)
    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _timed(make: Callable[[], bytes]) -> tuple[bytes, float]:
    start = time.perf_counter()
    made = make()
    return made, time.perf_counter() - start


if __name__ == "__main__":
    main()
