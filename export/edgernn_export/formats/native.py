"""The writer of `model.bin`, the format of our own; `docs/model-bin.md` describes it.

The file takes ids int32 [T] and gives probabilities float32 [C].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.calibrate import LayerRange
from edgernn_export.census import Census
from edgernn_export.quantize import quantize, quantize_rows
from edgernn_export.recipes import Recipe
from edgernn_runtime.heads import HEADS
from edgernn_runtime.model_bin import (
    ACTIVATIONS,
    ALIGNMENT,
    CELLS,
    DENSE,
    DTYPES,
    FLOAT_PRODUCTS,
    HEADER,
    INTEGER_PRODUCTS,
    LAYER,
    MAGIC,
    MERGES,
    POOLING,
    RECURRENT,
    REDUCTIONS,
    TENSOR,
    VERSION,
)
from edgernn_runtime.network import Array, Dense, Direction, Layer, Network, Pooling, Recurrent

INTERFACE: dict[str, Any] = {
    "inputs": [{"name": "ids", "dtype": "int32", "shape": ["T"]}],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["C"]}],
}
FOREIGN: tuple[str, ...] = ()
LOOPS: tuple[str, ...] = ()
_KIND_NAMES = {RECURRENT: "recurrent", DENSE: "dense", POOLING: "pooling"}
_MOST_DIMENSIONS = 4


def write(
    network: Network,
    recipe: Recipe,
    vocabulary_sha256: str,
    flavour: str = "plain",
    calibration: tuple[LayerRange, ...] | None = None,
) -> bytes:
    """Return the network as a `model.bin`.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: goes into the header.
        flavour: of no matter here.
        calibration: of no matter here.
    """
    del flavour, calibration
    tensors = _Tensors(recipe)
    tensors.add_table(network.embedding)
    records = [_record(tensors, layer) for layer in network.layers]
    tables = HEADER.size + LAYER.size * len(records) + TENSOR.size * len(tensors.entries)
    table, sections = tensors.finish(-(-tables // ALIGNMENT) * ALIGNMENT)
    layers = b"".join(LAYER.pack(*record, *[0] * (16 - len(record))) for record in records)
    body = (layers + table).ljust(-(-tables // ALIGNMENT) * ALIGNMENT - HEADER.size, b"\0")
    size = HEADER.size + len(body) + len(sections)
    head = HEADS.index(network.task.head)
    counts = (len(records), len(tensors.entries))
    arithmetic = INTEGER_PRODUCTS if recipe.arithmetic == "hybrid" else FLOAT_PRODUCTS
    sha256 = vocabulary_sha256.encode()
    header = HEADER.pack(MAGIC, VERSION, head, *counts, size, sha256, arithmetic)
    return header + body + sections


def read_census(data: bytes) -> Census:
    """Return what a `model.bin` holds; its layers stand for operators."""
    _, _, _, layers, tensors, _, _, _ = HEADER.unpack_from(data)
    operators: dict[str, int] = {}
    owner, weights_of = {0: "embedding"}, {0}
    for i in range(layers):
        record = LAYER.unpack_from(data, HEADER.size + i * LAYER.size)
        name = _KIND_NAMES[record[0]]
        operators[name] = operators.get(name, 0) + 1
        layer_weights, others = _tensors_of(record)
        owner.update(dict.fromkeys([*layer_weights, *others], f"{name}_{i}"))
        weights_of.update(layer_weights)
    weights: dict[str, int] = {}
    parts: dict[str, int] = {}
    for i in range(tensors):
        at = HEADER.size + layers * LAYER.size + i * TENSOR.size
        dtype, rank, *dimensions, _, scales = TENSOR.unpack_from(data, at)
        rows, count = dimensions[0], int(np.prod(dimensions[:rank]))
        name, _, codes = DTYPES[dtype].partition(" ")
        size = count * np.dtype(name).itemsize
        scale_bytes = (4 + rows if codes else 4 * rows) if scales else 0
        parts[owner[i]] = parts.get(owner[i], 0) + size + scale_bytes
        if i in weights_of:
            weights[name] = weights.get(name, 0) + size
    return Census(operators=operators, weight_bytes=weights, size=len(data), parts=parts)


def _tensors_of(record: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the numbers of a layer's weights, and of its other tensors."""
    if record[0] == RECURRENT:
        firsts = [record[9 + 6 * i] for i in range(record[1])]
        return [first + i for first in firsts for i in range(2)], [first + 2 for first in firsts]
    if record[0] == DENSE:
        return [record[2]], [record[2] + 1]
    return [], [record[3]] if record[2] else []


