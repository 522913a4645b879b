"""Symmetric quantization of weights: pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.ir import Array


@dataclass(frozen=True)
class Quantized:
    """Quantized weights: weight = value * scale, with zero point 0.

    Attributes:
        values: int8, in the shape of the weights.
        scale: float32, in the shape of the weights, with length 1 on every axis that shares a
            scale.
    """

    values: NDArray[np.int8]
    scale: Array

    def dequantized(self) -> Array:
        """Return the dequantized weights, float32 [...] in the shape of `values`."""
        return np.asarray(self.values * self.scale, dtype=np.float32)


def quantize(weights: Array, *, axis: int | None = None, bits: int = 8) -> Quantized:
    """Quantize weights symmetrically, the largest magnitude to the end of the range.

    Args:
        weights: float32 [...] of any shape, finite.
        axis: the axis with one scale for each index (per-channel), or None for one scale.
        bits: 8 uses -127 to 127. 7 uses -63 to 63: a pair of products of such a weight with an
            unsigned byte fits into 16 bits, so processors with and without VNNI agree.
    """
    largest_value = 2 ** (bits - 1) - 1
    axes = tuple(i for i in range(weights.ndim) if axis is None or i != axis % weights.ndim)
    largest_weight = np.abs(weights).max(axis=axes, keepdims=True)
    # A row of zeros has no scale; 1 avoids a division by zero.
    scale = np.where(largest_weight > 0, largest_weight / largest_value, 1).astype(np.float32)
    values = np.clip(np.rint(weights / scale), -largest_value, largest_value)
    return Quantized(values.astype(np.int8), scale)


@dataclass(frozen=True)
class QuantizedRows:
    """A table of weights with per-row scales of one byte: row = values * codes * unit.

    Attributes:
        values: int8 [V, E].
        codes: uint8 [V], 1 to 255.
        unit: the scale of code 1.
    """

    values: NDArray[np.int8]
    codes: NDArray[np.uint8]
    unit: float

    def dequantized(self) -> Array:
        """Return the dequantized weights, float32 [V, E]."""
        scales = self.codes[:, np.newaxis].astype(np.float32) * np.float32(self.unit)
        return np.asarray(self.values * scales, dtype=np.float32)


def quantize_rows(weights: Array) -> QuantizedRows:
    """Quantize a table, float32 [V, E], to int8 with per-row scales, which are rounded up to codes.

    No weight is clipped, and no row is coarser than with one scale for the whole table.
    """
    wanted = np.abs(weights).max(axis=1) / 127
    unit = np.float32(wanted.max() / 255 if wanted.max() > 0 else 1)
    codes = np.clip(np.ceil(wanted / unit), 1, 255)
    values = np.rint(weights / (codes[:, np.newaxis] * unit))
    return QuantizedRows(
        np.clip(values, -127, 127).astype(np.int8), codes.astype(np.uint8), float(unit)
    )
