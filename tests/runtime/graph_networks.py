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
    "sum over time": (TimeSum("t"), head_of(SIZE)),
    "flatten": (Flatten("f", 6), head_of(6 * SIZE)),
    "transpose": pooled(Transpose("t", 6), size=6),
    "padding": pooled(Padding("p", 40, drawn(SIZE)), convolution(), size=18),
    "padding in front": pooled(
        Padding("p", 40, drawn(SIZE), in_front=True), convolution(), size=18
    ),
    "padding by the first": pooled(Padding("p", 40, in_front=True), convolution(taps=5), size=18),
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
    "integers beside a selection": pooled(
        _recurrent(SIZE, 16),
        Selection("s", 0, 0, SIZE),
        Combination("c", "concat", (1, 2)),
        size=36,
    ),
}


def graph_of(name):
    """Return a network of GRAPHS."""
    return replace(network_of(3), layers=GRAPHS[name])


def field(name, record, number):
    """Return the offset of a number of a record, or of a tensor's record for a name of one."""
    if isinstance(record, str):
        return 128 + 64 * len(GRAPHS[name]) + 40 * int(record) + 4 * number
    return 128 + 64 * record + 4 * number


#: Wrong numbers of graphs: the graph, what they are, and the records' numbers; all are malformed.
NUMBERS = [
    ("selection", "a source behind it", {(0, 1): 1}),
    ("selection", "columns beyond the end", {(0, 2): 13}),
    ("selection", "a first column beyond all", {(0, 2): 2**32 - 8}),
    ("selection", "no column", {(0, 3): 0}),
    ("selection", "more columns than there are", {(0, 3): 21}),
    ("concat", "an unknown operation", {(2, 1): 7}),
    ("concat", "one source", {(2, 2): 1}),
    ("concat", "thirteen sources", {(2, 2): 13}),
    ("concat", "itself as a source", {(2, 4): 3}),
    ("concat", "a sum of two sizes", {(2, 1): 1}),
    ("vectors", "a vector and a sequence", {(3, 4): 0}),
    ("convolution", "an unknown activation", {(0, 1): 12}),
    ("convolution", "an unknown border", {(0, 2): 3}),
    ("convolution", "no tap", {(0, 3): 0}),
    ("convolution", "too many taps", {(0, 3): 65537}),
    ("convolution", "another number of taps", {(0, 3): 2}),
    ("convolution", "more inputs than their bound", {(0, 3): 4000}),
    ("convolution", "no stride", {(0, 4): 0}),
    ("convolution", "no dilation", {(0, 5): 0}),
    ("convolution", "a span beyond the bound", {(0, 5): 40000}),
    ("convolution", "a far first tensor", {(0, 6): 1025}),
    ("convolution", "no such weights", {(0, 6): 5}),
    ("convolution", "no such bias", {(0, 6): 4}),
    ("convolution", "the embedding as weights", {(0, 6): 0}),
    ("normalization", "a far first tensor", {(0, 2): 1025}),
    ("normalization", "no such summands", {(0, 2): 4}),
    ("normalization", "a matrix as factors", {(0, 2): 3}),
    ("normalization", "summands of another size", {(0, 2): 2}),
    ("affine", "factors of another size", {("1", 2): 19}),
    ("affine", "summands of another size", {("2", 2): 19}),
    ("convolution", "biases of another size", {("2", 3): 31}),
    (
        "integers and a graph",
        "thirteen sources behind integers",
        {(2, 2): 13, **{(2, i): 2 for i in range(3, 16)}},
    ),
    ("affine", "an unknown activation", {(0, 1): 12}),
    ("affine", "neither factors nor none", {(0, 2): 2}),
    ("affine", "factors of another size", {(0, 3): 4}),
    ("windows", "an unknown reduction", {(0, 1): 2}),
    ("windows", "no window", {(0, 2): 0}),
    ("windows", "no stride", {(0, 3): 0}),
    ("windows", "an unknown border", {(0, 4): 2}),
    ("windows", "windows of a vector", {(1, 0): 11, (1, 1): 0, (0, 0): 13, (0, 1): 2}),
    ("windows", "more overlap than the bound", {(0, 2): 65, (0, 3): 1}),
    ("attention", "a source behind it", {(0, 3): 1}),
    ("attention", "no step", {(0, 4): 0}),
    ("attention", "too many steps", {(0, 4): 65537}),
    ("attention", "more steps than the bound of their square", {(0, 4): 40000}),
    ("attention", "more products than their bound", {(0, 4): 5182}),
    ("attention", "no head", {(0, 5): 0}),
    ("attention", "columns of no whole head", {(0, 5): 3}),
    ("attention", "an unknown form", {(0, 7): 2}),
    ("attention", "a vector of several heads", {(0, 7): 1}),
    ("attention", "an unknown order", {(0, 8): 2}),
    ("attention causal", "keys of another size", {(1, 2): 1}),
    ("attention additive", "no such vector", {(1, 9): 9}),
    ("attention additive", "a matrix as vector", {(1, 9): 1}),
    ("attention additive", "a vector of another size", {(1, 9): 5}),
    (
        "vectors",
        "attention to a vector",
        {(1, 0): 12, (1, 1): 1, (1, 2): 1, (1, 3): 1, (1, 4): 9, (1, 5): 1},
    ),
    ("sum over time", "an unknown function of time", {(0, 1): 3}),
    ("softmax of a vector", "a softmax over time of a vector", {(1, 1): 0}),
    ("flatten", "an unknown form", {(0, 1): 2}),
    ("flatten", "no step", {(0, 2): 0}),
    ("flatten", "more values than a vector has", {(0, 2): 65536, (0, 1): 0}),
    ("softmax of a vector", "a reshape of a vector", {(1, 0): 14, (1, 2): 1, (1, 1): 0}),
    ("padding", "no length", {(0, 1): 0}),
    ("padding", "an unknown form", {(0, 2): 2}),
    ("padding", "an unknown side", {(0, 4): 2}),
    ("padding", "a row of another size", {(0, 3): 4}),
    ("softmax of a vector", "a padding of a vector", {(1, 0): 15, (1, 1): 9, (1, 2): 1}),
    ("vectors", "a convolution of a vector", {(1, 0): 8, (1, 3): 1, (1, 4): 1, (1, 5): 1}),
    ("sum over time", "an unknown kind", {(0, 0): 16}),
]


