"""The reader of single layers: from Keras options and variables to layers of the IR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from edgernn_export.errors import UncoveredError
from edgernn_export.keras.layer_chain import Entry, Joined, KerasModel
from edgernn_runtime import ir
from edgernn_runtime.activations import activate
from edgernn_runtime.reference import run_dense

CELLS: dict[str, ir.Cell] = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
_REDUCTIONS: dict[str, ir.Reduction] = {
    "GlobalMaxPooling1D": "max",
    "GlobalAveragePooling1D": "average",
}
_ACTIVATIONS: tuple[ir.Activation, ...] = get_args(ir.Activation)
_MERGES: tuple[ir.Merge, ...] = get_args(ir.Merge)


@dataclass(frozen=True)
class ReadState:
    """The state of reading a model layer by layer.

    Attributes:
        padded_to: the length to which Keras pads, if a mask covers the padding; else None.
        pad_row: the values of a padded step at this place, float32 [O]; None if it repeats the last
            step, or without a mask.
        layers: the layers so far.
        is_sequence: whether the output has a vector for each token.
        is_shifted: whether the padding is at the other end of the sequence than of the mask.
        pads_front: whether Keras pads in front of the texts.
    """

    padded_to: int | None
    pad_row: ir.Array | None
    layers: tuple[ir.Layer, ...] = ()
    is_sequence: bool = True
    is_shifted: bool = False
    pads_front: bool = False


def read_layer(state: ReadState, layer: Entry) -> ReadState:
    """Return the state after one more layer, or one more entry of parallel layers.

    Raises:
        UncoveredError: the IR does not cover the layer, an option of it or its place.
    """
    if isinstance(layer, Joined):
        if type(layer.layer).__name__ != "Concatenate":
            expected = "HashedNgrams added to the logits, at the end of the model"
            name, kind = layer.layer.name, type(layer.layer).__name__
            raise UncoveredError(f"layer {name} is not covered", expected=expected, found=kind)
        return _after_poolings(state, layer.layer, layer.branches)
    kind = type(layer).__name__
    if kind in CELLS or kind == "Bidirectional":
        return _after_recurrent(state, layer)
    if kind in _REDUCTIONS:
        return _after_poolings(state, layer, (layer,))
    if kind == "Dense":
        dense = replace(read_logits(layer), activation=read_activation(layer, "activation"))
        row = None if state.pad_row is None else run_dense(dense, state.pad_row)
        return replace(state, layers=(*state.layers, dense), pad_row=row)
    if kind in ("Activation", "ReLU"):
        return _after_activation(state, layer)
    expected = "recurrent, GlobalMax/AveragePooling1D and Dense layers after the Embedding"
    raise UncoveredError(f"layer {layer.name} is not covered", expected=expected, found=kind)


def read_logits(layer: KerasModel) -> ir.Dense:
    """Return the last Dense layer without its activation, which belongs to the head.

    Raises:
        UncoveredError: it is another kind of layer.
    """
    kind = type(layer).__name__
    if kind != "Dense":
        expected = "a Dense layer at the end of the model"
        raise UncoveredError(f"layer {layer.name} is not covered", expected=expected, found=kind)
    zeros = np.zeros(layer.units, dtype=np.float32)
    return ir.Dense(layer.name, array(layer.kernel), array(layer.bias) if layer.use_bias else zeros)


def read_wide(layer: KerasModel) -> ir.HashedNgrams:
    """Return a HashedNgrams layer."""
    projection = None if layer.projection is None else array(layer.projection)
    return ir.HashedNgrams(
        name=layer.name,
        patterns=layer.patterns,
        weights=array(layer.table),
        checksums=np.asarray(layer.checksums, dtype=np.uint8),
        projection=projection,
        bias=array(layer.bias),
    )


def array(variable: Any) -> ir.Array:
    """Return a Keras variable [...] as float32 of the same shape [...]."""
    return np.asarray(variable, dtype=np.float32)


def _after_recurrent(state: ReadState, layer: KerasModel) -> ReadState:
    _check_mask(state, layer)
    recurrent = read_recurrent(layer)
    # Keras zeroes the padded steps of these layers. A plain layer repeats the last state, which is
    # zero at padding that it reads first.
    is_zeroed = recurrent.backward is not None or getattr(layer, "zero_output_for_mask", False)
    is_zeroed = is_zeroed or recurrent.forward.reverse != state.pads_front
    has_zeros = is_zeroed and state.padded_to is not None
    return replace(
        state,
        layers=(*state.layers, recurrent),
        pad_row=np.zeros(recurrent.output_size, dtype=np.float32) if has_zeros else None,
        is_sequence=recurrent.return_sequences,
        is_shifted=recurrent.forward.reverse and state.padded_to is not None,
    )


def _after_poolings(
    state: ReadState, layer: KerasModel, poolings: tuple[KerasModel, ...]
) -> ReadState:
    for pooling in poolings:
        check_options(pooling, {"data_format": "channels_last", "keepdims": False})
    reductions = tuple(_REDUCTIONS[type(pooling).__name__] for pooling in poolings)
    pad_row = None
    if "average" in reductions:
        _check_mask(state, layer)
    if "max" in reductions and state.padded_to is not None and state.pad_row is not None:
        pad_row = ir.PadRow(state.padded_to, state.pad_row)
    entry = ir.Pooling(layer.name, reductions, pad_row)
    return replace(state, layers=(*state.layers, entry), pad_row=None, is_sequence=False)


def _after_activation(state: ReadState, layer: KerasModel) -> ReadState:
    """Merge an activation layer into the Dense layer in front of it."""
    last = state.layers[-1] if state.layers else None
    if not isinstance(last, ir.Dense) or last.activation != "linear":
        expected = "a Dense layer without an activation in front of it"
        raise UncoveredError(
            f"layer {layer.name} is not covered", expected=expected, found="another place"
        )
    config = layer.get_config()
    if type(layer).__name__ == "ReLU":
        check_options(layer, {"max_value": None, "negative_slope": 0.0, "threshold": 0.0})
    name = read_activation(layer, "activation") if "activation" in config else "relu"
    row = None if state.pad_row is None else activate(name, state.pad_row)
    layers = (*state.layers[:-1], replace(last, activation=name))
    return replace(state, layers=layers, pad_row=row)


def _check_mask(state: ReadState, layer: KerasModel) -> None:
    if state.is_shifted:
        raise UncoveredError(
            f"layer {layer.name} reads a reversed sequence with the mask of the other order",
            expected="no go_backwards with return_sequences in front of it, or bare ids",
            found=f"texts that are padded to {state.padded_to}",
        )


def read_recurrent(layer: KerasModel) -> ir.Recurrent:
    """Return a recurrent layer, unidirectional or bidirectional.

    Raises:
        UncoveredError: the IR does not cover a cell or an option.
    """
    first, second = layer, None
    merge: ir.Merge = "concat"
    if type(layer).__name__ == "Bidirectional":
        first, second, merge = layer.forward_layer, layer.backward_layer, layer.merge_mode
        if merge not in _MERGES:
            raise _option(layer, "merge_mode", " | ".join(_MERGES), merge)
    return ir.Recurrent(
        name=layer.name,
        forward=_direction(first),
        backward=None if second is None else _direction(second),
        merge=merge,
        return_sequences=first.return_sequences,
    )


def _direction(layer: KerasModel) -> ir.Direction:
    kind = type(layer).__name__
    if kind not in CELLS:
        expected = " | ".join(CELLS)
        raise UncoveredError(f"layer {layer.name} is not covered", expected=expected, found=kind)
    size = ir.GATES[CELLS[kind]] * layer.units
    is_after = getattr(layer, "reset_after", False)
    zeros = np.zeros((2, size) if is_after else size, dtype=np.float32)
    return ir.Direction(
        cell=CELLS[kind],
        kernel=array(layer.cell.kernel),
        recurrent=array(layer.cell.recurrent_kernel),
        bias=array(layer.cell.bias) if layer.use_bias else zeros,
        activation=read_activation(layer, "activation"),
        gate_activation=(
            "sigmoid" if kind == "SimpleRNN" else read_activation(layer, "recurrent_activation")
        ),
        reset_after=is_after,
        reverse=bool(layer.go_backwards),
    )


def read_activation(layer: KerasModel, option: str) -> ir.Activation:
    """Return an activation.

    Raises:
        UncoveredError: the IR does not have it.
    """
    found = layer.get_config()[option]
    for name in _ACTIVATIONS:
        if found == name:
            return name
    raise _option(layer, option, " | ".join(_ACTIVATIONS), found)


def check_options(layer: KerasModel, wanted: Mapping[str, object]) -> None:
    """Check that options have the values that the IR covers.

    Raises:
        UncoveredError: one has another value.
    """
    config = layer.get_config()
    for option, value in wanted.items():
        if config[option] != value:
            raise _option(layer, option, str(value), config[option])


def _option(layer: KerasModel, name: str, expected: str, found: object) -> UncoveredError:
    return UncoveredError(
        f"layer {layer.name}: {name} is not covered",
        expected=f"{name}={expected}",
        found=f"{name}={found}",
    )
