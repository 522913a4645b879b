"""A wide path as TFLite operators; recipes differ in the type of its rows only.

Keys are int64 up to the modulus and int32 after it. TOPK_V2 sorts the keys, so that equal keys are
adjacent. A key that is not the last of its run, or whose checksum differs, gathers row 0, which is
zeros. The sum and everything after it is float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.recipes import WeightType
from edgernn_export.tflite.graph import GraphBuilder
from edgernn_export.wide_tables import largest_key, wide_tables
from edgernn_runtime.ir import CHECKSUMS, HashedNgrams, Pattern, Task
from edgernn_runtime.ngrams import COEFFICIENTS

#: A dynamic dimension: the tokens, or the keys.
_DYNAMIC = -1
_KEYS = (_DYNAMIC,)
_STEPS = (1, _DYNAMIC)


def lower_wide(graph: GraphBuilder, wide: HashedNgrams, weights: WeightType, ids: int) -> int:
    """Return the wide path's logits float32 [1, C] of the ids int32 [1, T].

    Args:
        graph: the graph to add the operators to.
        wide: the wide path.
        weights: the type of its rows.
        ids: the tensor of the ids.

    Raises:
        UnsupportedModelError: the keys do not fit an int32.
    """
    if largest_key(wide) > np.iinfo(np.int32).max:
        raise UnsupportedModelError(
            f"layer {wide.name}: TFLite sorts keys of 32 bits",
            expected=f"words and buckets below {2**31 // CHECKSUMS:,} together",
            found=f"{len(wide.weights):,}",
            hint="train with fewer buckets, or export to another format",
        )
    return _Wide(graph, wide, weights).logits(ids)


def lower_head(graph: GraphBuilder, task: Task, logits: Sequence[int]) -> int:
    """Return the probabilities [1, C] of the sum of one or two paths' logits, float32 [1, C]."""
    shape = (1, task.outputs)
    total = logits[0] if len(logits) == 1 else graph.add("ADD", logits, shape)
    output = graph.tensor("probabilities", shape)
    if task.head == "multiclass":
        graph.operator("SOFTMAX", [total], [output], beta=1.0)
    else:
        graph.operator("LOGISTIC", [total], [output])
    return output