def _record(tensors: _Tensors, layer: Layer) -> tuple[int, ...]:
    """Return a layer's numbers, its tensors added."""
    if isinstance(layer, Recurrent):
        directions = [_direction(tensors, direction) for direction in layer.directions]
        merge = MERGES.index(layer.merge)
        numbers = [number for direction in directions for number in direction]
        return (RECURRENT, len(directions), merge, int(layer.return_sequences), *numbers)
    if isinstance(layer, Pooling):
        row, reduction = layer.pad_row, REDUCTIONS.index(layer.reduction)
        length, tensor = (0, 0) if row is None else (row.length, tensors.add(row.row))
        return (POOLING, reduction, length, tensor)
    return _dense(tensors, layer)


def _dense(tensors: _Tensors, layer: Dense) -> tuple[int, ...]:
    first = tensors.add_weights(layer.kernel.T)
    tensors.add(layer.bias)
    return (DENSE, ACTIVATIONS.index(layer.activation), first)


def _direction(tensors: _Tensors, direction: Direction) -> tuple[int, ...]:
    # A row for each output, as a product with a vector reads them.
    first = tensors.add_weights(direction.kernel.T)
    tensors.add_weights(direction.recurrent.T)
    tensors.add(np.atleast_2d(direction.bias))
    return (
        CELLS.index(direction.cell),
        ACTIVATIONS.index(direction.activation),
        ACTIVATIONS.index(direction.gate_activation),
        int(direction.reset_after),
        int(direction.reverse),
        first,
    )


class _Tensors:
    """Collects tensors; a tensor is known by its number."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.entries: list[tuple[NDArray[Any], NDArray[Any] | None]] = []

    def add(self, values: Array) -> int:
        """Add a tensor as float32."""
        self.entries.append((np.asarray(values, dtype=np.float32), None))
        return len(self.entries) - 1

    def add_weights(self, weights: Array) -> int:
        """Add weights [O, I] in the recipe's type, int8 with a scale for each row."""
        if self._recipe.weights == "int8":
            quantized = quantize(np.ascontiguousarray(weights), axis=0)
            self.entries.append((quantized.values, quantized.scale[:, 0]))
        else:
            self.entries.append((weights.astype(self._recipe.weights), None))
        return len(self.entries) - 1

    def add_table(self, rows: Array) -> int:
        """Add the embedding in the recipe's type, int8 with a code for each row."""
        if self._recipe.weights != "int8":
            return self.add_weights(rows)
        quantized = quantize_rows(rows)
        unit = np.frombuffer(np.float32(quantized.unit).tobytes(), dtype=np.uint8)
        self.entries.append((quantized.values, np.concatenate([unit, quantized.codes])))
        return len(self.entries) - 1

    def finish(self, start: int) -> tuple[bytes, bytes]:
        """Return the table of tensors and their sections, the first of which stands at `start`."""
        table, sections = b"", bytearray()

        def place(array: NDArray[Any]) -> int:
            offset = start + len(sections)
            data = np.ascontiguousarray(array).tobytes()
            sections.extend(data.ljust(-(-len(data) // ALIGNMENT) * ALIGNMENT, b"\0"))
            return offset

        for values, scales in self.entries:
            shape = (*values.shape, *[0] * (_MOST_DIMENSIONS - values.ndim))
            offset = place(values)
            scale_offset = 0 if scales is None else place(scales)
            has_codes = scales is not None and scales.dtype == np.uint8
            dtype = DTYPES.index("int8 codes" if has_codes else str(values.dtype))
            table += TENSOR.pack(dtype, values.ndim, *shape, offset, scale_offset)
        return table, bytes(sections)
