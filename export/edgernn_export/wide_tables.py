"""The constants of a wide path, the same in every format whose operators look rows up."""

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
        rows: float32, float16 or int8 [V + B, D]. Row 0 is zeros: padding has no key, so that a
            key without a weight can be sent there.
        scale: what an int8 row is multiplied by; 1 for the other types.
        checksums: uint8 [B + 1]; in front of those of the buckets the one that all words share.
    """

    rows: NDArray[np.generic]
    scale: float
    checksums: NDArray[np.uint8]


def wide_tables(wide: HashedNgrams, weights: WeightType) -> WideTables:
    """Return the tables of a wide path, its rows in the recipe's type.

    Args:
        wide: the wide path.
        weights: the type of the rows. int8 has one scale in all, so that a sum over rows is one of
            integers and exact.
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
    """Return what all keys of a wide path lie below."""
    return CHECKSUMS * len(wide.weights)
