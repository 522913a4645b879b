"""The reference implementation of the layers of `edgernn_runtime.ir_graph` in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from edgernn_runtime.activations import activate, softmax
from edgernn_runtime.ir_graph import (
    Affine,
    Attention,
    Border,
    Combination,
    Convolution,
    Flatten,
    LayerNormalization,
    Operation,
    Padding,
    Selection,
    Softmax,
    TimeSum,
    Transpose,
    WindowPooling,
)
from edgernn_runtime.ir_types import Array


def window_starts(steps: int, span: int, stride: int, border: Border) -> range:
    """Return the first step of each window over a sequence; the first may be below 0."""
    count = -(-steps // stride)
    if border == "valid":
        count = max(1, (steps - span) // stride + 1)
    before = {
        "valid": 0,
        "causal": span - 1,
        "same": max(0, (count - 1) * stride + span - steps) // 2,
    }[border]
    return range(-before, count * stride - before, stride)


def run_selection(layer: Selection, x: Array) -> Array:
    """Return columns of float32 x [..., W]."""
    return x[..., layer.first : layer.first + layer.columns]


def run_combination(layer: Combination, inputs: Sequence[Array]) -> Array:
    """Return sequences [T, W], or vectors [W], as one; of several lengths, the shortest counts."""
    if inputs[0].ndim > 1:
        shortest = min(len(x) for x in inputs)
        inputs = [x[:shortest] for x in inputs]
    if layer.operation == "concat":
        return np.concatenate(inputs, axis=-1)
    total = reduce(OPERATIONS[layer.operation], inputs)
    return total / np.float32(len(inputs)) if layer.operation == "ave" else total


def run_convolution(layer: Convolution, x: Array) -> Array:
    """Return the convolution of float32 x [T, I]: [T', O]."""
    taps, starts = len(layer.kernel), window_starts(len(x), layer.span, layer.stride, layer.border)
    before = -starts[0]
    after = max(0, starts[-1] + layer.span - len(x))
    padded = np.pad(x, ((before, after), (0, 0)))
    rows = np.add.outer(np.array(starts) + before, np.arange(taps) * layer.dilation)
    windows = padded[rows].reshape(len(starts), -1)
    total = windows @ layer.kernel.reshape(windows.shape[1], -1) + layer.bias
    return activate(layer.activation, total)


def run_normalization(layer: LayerNormalization, x: Array) -> Array:
    """Return float32 x [..., W], normalized over its columns."""
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centered).mean(axis=-1, keepdims=True)
    normalized = centered / np.sqrt(variance + x.dtype.type(layer.epsilon))
    return np.asarray(normalized * layer.scale + layer.shift, dtype=x.dtype)


def run_affine(layer: Affine, x: Array) -> Array:
    """Return activation(x * scale + shift) of float32 x [..., W]."""
    if layer.scale is not None and layer.shift is not None:
        x = x * layer.scale + layer.shift
    return activate(layer.activation, x)


def run_window_pooling(layer: WindowPooling, x: Array) -> Array:
    """Return the reductions of the windows over float32 x [T, W]: [T', W]."""
    starts = window_starts(len(x), layer.size, layer.stride, layer.border)
    windows = [x[max(0, start) : start + layer.size] for start in starts]
    reduced = [one.max(axis=0) if layer.reduction == "max" else one.mean(axis=0) for one in windows]
    return np.asarray(np.stack(reduced), dtype=x.dtype)


def run_attention(layer: Attention, query: Array, key: Array, value: Array) -> Array:
    """Return the attention of float32 sequences query [T, W], key [S, W] and value [S, V]: [T, V].

    Only the first `layer.longest` steps of each are read.
    """
    steps = min(len(key), len(value), layer.longest)
    query, key, value = query[: layer.longest], key[:steps], value[:steps]
    outputs = []
    for q, k, v in zip(
        *(np.split(x, layer.heads, axis=1) for x in (query, key, value)), strict=True
    ):
        if layer.vector is None:
            scores = q @ k.T * _as_type(layer.scale, query)
        else:
            scores = np.tanh(q[:, np.newaxis] + k) @ layer.vector
        if layer.is_causal:
            later = np.arange(steps) > np.arange(len(query))[:, np.newaxis]
            scores = np.where(later, _as_type(-np.inf, query), scores)
        outputs.append(softmax(scores) @ v)
    return np.concatenate(outputs, axis=1)


def _as_type(value: float, x: Array) -> np.float32:
    """Return a number in the dtype of x."""
    return x.dtype.type(value)


def run_softmax(layer: Softmax, x: Array) -> Array:
    """Return the softmax of float32 x [T, W], or of a vector [W] over its columns."""
    return softmax(x) if layer.axis == "columns" else softmax(x.T).T


def run_reshape(layer: Flatten | Transpose, x: Array) -> Array:
    """Return `layer.steps` steps of float32 x [T, W] as one vector, or with columns as steps."""
    filled = np.zeros((layer.steps, x.shape[1]), dtype=x.dtype)
    rows = x[: layer.steps]
    filled[: len(rows)] = rows
    return filled.reshape(-1) if isinstance(layer, Flatten) else filled.T


def run_padding(layer: Padding, x: Array) -> Array:
    """Return float32 x [T, W] with more steps: [max(T, length), W]."""
    missing = max(0, layer.length - len(x))
    nearest = x[0] if layer.in_front else x[-1]
    row = nearest if layer.row is None else np.asarray(layer.row, dtype=x.dtype)
    rows = np.tile(row, (missing, 1))
    return np.concatenate([rows, x] if layer.in_front else [x, rows])


def run_graph_layer(layer: object, x: Array, values: Sequence[Array]) -> Array:
    """Return a layer's output.

    Args:
        layer: one of `edgernn_runtime.ir_graph`.
        x: the output of the layer in front of it.
        values: the embedded text, and the output of each layer in front of it.
    """
    if isinstance(layer, Selection):
        return run_selection(layer, values[layer.source])
    if isinstance(layer, Combination):
        return run_combination(layer, [values[source] for source in layer.sources])
    if isinstance(layer, Attention):
        return run_attention(layer, *(values[source] for source in layer.sources))
    run: Callable[..., Array] = _RUN[type(layer)]
    return run(layer, x)


#: The operation of each kind of combination, on two arrays.
OPERATIONS: dict[Operation, Callable[[Array, Array], Array]] = {
    "sum": np.add,
    "ave": np.add,
    "mul": np.multiply,
    "sub": np.subtract,
    "max": np.maximum,
    "min": np.minimum,
}
_RUN: dict[type, Callable[..., Array]] = {
    Convolution: run_convolution,
    LayerNormalization: run_normalization,
    Affine: run_affine,
    WindowPooling: run_window_pooling,
    Softmax: run_softmax,
    TimeSum: lambda _, x: np.asarray(x.sum(axis=0), dtype=x.dtype),
    Flatten: run_reshape,
    Transpose: run_reshape,
    Padding: run_padding,
}