@dataclass(frozen=True)
class _Wide:
    graph: GraphBuilder
    wide: HashedNgrams
    weights: WeightType

    def logits(self, ids: int) -> int:
        graph, wide = self.graph, self.wide
        total = self._total(self._rows(self._sorted(self._keys(ids))))
        bias = graph.constant("wide/bias", wide.bias)
        shape = (1, len(wide.bias))
        if wide.projection is None:
            return graph.add("ADD", [total, bias], shape)
        # TFLite stores the weights of a product as [O, I].
        projection = graph.constant("wide/projection", np.ascontiguousarray(wide.projection.T))
        none = schema.ActivationFunctionType.NONE
        inputs = [total, projection, bias]
        return graph.add("FULLY_CONNECTED", inputs, shape, fusedActivationFunction=none)

    def _keys(self, ids: int) -> int:
        """Return the keys of words and n-grams, int32 [K]; 0 for those that start at padding."""
        graph, patterns = self.graph, self.wide.patterns
        keys = graph.add("MUL", [ids, graph.scalar(CHECKSUMS)], _STEPS, "int32")
        if patterns:
            shape = (len(patterns), _DYNAMIC)
            sums = self._sums(ids)
            buckets = self._int64(CHECKSUMS * len(self.wide.checksums))
            hashes = graph.add("FLOOR_MOD", [sums, buckets], shape, "int64")
            hashes = graph.add("CAST", [hashes], shape, "int32")
            offset = graph.scalar(CHECKSUMS * self.wide.words)
            hashes = graph.add("ADD", [hashes, offset], shape, "int32")
            is_word = graph.add("MINIMUM", [ids, graph.scalar(1)], _STEPS, "int32")
            hashes = graph.add("MUL", [hashes, is_word], shape, "int32")
            shape = (1 + len(patterns), _DYNAMIC)
            keys = graph.add("CONCATENATION", [keys, hashes], shape, "int32", axis=0)
        return graph.add("RESHAPE", [keys, graph.integers(-1)], _KEYS, "int32")

    def _sums(self, ids: int) -> int:
        """Return the sum of ids times coefficients of each pattern, int64 [patterns, T]."""
        graph = self.graph
        here = graph.add("CAST", [ids], _STEPS, "int64")
        ends = graph.constant("wide/ends", np.array([[0, 0], [0, 2]], dtype=np.int32))
        padded = graph.add("PAD", [here, ends], _STEPS, "int64")
        steps = (here, self._steps(padded, 1, -1), self._steps(padded, 2, None))
        sums = [self._sum(pattern, steps) for pattern in self.wide.patterns]
        if len(sums) == 1:
            return sums[0]
        return graph.add("CONCATENATION", sums, (len(sums), _DYNAMIC), "int64", axis=0)

    def _sum(self, pattern: Pattern, steps: Sequence[int]) -> int:
        graph = self.graph
        *factors, start = COEFFICIENTS[pattern]
        terms = [
            graph.add("MUL", [step, self._int64(factor)], _STEPS, "int64", version=5)
            for step, factor in zip(steps, factors, strict=True)
            if factor
        ]
        if start:
            terms.append(self._int64(start))
        total = terms[0]
        for term in terms[1:]:
            total = graph.add("ADD", [total, term], _STEPS, "int64", version=4)
        return total

    def _sorted(self, keys: int) -> int:
        """Return the keys [K], descending."""
        graph = self.graph
        int32 = schema.TensorType.INT32
        count = graph.add("SHAPE", [keys], (1,), "int32", outType=int32)
        outputs = [graph.tensor(f"wide/{name}", _KEYS, "int32") for name in ("sorted", "order")]
        graph.operator("TOPK_V2", [keys, count], outputs)
        return outputs[0]

    def _rows(self, keys: int) -> int:
        """Return the row of each sorted key, int32 [K]; 0 for a key without a weight."""
        graph = self.graph
        unit = graph.scalar(CHECKSUMS)
        rows = graph.add("FLOOR_DIV", [keys, unit], _KEYS, "int32")
        starts = graph.add("MUL", [rows, unit], _KEYS, "int32")
        checksums = graph.add("SUB", [keys, starts], _KEYS, "int32")
        right = graph.add("EQUAL", [self._expected(rows), checksums], _KEYS, "bool")
        end = graph.constant("wide/end", np.array([[0, 1]], dtype=np.int32))
        following = self._slice(graph.add("PAD", [keys, end], _KEYS, "int32"))
        last = graph.add("NOT_EQUAL", [keys, following], _KEYS, "bool")
        counts = graph.add("LOGICAL_AND", [right, last], _KEYS, "bool")
        return graph.add("MUL", [rows, graph.add("CAST", [counts], _KEYS, "int32")], _KEYS, "int32")

    def _expected(self, rows: int) -> int:
        """Return the checksum of each row, int32 [K]; all words share the first of the table."""
        graph = self.graph
        table = graph.constant("wide/checksums", wide_tables(self.wide, self.weights).checksums)
        buckets = graph.add("SUB", [rows, graph.scalar(self.wide.words - 1)], _KEYS, "int32")
        buckets = graph.add("MAXIMUM", [buckets, graph.scalar(0)], _KEYS, "int32")
        found = graph.add("GATHER", [table, buckets], _KEYS, "uint8", axis=0, batchDims=0)
        return graph.add("CAST", [found], _KEYS, "int32")

    def _total(self, rows: int) -> int:
        """Return the sum of the rows' weights, float32 [1, D]."""
        graph, tables = self.graph, wide_tables(self.wide, self.weights)
        width = self.wide.weights.shape[1]
        name = "wide/float16" if self.weights == "float16" else "wide"
        table, dtype = graph.constant(name, tables.rows), self.weights
        if self.weights == "float16":
            # GATHER does not support float16; the runtime widens a constant once.
            table, half, dtype = graph.tensor("wide", tables.rows.shape), table, "float32"
            graph.operator("DEQUANTIZE", [half], [table], version=3)
        shape = (_DYNAMIC, width)
        version = 2 if dtype == "int8" else 1
        options = {"axis": 0, "batchDims": 0}
        found = graph.add("GATHER", [table, rows], shape, dtype, version=version, **options)
        if dtype == "int8":
            # float32 sums of integers are exact below 2**24.
            found = graph.add("CAST", [found], shape, version=3)
        total = graph.add("SUM", [found, graph.integers(0)], (1, width), keepDims=True)
        if dtype != "int8":
            return total
        return graph.add("MUL", [total, graph.scalar(tables.scale)], (1, width))

    def _int64(self, value: int) -> int:
        graph = self.graph
        return graph.constant(graph.new_name("int64"), np.array(value, dtype=np.int64))

    def _steps(self, x: int, first: int, end: int | None) -> int:
        """Return x[:, first:end] of x int64 [1, .]."""
        graph = self.graph
        bounds = [graph.integers(0, first), graph.integers(0, end or 0), graph.integers(1, 1)]
        masks = {"beginMask": 0b01, "endMask": 0b11 if end is None else 0b01, "shrinkAxisMask": 0}
        return graph.add("STRIDED_SLICE", [x, *bounds], _STEPS, "int64", **masks)

    def _slice(self, x: int) -> int:
        """Return x[1:] of x int32 [.]."""
        graph = self.graph
        bounds = [graph.integers(1), graph.integers(0), graph.integers(1)]
        masks = {"beginMask": 0, "endMask": 1, "shrinkAxisMask": 0}
        return graph.add("STRIDED_SLICE", [x, *bounds], _KEYS, "int32", **masks)
