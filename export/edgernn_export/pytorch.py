"""Conversion of a PyTorch text classifier to a Keras model, which is then exported as any other.

Source of the equations: the documentation of `torch.nn.LSTM`, `torch.nn.GRU` and `torch.nn.RNN`.
PyTorch itself is not imported: a `state_dict` is a mapping from names to arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.model_file import without_mask_warnings
from edgernn_runtime.ir import Array

_ACTIVATIONS = ("relu", "tanh", "sigmoid", "softmax")
_POOLINGS = {"max": "GlobalMaxPooling1D", "mean": "GlobalAveragePooling1D"}
_CELLS = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
_BETWEEN = ("last", *_POOLINGS, *_ACTIVATIONS)


def to_keras(state_dict: Mapping[str, Any], order: Sequence[str], *, packed: bool = True) -> Any:
    """Return a Keras model that computes the same as a PyTorch module.

    Args:
        state_dict: the module's `state_dict()`: tensors or arrays, float32, on the CPU.
        order: the names of its parts in the order of the data, as in the `state_dict`, and what
            happens between them: `last` (the last hidden state of each direction, which is
            `h_n[-1]`, or `torch.cat((h_n[-2], h_n[-1]), dim=1)`), `max` or `mean` over time, and
            the activations `relu`, `tanh`, `sigmoid` and `softmax`. The first part is an
            `nn.Embedding`, the others are `nn.LSTM`, `nn.GRU`, `nn.RNN` or `nn.Linear`.
        packed: whether padding has no effect, as with `pack_padded_sequence` or batches of one
            text. Id 0 is the padding.

    Returns:
        A `keras.Sequential` from ids, int32 [N, T], to the module's outputs, float32 [N, C].

    Raises:
        UnsupportedModelError: a name is not in the `state_dict`, or a part has no equivalent.

    Example:
        >>> model = to_keras(module.state_dict(), ["embedding", "lstm", "last", "fc", "sigmoid"])
        >>> done = edgernn.export(model, "model.edgernn", vocabulary="vocab.txt")
    """
    import keras

    arrays = {name: np.asarray(value, np.float32) for name, value in state_dict.items()}
    table = _find(arrays, f"{order[0]}.weight")
    model = keras.Sequential([keras.Input((None,), dtype="int32")])
    layer = keras.layers.Embedding(*table.shape, mask_zero=packed, name=_name(order[0]))
    model.add(layer)
    layer.set_weights([table])
    for i, part in enumerate(order[1:], 1):
        # PyTorch's layer returns all hidden states; Keras's only the last one, unless told so.
        reads_last = i + 1 < len(order) and order[i + 1] == "last"
        for layer, weights in _layers(arrays, part, reads_last=reads_last):
            with without_mask_warnings():
                model.add(layer)
            layer.set_weights(weights)
    _check_all_used(arrays, order)
    return model


def _layers(
    arrays: dict[str, Array], part: str, *, reads_last: bool
) -> list[tuple[Any, list[Array]]]:
    """Return the Keras layers of a part, each with its weights."""
    import keras

    if part == "last":
        return []
    if part in _POOLINGS:
        return [(getattr(keras.layers, _POOLINGS[part])(), [])]
    if part in _ACTIVATIONS:
        return [(keras.layers.Activation(part), [])]
    if f"{part}.weight_ih_l0" in arrays:
        return _recurrent_layers(arrays, part, reads_last=reads_last)
    weight = _find(arrays, f"{part}.weight")
    bias = arrays.get(f"{part}.bias")
    dense = keras.layers.Dense(len(weight), use_bias=bias is not None, name=_name(part))
    return [(dense, [weight.T] if bias is None else [weight.T, bias])]


def _recurrent_layers(
    arrays: dict[str, Array], part: str, *, reads_last: bool
) -> list[tuple[Any, list[Array]]]:
    import keras

    if f"{part}.weight_hr_l0" in arrays:
        raise UnsupportedModelError(
            f"part {part} projects its hidden states",
            expected="nn.LSTM without proj_size",
            found=f"{part}.weight_hr_l0",
            hint="train it without proj_size",
        )
    count = sum(name.startswith(f"{part}.weight_ih_l") for name in arrays)
    is_bidirectional = f"{part}.weight_ih_l0_reverse" in arrays
    count //= 1 + is_bidirectional
    found = []
    for level in range(count):
        rows, units = _find(arrays, f"{part}.weight_hh_l{level}").shape
        make = getattr(keras.layers, _CELLS[rows // units])
        layer = make(units, return_sequences=level + 1 < count or not reads_last)
        weights = _weights(arrays, f"{part}.{{}}_l{level}")
        if is_bidirectional:
            layer = keras.layers.Bidirectional(layer)
            weights += _weights(arrays, f"{part}.{{}}_l{level}_reverse")
        found.append((layer, weights))
    return found


def _weights(arrays: dict[str, Array], pattern: str) -> list[Array]:
    """Return kernel, recurrent weights and bias of one direction as Keras orders them."""
    kernel = _find(arrays, pattern.format("weight_ih"))
    recurrent = _find(arrays, pattern.format("weight_hh"))
    rows, units = recurrent.shape
    zeros = np.zeros(rows, np.float32)
    biases = [arrays.get(pattern.format(name), zeros) for name in ("bias_ih", "bias_hh")]
    if rows // units == 3:
        # PyTorch's gates are reset, update, candidate; Keras's update, reset, candidate.
        order = np.r_[units : 2 * units, 0:units, 2 * units : 3 * units]
        bias = np.stack([bias[order] for bias in biases])
        return [kernel[order].T, recurrent[order].T, bias]
    return [kernel.T, recurrent.T, biases[0] + biases[1]]


def _find(arrays: dict[str, Array], name: str) -> Array:
    if name in arrays:
        return arrays[name]
    raise UnsupportedModelError(
        "a part of the order is not in the state_dict",
        expected=f"names such as {', '.join(list(arrays)[:3])}, or one of {' | '.join(_BETWEEN)}",
        found=name,
        hint="list the module's parts in the order of the data",
    )


def _check_all_used(arrays: dict[str, Array], order: Sequence[str]) -> None:
    parts = tuple(f"{part}." for part in order)
    left = [name for name in arrays if not name.startswith(parts)]
    if left:
        raise UnsupportedModelError(
            "the state_dict has parts that the order does not name",
            expected="each part once",
            found=", ".join(left[:5]),
            hint="name every part with weights, in the order of the data",
        )


def _name(part: str) -> str:
    return part.replace(".", "_")
