"""The records of a `model.bin` for layers that make a graph of the model."""

from __future__ import annotations

import numpy as np

from edgernn_export.errors import UncoveredError
from edgernn_export.native.tensor_table import TensorTable
from edgernn_runtime.ir_graph import (
    Affine,
    Attention,
    Combination,
    Convolution,
    Flatten,
    GraphLayer,
    LayerNormalization,
    Padding,
    Selection,
    Softmax,
    TimeSum,
    Transpose,
    WindowPooling,
)
from edgernn_runtime.model_graph import (
    ACTIVATIONS,
    AFFINE,
    ATTENTION,
    BORDERS,
    COMBINATION,
    CONVOLUTION,
    MAX_SOURCES,
    NORMALIZATION,
    OPERATIONS,
    PADDING,
    RESHAPE,
    SELECTION,
    TIME,
    WINDOW_POOLING,
    WINDOWS,
    to_bits,
)
from edgernn_runtime.packing import pack_rows

#: The names of the kinds in model statistics.
GRAPH_KINDS = {
    SELECTION: "selection",
    COMBINATION: "combination",
    CONVOLUTION: "convolution",
    NORMALIZATION: "normalization",
    AFFINE: "affine",
    WINDOW_POOLING: "window_pooling",
    ATTENTION: "attention",
    TIME: "time",
    RESHAPE: "reshape",
    PADDING: "padding",
}


def graph_record(tensors: TensorTable, layer: GraphLayer) -> tuple[int, ...]:
    """Add a layer's tensors, and return the numbers of its record.

    Raises:
        UncoveredError: a combination has more sources than a record has room for.
    """
    if isinstance(layer, Selection):
        return (SELECTION, layer.source, layer.first, layer.columns)
    if isinstance(layer, Combination):
        return _combination(layer)
    if isinstance(layer, WindowPooling):
        border = BORDERS.index(layer.border)
        return (WINDOW_POOLING, WINDOWS.index(layer.reduction), layer.size, layer.stride, border)
    if isinstance(layer, Softmax | TimeSum):
        return (TIME, 2 if isinstance(layer, TimeSum) else ("time", "columns").index(layer.axis))
    if isinstance(layer, Flatten | Transpose):
        return (RESHAPE, int(isinstance(layer, Transpose)), layer.steps)
    return _with_tensors(tensors, layer)


def _with_tensors(
    tensors: TensorTable,
    layer: Convolution | LayerNormalization | Affine | Attention | Padding,
) -> tuple[int, ...]:
    if isinstance(layer, Convolution):
        return _convolution(tensors, layer)
    if isinstance(layer, LayerNormalization):
        first = tensors.add(layer.scale)
        tensors.add(layer.shift)
        return (NORMALIZATION, to_bits(layer.epsilon), first)
    if isinstance(layer, Affine):
        activation = ACTIVATIONS.index(layer.activation)
        if layer.scale is None or layer.shift is None:
            return (AFFINE, activation)
        first = tensors.add(layer.scale)
        tensors.add(layer.shift)
        return (AFFINE, activation, 1, first)
    if isinstance(layer, Padding):
        form = (1, 0) if layer.row is None else (0, tensors.add(layer.row))
        return (PADDING, layer.length, *form, int(layer.in_front))
    form = (0, 0) if layer.vector is None else (1, tensors.add(layer.vector))
    numbers = (layer.longest, layer.heads, to_bits(layer.scale), form[0], int(layer.is_causal))
    return (ATTENTION, *layer.sources, *numbers, form[1])


def _combination(layer: Combination) -> tuple[int, ...]:
    count = len(layer.sources)
    if count > MAX_SOURCES:
        raise UncoveredError(
            f"layer {layer.name} has too many inputs",
            expected=f"at most {MAX_SOURCES}",
            found=f"{count}",
        )
    return (COMBINATION, OPERATIONS.index(layer.operation), count, *layer.sources)


def _convolution(tensors: TensorTable, layer: Convolution) -> tuple[int, ...]:
    taps, _, outputs = layer.kernel.shape
    first = tensors.add_matrix(layer.kernel.reshape(-1, outputs).T, 1)
    tensors.add(pack_rows(np.atleast_2d(layer.bias).T, 1).T)
    activation, border = ACTIVATIONS.index(layer.activation), BORDERS.index(layer.border)
    return (CONVOLUTION, activation, border, taps, layer.stride, layer.dilation, first)


def graph_tensors(record: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the tensor indices of a layer's weights, and of its other tensors."""
    kind = record[0]
    if kind == CONVOLUTION:
        return [record[6]], [record[6] + 1]
    if kind == NORMALIZATION:
        return [], [record[2], record[2] + 1]
    if kind == AFFINE:
        return [], [record[3], record[3] + 1] if record[2] else []
    if kind == PADDING:
        return [], [] if record[2] else [record[3]]
    if kind == ATTENTION:
        return [], [record[9]] if record[7] else []
    return [], []
