"""A wide path as ONNX operators; recipes differ in the type of its rows only.

Keys are int64 [N, K]. TopK sorts the keys, so that equal keys are adjacent. A key that is not the
last of its run, or whose checksum differs, gathers row 0, which is zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from edgernn_export.onnx.graph import GraphBuilder
from edgernn_export.recipes import WeightType
from edgernn_export.wide_tables import wide_tables
from edgernn_runtime.ir import CHECKSUMS, HashedNgrams, Pattern
from edgernn_runtime.ngrams import COEFFICIENTS

_INT64 = onnx.TensorProto.INT64
_FLOAT = onnx.TensorProto.FLOAT
#: Beyond the end of any axis.
_END = 2**31 - 1


def lower_wide(graph: GraphBuilder, wide: HashedNgrams, weights: WeightType) -> str:
    """Return the wide path's logits [N, C] of the graph's inputs `ids` [N, T] and `lengths` [N].

    Args:
        graph: the graph to add the nodes to.
        wide: the wide path.
        weights: the type of its rows.
    """
    keys = _sorted(graph, _keys(graph, wide))
    rows = _rows(graph, wide, weights, keys)
    tables = wide_tables(wide, weights)
    found = graph.node("Gather", [graph.constant("wide", tables.rows), rows])
    if weights != "float32":
        # float32 sums of integers are exact below 2**24.
        found = graph.node("Cast", [found], to=_FLOAT)
    total = graph.node("ReduceSum", [found, graph.integers(1)], keepdims=0)
    if weights == "int8":
        scale = graph.constant("wide/scale", np.array(tables.scale, dtype=np.float32))
        total = graph.node("Mul", [total, scale])
    if wide.projection is not None:
        projection = graph.constant("wide/projection", wide.projection)
        total = graph.node("MatMul", [total, projection])
    return graph.node("Add", [total, graph.constant("wide/bias", wide.bias)])


def _keys(graph: GraphBuilder, wide: HashedNgrams) -> str:
    """Return the keys of words and n-grams, int64 [N, K]; 0 for those that start at padding."""
    ids = _own_ids(graph)
    words = graph.node("Mul", [ids, graph.scalar(CHECKSUMS)])
    if not wide.patterns:
        return words
    padded = graph.node("Pad", [ids, graph.integers(0, 0, 0, 2)])
    steps = (ids, _slice(graph, padded, 1, -1), _slice(graph, padded, 2, _END))
    sums = [_sum(graph, pattern, steps) for pattern in wide.patterns]
    pattern_axis = graph.integers(1)
    sums = [graph.node("Unsqueeze", [one, pattern_axis]) for one in sums]
    hashes = graph.node("Concat", sums, axis=1)
    hashes = graph.node("Mod", [hashes, graph.scalar(CHECKSUMS * len(wide.checksums))])
    hashes = graph.node("Add", [hashes, graph.scalar(CHECKSUMS * wide.words)])
    is_word = graph.node("Min", [ids, graph.scalar(1)])
    hashes = graph.node("Mul", [hashes, graph.node("Unsqueeze", [is_word, pattern_axis])])
    hashes = graph.node("Reshape", [hashes, graph.integers(0, -1)])
    return graph.node("Concat", [words, hashes], axis=1)


def _own_ids(graph: GraphBuilder) -> str:
    """Return the ids int64 [N, T], with 0 behind each text."""
    time = graph.node("Gather", [graph.node("Shape", ["ids"]), graph.scalar(1)])
    steps = graph.node("Range", [graph.scalar(0), time, graph.scalar(1)])
    lengths = graph.node("Cast", ["lengths"], to=_INT64)
    is_own = graph.node("Less", [steps, graph.node("Unsqueeze", [lengths, graph.integers(1)])])
    ids = graph.node("Cast", ["ids"], to=_INT64)
    return graph.node("Where", [is_own, ids, graph.scalar(0)])


def _sum(graph: GraphBuilder, pattern: Pattern, steps: Sequence[str]) -> str:
    """Return the sum of a pattern's ids times its coefficients, int64 [N, T]."""
    *factors, start = COEFFICIENTS[pattern]
    terms = [
        graph.node("Mul", [step, graph.scalar(factor)])
        for step, factor in zip(steps, factors, strict=True)
        if factor
    ]
    if start:
        terms.append(graph.scalar(start))
    total = terms[0]
    for term in terms[1:]:
        total = graph.node("Add", [total, term])
    return total


def _sorted(graph: GraphBuilder, keys: str) -> str:
    """Return the keys [N, K], each text's descending."""
    shape = graph.node("Shape", [keys])
    count = graph.node("Slice", [shape, graph.integers(1), graph.integers(2)])
    outputs = ["wide/sorted", "wide/order"]
    return graph.node("TopK", [keys, count], outputs=outputs, axis=-1, largest=1, sorted=1)


def _rows(graph: GraphBuilder, wide: HashedNgrams, weights: WeightType, keys: str) -> str:
    """Return the row of each sorted key, int64 [N, K]; 0 for a key without a weight."""
    unit = graph.scalar(CHECKSUMS)
    rows = graph.node("Div", [keys, unit])
    checksums = graph.node("Sub", [keys, graph.node("Mul", [rows, unit])])
    # All words share the first checksum of the table.
    buckets = graph.node("Sub", [rows, graph.scalar(wide.words - 1)])
    buckets = graph.node("Max", [buckets, graph.scalar(0)])
    table = graph.constant("wide/checksums", wide_tables(wide, weights).checksums)
    expected = graph.node("Cast", [graph.node("Gather", [table, buckets])], to=_INT64)
    is_right = graph.node("Equal", [expected, checksums])
    padded = graph.node("Pad", [keys, graph.integers(0, 0, 0, 1)])
    repeated = graph.node("Equal", [keys, _slice(graph, padded, 1, _END)])
    counts = graph.node("And", [is_right, graph.node("Not", [repeated])])
    return graph.node("Where", [counts, rows, graph.scalar(0)])


def _slice(graph: GraphBuilder, x: str, first: int, end: int) -> str:
    """Return x[:, first:end]."""
    return graph.node("Slice", [x, *map(graph.integers, (first, end, 1))])
