"""The writer of `model.bin`, the format of our C engine; `docs/model-bin.md` describes it.

The file takes ids int32 [T] and returns probabilities float32 [C].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import UncoveredError
from edgernn_export.model_stats import ModelStats
from edgernn_export.quantization import quantize, quantize_rows
from edgernn_export.recipes import Recipe
from edgernn_runtime import ir
from edgernn_runtime.heads import HEADS
from edgernn_runtime.model_bin import (
    ACTIVATIONS,
    CELLS,
    DENSE,
    DTYPES,
    FLOAT_PRODUCTS,
    INTEGER_PRODUCTS,
    JOINED_POOLINGS,
    MAX_REDUCTIONS,
    MAX_ROWS,
    MERGES,
    PATTERNS,
    POOLING,
    RECURRENT,
    REDUCTIONS,
    WIDE,
)
from edgernn_runtime.model_header import ALIGNMENT, HEADER, LAYER, MAGIC, TENSOR, VERSION
from edgernn_runtime.packing import pack_matrix, pack_rows
from edgernn_runtime.text_section import with_checksum

INTERFACE: dict[str, Any] = {
    "inputs": [{"name": "ids", "dtype": "int32", "shape": ["T"]}],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["C"]}],
}
FOREIGN: tuple[str, ...] = ()
LOOPS: tuple[str, ...] = ()
_KIND_NAMES = {
    RECURRENT: "recurrent",
    DENSE: "dense",
    POOLING: "pooling",
    JOINED_POOLINGS: "pooling",
    WIDE: "wide",
}
_MOST_DIMENSIONS = 4
#: The bytes of the scales of an int8 tensor, by its number of rows.
_SCALE_BYTES: dict[str, Callable[[int], int]] = {
    "int8": lambda rows: 4 * rows,
    "int8 codes": lambda rows: 4 + rows,
    "int8 table": lambda _: 4,
}


def write(network: ir.Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as a `model.bin` of version 2 without a text section.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: not used: `attach_text` puts the vocabulary itself into the file.

    Raises:
        UncoveredError: more poolings are joined than a record has room for, or the wide path has
            too many rows.
    """
    del vocabulary_sha256
    tensors = _Tensors(recipe)
    if network.embedding is not None:
        tensors.add_rows(network.embedding)
    records = [_record(tensors, layer) for layer in network.layers]
    if network.wide is not None:
        records.append(_wide(tensors, network.wide, len(network.task.vocabulary)))
    tables = HEADER.size + LAYER.size * len(records) + TENSOR.size * len(tensors.entries)
    table, sections = tensors.finish(-(-tables // ALIGNMENT) * ALIGNMENT)
    layers = b"".join(LAYER.pack(*record, *[0] * (16 - len(record))) for record in records)
    body = (layers + table).ljust(-(-tables // ALIGNMENT) * ALIGNMENT - HEADER.size, b"\0")
    size = HEADER.size + len(body) + len(sections)
    head = HEADS.index(network.task.head)
    counts = (len(records), len(tensors.entries))
    arithmetic = INTEGER_PRODUCTS if recipe.arithmetic == "hybrid" else FLOAT_PRODUCTS
    header = HEADER.pack(MAGIC, VERSION, head, *counts, size, 0, 0, 0, arithmetic)
    return with_checksum(header + body + sections)


def read_stats(data: bytes) -> ModelStats:
    """Return the model statistics of a `model.bin`; its layers count as operators."""
    _, _, _, layers, tensors, *_ = HEADER.unpack_from(data)
    operators: dict[str, int] = {}
    owner, weights_of = {0: "embedding"}, {0}
    for i in range(layers):
        record = LAYER.unpack_from(data, HEADER.size + i * LAYER.size)
        name = _KIND_NAMES[record[0]]
        operators[name] = operators.get(name, 0) + 1
        layer_weights, others = _tensors_of(record)
        part = name if record[0] == WIDE else f"{name}_{i}"
        owner.update(dict.fromkeys([*layer_weights, *others], part))
        weights_of.update(layer_weights)
    weights: dict[str, int] = {}
    parts: dict[str, int] = {}
    for i in range(tensors):
        at = HEADER.size + layers * LAYER.size + i * TENSOR.size
        dtype, rank, *dimensions, _, scales = TENSOR.unpack_from(data, at)
        rows, count = dimensions[0], int(np.prod(dimensions[:rank]))
        name = DTYPES[dtype].partition(" ")[0]
        size = count * np.dtype(name).itemsize
        scale_bytes = _SCALE_BYTES[DTYPES[dtype]](rows) if scales else 0
        parts[owner[i]] = parts.get(owner[i], 0) + size + scale_bytes
        if i in weights_of:
            weights[name] = weights.get(name, 0) + size
    return ModelStats(operators=operators, weight_bytes=weights, size=len(data), parts=parts)


def _tensors_of(record: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the tensor indices of a layer's weights, and of its other tensors."""
    if record[0] == RECURRENT:
        firsts = [record[9 + 6 * i] for i in range(record[1])]
        return [first + i for first in firsts for i in range(2)], [first + 2 for first in firsts]
    if record[0] == DENSE:
        return [record[2]], [record[2] + 1]
    if record[0] == WIDE:
        has_projection, first = record[3:5]
        return [first], [first + 1 + i for i in range(2 + has_projection)]
    return [], [record[3]] if record[2] else []


def _record(tensors: _Tensors, layer: ir.Layer) -> tuple[int, ...]:
    """Add a layer's tensors, and return the numbers of its record."""
    if isinstance(layer, ir.Recurrent):
        directions = [_direction(tensors, direction) for direction in layer.directions]
        merge = MERGES.index(layer.merge)
        numbers = [number for direction in directions for number in direction]
        return (RECURRENT, len(directions), merge, int(layer.return_sequences), *numbers)
    if isinstance(layer, ir.Pooling):
        return _pooling(tensors, layer)
    return _dense(tensors, layer)


def _pooling(tensors: _Tensors, layer: ir.Pooling) -> tuple[int, ...]:
    row, reductions = layer.pad_row, [REDUCTIONS.index(one) for one in layer.reductions]
    count = len(reductions)
    if count > MAX_REDUCTIONS:
        raise UncoveredError(
            f"layer {layer.name} joins too many poolings",
            expected=f"at most {MAX_REDUCTIONS}",
            found=f"{count}",
        )
    length, tensor = (0, 0) if row is None else (row.length, tensors.add(row.row))
    if count == 1:
        return (POOLING, reductions[0], length, tensor)
    return (JOINED_POOLINGS, count, length, tensor, *reductions)


def _wide(tensors: _Tensors, wide: ir.HashedNgrams, words: int) -> tuple[int, ...]:
    """Return the record of the wide path; rows of tokens beyond the vocabulary are left out."""
    weights = np.concatenate([wide.weights[:words], wide.weights[wide.words :]])
    checksums = wide.checksums
    if not len(checksums):
        # A file cannot contain an empty tensor, so it gets one bucket with zero weights.
        weights, checksums = np.pad(weights, ((0, 1), (0, 0))), np.zeros(1, dtype=np.uint8)
    if len(weights) > MAX_ROWS:
        raise UncoveredError(
            f"layer {wide.name} has too many weights",
            expected=f"at most {MAX_ROWS:,} words and buckets",
            found=f"{len(weights):,}",
        )
    first = tensors.add_table(weights)
    tensors.add_bytes(checksums)
    tensors.add(wide.bias)
    if wide.projection is not None:
        tensors.add(wide.projection.T)
    patterns = sum(1 << PATTERNS.index(one) for one in set(wide.patterns))
    return (WIDE, words, patterns, int(wide.projection is not None), first)


def _dense(tensors: _Tensors, layer: ir.Dense) -> tuple[int, ...]:
    first = tensors.add_weights(layer.kernel.T)
    tensors.add(layer.bias)
    return (DENSE, ACTIVATIONS.index(layer.activation), first)


def _direction(tensors: _Tensors, direction: ir.Direction) -> tuple[int, ...]:
    gates = ir.GATES[direction.cell]
    first = tensors.add_matrix(direction.kernel.T, gates)
    tensors.add_matrix(direction.recurrent.T, gates)
    biases = np.atleast_2d(direction.bias)
    if direction.cell == "gru" and len(biases) == 1:
        # Kernels read a second row for every GRU.
        biases = np.concatenate([biases, np.zeros_like(biases)])
    tensors.add(pack_rows(biases.T, gates).T)
    return (
        CELLS.index(direction.cell),
        ACTIVATIONS.index(direction.activation),
        ACTIVATIONS.index(direction.gate_activation),
        int(direction.reset_after),
        int(direction.reverse),
        first,
    )


class _Entry(NamedTuple):
    """A tensor: its shape, and its values and scales as they are stored."""

    dtype: str
    shape: tuple[int, ...]
    values: NDArray[Any]
    scales: NDArray[Any] | None


class _Tensors:
    """Collects tensors; a tensor is identified by its index."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.entries: list[_Entry] = []

    def add(self, values: ir.Array) -> int:
        """Add a tensor of any shape as float32."""
        return self._add("float32", np.asarray(values, dtype=np.float32))

    def add_bytes(self, values: NDArray[np.uint8]) -> int:
        """Add a tensor of bytes, uint8 of any shape."""
        return self._add("uint8", values)

    def add_weights(self, weights: ir.Array) -> int:
        """Add weights [O, I] in the recipe's type; int8 has per-row scales."""
        if self._recipe.weights != "int8":
            return self._add(self._recipe.weights, weights.astype(self._recipe.weights))
        quantized = quantize(np.ascontiguousarray(weights), axis=0)
        return self._add("int8", quantized.values, quantized.scale[:, 0])

    def add_matrix(self, weights: ir.Array, gates: int) -> int:
        """Add weights [O, I] of a recurrent layer in the order in which kernels read them."""
        index = self.add_weights(weights)
        dtype, shape, values, scales = self.entries[index]
        if scales is not None:
            scales = pack_rows(scales, gates)
        self.entries[index] = _Entry(dtype, shape, pack_matrix(values, gates), scales)
        return index

    def add_rows(self, rows: ir.Array) -> int:
        """Add the embedding in the recipe's type; int8 has per-row codes of scales."""
        if self._recipe.weights != "int8":
            return self.add_weights(rows)
        quantized = quantize_rows(rows)
        unit = np.frombuffer(np.float32(quantized.unit).tobytes(), dtype=np.uint8)
        return self._add("int8 codes", quantized.values, np.concatenate([unit, quantized.codes]))

    def add_table(self, rows: ir.Array) -> int:
        """Add rows to be summed in the recipe's type; int8 has one scale, for exact sums."""
        if self._recipe.weights != "int8":
            return self.add_weights(rows)
        quantized = quantize(rows)
        return self._add("int8 table", quantized.values, quantized.scale.reshape(1))

    def _add(self, dtype: str, values: NDArray[Any], scales: NDArray[Any] | None = None) -> int:
        self.entries.append(_Entry(dtype, values.shape, values, scales))
        return len(self.entries) - 1

    def finish(self, start: int) -> tuple[bytes, bytes]:
        """Return the table of tensors and their sections, which begin at offset `start`."""
        table, sections = b"", bytearray()

        def place(array: NDArray[Any]) -> int:
            offset = start + len(sections)
            data = np.ascontiguousarray(array).tobytes()
            sections.extend(data.ljust(-(-len(data) // ALIGNMENT) * ALIGNMENT, b"\0"))
            return offset

        for dtype, shape, values, scales in self.entries:
            filled = (*shape, *[0] * (_MOST_DIMENSIONS - len(shape)))
            offset = place(values)
            scale_offset = 0 if scales is None else place(scales)
            table += TENSOR.pack(DTYPES.index(dtype), len(shape), *filled, offset, scale_offset)
        return table, bytes(sections)
