"""The constants of a wide path, for targets whose operators gather rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn_export.quantization import quantize
from edgernn_export.recipes import WeightType
from edgernn_runtime.ir import CHECKSUMS, HashedNgrams


@dataclass(frozen=True)
class WideTables:
    """The tables of a wide path, of V words and B buckets.

    Attributes:
        rows: float32, float16 or int8 [V + B, D]. Row 0 is zeros, for keys
            without a weight; no token has this row, because padding has no key.
        scale: the scale of int8 rows; 1 for other types.
        checksums: uint8 [B + 1]: the checksum that all words share, then those of the buckets.
    """

    rows: NDArray[np.generic]
    scale: float
    checksums: NDArray[np.uint8]


def wide_tables(wide: HashedNgrams, weights: WeightType) -> WideTables:
    """Return the tables of a wide path, its rows in the recipe's type.

    Args:
        wide: the wide path.
        weights: the type of the rows. int8 rows have one scale, so that a sum of rows is a sum of
            integers, and exact.
    """
    rows: NDArray[np.generic]
    if weights == "int8":
        quantized = quantize(wide.weights)
        rows, scale = quantized.values.copy(), quantized.scale.item()
    else:
        rows, scale = wide.weights.astype(weights), 1.0
    rows[0] = 0
    checksums = np.concatenate([np.zeros(1, dtype=np.uint8), wide.checksums])
    return WideTables(rows, scale, checksums)


def largest_key(wide: HashedNgrams) -> int:
    """Return the exclusive upper bound of the keys of a wide path."""
    return CHECKSUMS * len(wide.weights)
