"""Weights of Keras 2 models: read by layer, and set in the Keras 3 model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.layer_chain import KerasModel, all_layers

_Weights = NDArray[np.float32]
#: hard_sigmoid is clip(x / 5 + 1/2) in Keras 2 and clip(x / 6 + 1/2) in Keras 3.
_HARD_SIGMOID = np.float32(6 / 5)
#: By cell: the gates with the recurrent activation, and all gates, in the order of the columns.
_GATES = {"LSTM": ((0, 1, 3), 4), "GRU": ((0, 1), 3)}


def set_weights(model: KerasModel, weights: Mapping[str, Sequence[_Weights]]) -> None:
    """Set the weights of a model that was built from a Keras 2 configuration.

    Args:
        model: the Keras 3 model, built.
        weights: by the name of each outermost layer: its weights and those of the layers inside,
            the trainable first, as Keras 2 orders them.

    Raises:
        ValueError: the weights do not fit the layers.
    """
    for layer in model.layers:
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        arrays = list(weights.get(layer.name, ()))
        if len(arrays) != len(variables):
            raise ValueError(
                f"layer {layer.name} has {len(variables)} weights, the file {len(arrays)}"
            )
        shapes = [tuple(variable.shape) for variable in variables]
        for variable, values in zip(variables, _without_cudnn(shapes, arrays), strict=True):
            # Keras checks the shape.
            variable.assign(values)


def rescale_hard_sigmoid(model: KerasModel) -> None:
    """Scale the weights in front of each hard_sigmoid, so that it is that of Keras 2.

    Raises:
        UnsupportedModelError: a hard_sigmoid has no weights in front of it.
    """
    for layer in all_layers(model):
        config = layer.get_config()
        kind, activation = type(layer).__name__, config.get("activation")
        if kind in _GATES and config["recurrent_activation"] == "hard_sigmoid":
            used, gates = _GATES[kind]
            scale = np.ones((gates, 1), dtype=np.float32)
            scale[list(used)] = _HARD_SIGMOID
            _scale(layer.cell, np.repeat(scale, layer.units))
        if activation != "hard_sigmoid" or kind.endswith("Cell"):
            continue
        if kind in ("Dense", "Conv1D"):
            _scale(layer, _HARD_SIGMOID)
        elif kind == "SimpleRNN":
            _scale(layer.cell, _HARD_SIGMOID)
        else:
            raise UnsupportedModelError(
                f"layer {layer.name}: the hard_sigmoid of Keras 2 does not exist in Keras 3",
                expected="hard_sigmoid in a Dense or Conv1D layer, or as recurrent_activation",
                found=f"activation=hard_sigmoid of a {kind} layer",
                hint="train with another activation, such as sigmoid",
            )


def _scale(layer: KerasModel, scale: Any) -> None:
    for variable in layer.weights:
        variable.assign(np.asarray(variable) * scale)


def _without_cudnn(
    shapes: Sequence[tuple[int, ...]], arrays: Sequence[_Weights]
) -> Sequence[_Weights]:
    """Return the weights with those of CuDNNLSTM and CuDNNGRU layers as LSTM and GRU have them.

    CuDNN has two biases for each gate and transposed kernels. Keras 2 converts in the same way.

    Args:
        shapes: the shapes of the Keras 3 variables.
        arrays: the weights in the file, each kernel, recurrent kernel and bias in a row.
    """
    found = list(arrays)
    for i, (shape, values) in enumerate(zip(shapes, arrays, strict=True)):
        if i < 2 or values.ndim != 1:
            continue
        units = shapes[i - 1][0]
        if shape == (4 * units,) and values.shape == (8 * units,):
            found[i] = values.reshape(2, -1).sum(axis=0)
            gates = 4
        elif shape == (2, 3 * units) and values.shape == (6 * units,):
            found[i] = values.reshape(2, -1)
            gates = 3
        else:
            continue
        found[i - 2] = _by_gate(found[i - 2], gates, _from_fortran)
        found[i - 1] = _by_gate(found[i - 1], gates, np.transpose)
    return found


def _by_gate(kernel: _Weights, gates: int, convert: Callable[[_Weights], _Weights]) -> _Weights:
    """Return a kernel [I, G * U] with a function applied to each gate's columns [I, U]."""
    return np.hstack([convert(part) for part in np.hsplit(kernel, gates)])


def _from_fortran(kernel: _Weights) -> _Weights:
    return kernel.T.reshape(kernel.shape, order="F")
