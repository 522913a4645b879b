"""The writer of `model.bin`, the format of our C engine; `docs/model-bin.md` describes it.

The file takes ids int32 [T] and returns probabilities float32 [C].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgernn_export.errors import UncoveredError
from edgernn_export.model_stats import ModelStats
from edgernn_export.native.graph_records import GRAPH_KINDS, graph_record, graph_tensors
from edgernn_export.native.tensor_table import SCALE_BYTES, TensorTable
from edgernn_export.recipes import Recipe
from edgernn_runtime import ir
from edgernn_runtime.errors import EngineError
from edgernn_runtime.heads import HEADS
from edgernn_runtime.model_bin import (
    ACTIVATIONS,
    CELLS,
    DENSE,
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
    decode_model,
)
from edgernn_runtime.model_header import ALIGNMENT, HEADER, LAYER, MAGIC, TENSOR, VERSION
from edgernn_runtime.packing import pack_rows
from edgernn_runtime.tensor_reader import DTYPES
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
    **GRAPH_KINDS,
}


def write(network: ir.Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as a `model.bin` of version 2 without a text section.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: not used: `attach_text` puts the vocabulary itself into the file.

    Raises:
        UncoveredError: more poolings are joined than a record has room for, the wide path has too
            many rows, or a graph exceeds a bound of the format.
    """
    del vocabulary_sha256
    tensors = TensorTable(recipe)
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
    data = with_checksum(header + body + sections)
    if any(record[0] in GRAPH_KINDS for record in records):
        _check_bounds(data)
    return data


def _check_bounds(data: bytes) -> None:
    """Check a graph against the bounds of the format, as a device does."""
    try:
        decode_model(data)
    except EngineError as error:
        raise UncoveredError(
            "the model exceeds a bound of model.bin",
            expected=str(error.expected),
            found=str(error.found),
        ) from error


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
        scale_bytes = SCALE_BYTES[DTYPES[dtype]](rows) if scales else 0
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
    if record[0] in (POOLING, JOINED_POOLINGS):
        return [], [record[3]] if record[2] else []
    return graph_tensors(record)


def _record(tensors: TensorTable, layer: ir.Layer) -> tuple[int, ...]:
    """Add a layer's tensors, and return the numbers of its record."""
    if isinstance(layer, ir.Recurrent):
        directions = [_direction(tensors, direction) for direction in layer.directions]
        merge = MERGES.index(layer.merge)
        numbers = [number for direction in directions for number in direction]
        return (RECURRENT, len(directions), merge, int(layer.return_sequences), *numbers)
    if isinstance(layer, ir.Pooling):
        return _pooling(tensors, layer)
    return _dense(tensors, layer) if isinstance(layer, ir.Dense) else graph_record(tensors, layer)


def _pooling(tensors: TensorTable, layer: ir.Pooling) -> tuple[int, ...]:
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


def _wide(tensors: TensorTable, wide: ir.HashedNgrams, words: int) -> tuple[int, ...]:
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


def _dense(tensors: TensorTable, layer: ir.Dense) -> tuple[int, ...]:
    first = tensors.add_weights(layer.kernel.T)
    tensors.add(layer.bias)
    return (DENSE, ACTIVATIONS.index(layer.activation), first)


def _direction(tensors: TensorTable, direction: ir.Direction) -> tuple[int, ...]:
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
