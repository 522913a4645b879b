"""The tensors of a `model.bin` while it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgernn_export.quantization import quantize, quantize_rows
from edgernn_export.recipes import Recipe
from edgernn_runtime import ir
from edgernn_runtime.model_header import ALIGNMENT, TENSOR
from edgernn_runtime.packing import pack_matrix, pack_rows
from edgernn_runtime.tensor_reader import DTYPES

_MOST_DIMENSIONS = 4
#: The bytes of the scales of an int8 tensor, by its number of rows.
SCALE_BYTES: dict[str, Callable[[int], int]] = {
    "int8": lambda rows: 4 * rows,
    "int8 codes": lambda rows: 4 + rows,
    "int8 table": lambda _: 4,
}


class _Entry(NamedTuple):
    """A tensor: its shape, and its values and scales as they are stored."""

    dtype: str
    shape: tuple[int, ...]
    values: NDArray[Any]
    scales: NDArray[Any] | None


class TensorTable:
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