def graph_files(write):
    """Yield what a file is, its bytes with a wrong checksum, and the status of the reader."""
    files = {
        name: {recipe: write(graph_of(name), recipe) for recipe in ("none", "int8")}
        for name in GRAPHS
    }
    for name, recipes in files.items():
        for recipe, data in recipes.items():
            yield f"{recipe} {name}", data, "EDGERNN_OK"
    for name, words, numbers in NUMBERS:
        data = bytearray(files[name]["int8"])
        for (record, number), value in numbers.items():
            at = field(name, record, number)
            data[at : at + 4] = value.to_bytes(4, "little")
        yield f"{name}: {words}", bytes(data), "EDGERNN_ERROR_MALFORMED_MODEL"
    wide = replace(network_of(3), embedding=np.zeros((50, 65), dtype=np.float32))
    wide = replace(wide, layers=(Flatten("f", 65536), head_of(5)))
    yield "more values than a vector has", write(wide, "none"), "EDGERNN_ERROR_MALFORMED_MODEL"
    for words, size, said in (
        ("as wide a sequence as it may be", 65536, "EDGERNN_OK"),
        ("a wider sequence", 65537, "EDGERNN_ERROR_MALFORMED_MODEL"),
    ):
        table = np.zeros((50, size), dtype=np.float32)
        for kind in (Softmax("s", "time"), Selection("s", 0, 0, 5)):
            columns = 5 if isinstance(kind, Selection) else size
            layers = (Pooling("p", ("max",)), kind, TimeSum("t"), head_of(columns))
            layers = layers[1:] if columns > 5 else layers
            network = replace(network_of(3), embedding=table, layers=layers)
            yield f"{words}, {type(kind).__name__}", write(network, "none"), said
