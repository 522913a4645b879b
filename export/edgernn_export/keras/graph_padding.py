"""The padded steps of a combination of masked inputs, as Keras computes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from edgernn_export.keras.graph_state import Bare, KerasLayer, shifted
from edgernn_runtime.ir import Array
from edgernn_runtime.ir_graph import Operation
from edgernn_runtime.reference_graph import OPERATIONS

#: What Keras takes for a masked step beside an input without a mask.
_NEUTRAL: dict[Operation, float] = {
    "mul": 1.0,
    "max": float(np.finfo(np.float32).min),
    "min": float(np.finfo(np.float32).max),
}


def get_neutral(layer: KerasLayer, operation: Operation) -> float | None:
    """Return what Keras takes for a masked step beside an input without a mask.

    Returns:
        The number, or None if it takes the value of the step. So do versions before Keras 3.
    """
    is_aware = hasattr(layer, "_apply_merge_op_and_or_mask")
    return _NEUTRAL.get(operation) if is_aware else None


def combined_padding(layer: KerasLayer, operation: Operation, inputs: Sequence[Bare]) -> Bare:
    """Return the padding that a combination of sequences lacks, if all of these lack it.

    Raises:
        UncoveredError: it is on different sides.
    """
    if len({bare.is_shifted for bare in inputs}) > 1:
        raise shifted(layer)
    is_masked = all(bare.is_masked for bare in inputs)
    row = _combined_row(layer, operation, inputs)
    return Bare(row, False, is_masked, inputs[0].is_shifted)


def _combined_row(layer: KerasLayer, operation: Operation, inputs: Sequence[Bare]) -> Array | None:
    if get_neutral(layer, operation) is not None:
        if all(bare.is_masked for bare in inputs):
            first = inputs[0].row
            return first if operation != "mul" or first is None else np.zeros_like(first)
        # Masked inputs are neutral.
        inputs = [bare for bare in inputs if not bare.is_masked]
    rows = [bare.row for bare in inputs if bare.row is not None]
    if len(rows) < len(inputs):
        return None
    if operation == "concat":
        return np.concatenate(rows)
    total = reduce(OPERATIONS[operation], rows)
    return np.asarray(total / len(rows) if operation == "ave" else total, dtype=np.float32)
