"""Networks of every layer of a graph, with weights drawn at random, for the readers of model.bin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgernn_runtime.ir import Dense, Pooling, Recurrent
from edgernn_runtime.ir_graph import (
    Affine,
    Attention,
    Combination,
    Convolution,
    Flatten,
    LayerNormalization,
    Padding,
    Selection,
    Softmax,
    TimeSum,
    Transpose,
    WindowPooling,
)
from tests.runtime.test_native import direction, network_of

#: The columns of the embedding.
SIZE = 20


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def head_of(size):
    return Dense("head", drawn(size, 3), drawn(3))


def convolution(taps=3, size=SIZE, outputs=18, **options):
    return Convolution("conv", drawn(taps, size, outputs), drawn(outputs, seed=1), **options)


def pooled(*layers, size):
    return (*layers, Pooling("pool", ("max",)), head_of(size))


def _recurrent(size, units):
    draw = np.random.default_rng(4)
    return Recurrent("r", direction(draw, "lstm", size, units), return_sequences=True)


#: The layers of a network, by name.
GRAPHS = {
    "convolution": pooled(convolution(activation="relu"), size=18),
    "convolution same": pooled(convolution(border="same", stride=2), size=18),
    "convolution causal": pooled(convolution(border="causal", dilation=3), size=18),
    "convolution wide": pooled(convolution(taps=40, outputs=5, border="same"), size=5),
    "normalization": pooled(LayerNormalization("n", drawn(SIZE), drawn(SIZE), 1e-3), size=SIZE),
    "affine": pooled(Affine("a", drawn(SIZE), drawn(SIZE), "tanh"), size=SIZE),
    "activation": pooled(Affine("a", None, None, "gelu"), size=SIZE),
    "windows": pooled(WindowPooling("w", "max", 3, 2), size=SIZE),
    "windows same": pooled(WindowPooling("w", "average", 4, 3, "same"), size=SIZE),
    "windows apart": pooled(WindowPooling("w", "average", 1, 3, "same"), size=SIZE),
    "softmax over time": pooled(Softmax("s", "time"), size=SIZE),
    "softmax of columns": pooled(Softmax("s", "columns"), size=SIZE),
    "softmax of a vector": (
        Pooling("p", ("average",)),
        Softmax("s", "columns"),
        head_of(SIZE),
    ),
    "sum": (TimeSum("t"), head_of(SIZE)),
    "flatten": (Flatten("f", 6), head_of(6 * SIZE)),
    "transpose": pooled(Transpose("t", 6), size=6),
    "padding": pooled(Padding("p", 40, drawn(SIZE)), convolution(), size=18),
    "padding by the last": pooled(Padding("p", 40), convolution(taps=5), size=18),
    "selection": pooled(
        Selection("s", 0, 3, 8),
        convolution(size=8),
        _recurrent(18, 7),
        Selection("s", 3, 2, 4),
        size=4,
    ),
    "concat": pooled(
        _recurrent(SIZE, 7), convolution(size=7), Combination("c", "concat", (2, 0, 1)), size=45
    ),
    **{
        operation: pooled(_recurrent(SIZE, SIZE), Combination("c", operation, (0, 1, 0)), size=SIZE)
        for operation in ("sum", "ave", "mul", "sub", "max", "min")
    },
    "broadcast": pooled(
        Selection("s", 0, 5, 1), Softmax("s", "time"), Combination("c", "mul", (0, 2)), size=SIZE
    ),
    "vectors": (
        Pooling("p", ("max",)),
        Selection("s", 0, 0, SIZE),
        Pooling("p", ("average",)),
        Combination("c", "sub", (1, 3)),
        head_of(SIZE),
    ),
    "attention": pooled(Attention("a", (0, 0, 0), 200, heads=4, scale=0.3), size=SIZE),
    "attention causal": pooled(
        _recurrent(SIZE, 12), Attention("a", (0, 0, 1), 200, heads=2, is_causal=True), size=12
    ),
    "attention of the first steps": pooled(Attention("a", (0, 0, 0), 30), size=SIZE),
    "attention additive": pooled(
        convolution(outputs=SIZE, border="valid"),
        Attention("a", (0, 1, 1), 200, vector=drawn(SIZE), is_causal=True),
        size=SIZE,
    ),
    "integers and a graph": pooled(
        _recurrent(SIZE, 16), _recurrent(16, 16), Combination("c", "max", (2, 2)), size=16
    ),
}


def graph_of(name):
    """Return a network of GRAPHS."""
    return replace(network_of(3), layers=GRAPHS[name])
