"""The reader of single layers of a graph: from Keras options and variables to layers of the IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from edgernn_export.keras.graph_padding import combined_padding, get_neutral
from edgernn_export.keras.graph_state import (
    Bare,
    Builder,
    KerasLayer,
    Value,
    check_known,
    passes_mask,
    shifted,
    uncovered,
)
from edgernn_export.keras.layers import (
    array,
    check_options,
    read_activation,
    read_logits,
    read_recurrent,
)
from edgernn_runtime import ir
from edgernn_runtime.activations import softmax
from edgernn_runtime.ir_graph import (
    Affine,
    Border,
    Combination,
    Convolution,
    LayerNormalization,
    Operation,
    Softmax,
    Transpose,
    WindowPooling,
)
from edgernn_runtime.reference import run_dense
from edgernn_runtime.reference_graph import run_affine, run_normalization

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Call:
    """What a layer is called with.

    Attributes:
        inputs: its input tensors in order.
        options: its other keyword arguments.
    """

    inputs: tuple[Value, ...]
    options: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)

    def one(self, layer: KerasLayer, *forms: str) -> Value:
        """Return the one input.

        Raises:
            UncoveredError: there are several, or it has another form.
        """
        if len(self.inputs) != 1:
            raise uncovered(layer, "one input")
        if forms and self.inputs[0].form not in forms:
            raise uncovered(layer, f"{' or '.join(forms)} in front of it")
        return self.inputs[0]


Handler = Callable[[Builder, KerasLayer, Call], Value]


def _dense(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = builder.vector(layer, call.one(layer, "sequence", "vector", "weights"))
    linear = read_logits(layer)
    name = layer.get_config()["activation"]
    if name == "softmax":
        value = builder.step_by_step(
            layer, value, linear, linear.output_size, lambda row: run_dense(linear, row)
        )
        return _column_softmax(builder, layer, value)
    dense = replace(linear, activation=read_activation(layer, "activation"))
    return builder.step_by_step(
        layer, value, dense, dense.output_size, lambda row: run_dense(dense, row)
    )


def _recurrent(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence")
    if value.bare is not None and not value.bare.is_masked:
        value = builder.pad(layer, value)
    if value.bare is not None and value.bare.is_shifted:
        raise shifted(layer)
    new = read_recurrent(layer)
    source = builder.add(new, value)
    if not new.return_sequences:
        return Value("vector", source, new.output_size)
    bare = None
    if value.bare is not None:
        # Keras zeroes the padded steps of these layers. A plain layer repeats the last state, which
        # is zero at padding that it reads first.
        is_zeroed = new.backward is not None or getattr(layer, "zero_output_for_mask", False)
        is_zeroed = is_zeroed or new.forward.reverse != builder.pads_front
        row = np.zeros(new.output_size, dtype=np.float32) if is_zeroed else None
        bare = Bare(row, not is_zeroed, is_masked=True, is_shifted=new.forward.reverse)
    return Value("sequence", source, new.output_size, value.steps, bare)


def _pooling(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence")
    check_options(layer, {"data_format": "channels_last", "keepdims": False})
    is_max = type(layer).__name__ == "GlobalMaxPooling1D"
    bare, row = value.bare, None
    if bare is not None and is_max:
        # A maximum ignores the mask, so that it includes the padded steps.
        if not bare.repeats:
            check_known(layer, bare)
            row = bare.row
    elif bare is not None and not bare.is_masked:
        value = builder.pad(layer, value)
    elif bare is not None and bare.is_shifted:
        raise shifted(layer)
    pad_row = None
    if row is not None and builder.padded_to is not None:
        pad_row = ir.PadRow(builder.padded_to, row)
    pooling = ir.Pooling(layer.name, ("max",) if is_max else ("average",), pad_row)
    return Value("vector", builder.add(pooling, value), value.size)


def _activation(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector", "weights", "scores")
    if value.form == "scores" and layer.get_config().get("activation") != "softmax":
        raise uncovered(layer, "a softmax of scores")
    if type(layer).__name__ == "ReLU":
        check_options(layer, {"max_value": None, "negative_slope": 0.0, "threshold": 0.0})
        affine = Affine(layer.name, None, None, "relu")
    elif layer.get_config()["activation"] == "softmax":
        return _column_softmax(builder, layer, value)
    else:
        affine = Affine(layer.name, None, None, read_activation(layer, "activation"))
    return builder.step_by_step(
        layer, value, affine, value.size, lambda row: run_affine(affine, row)
    )


def _leaky_relu(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector")
    slope = float(layer.negative_slope)
    if slope > 1:
        raise uncovered(layer, "negative_slope of at most 1")
    factors = np.full(value.size, slope, dtype=np.float32)
    affine = Affine(layer.name, factors, np.zeros_like(factors))
    scaled = builder.step_by_step(
        layer, value, affine, value.size, lambda row: np.maximum(row, row * factors)
    )
    larger = Combination(layer.name, "max", (value.source, scaled.source))
    return replace(scaled, source=builder.add(larger))


def _softmax(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector", "weights", "scores")
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if value.form == "sequence" and axis == 1:
        return read_time_softmax(builder, layer, value)
    if axis not in (-1, 2 if value.form in ("sequence", "scores") else 1):
        raise uncovered(layer, "axis 1 or -1")
    return _column_softmax(builder, layer, value)


def _column_softmax(builder: Builder, layer: KerasLayer, value: Value) -> Value:
    if value.form == "scores":
        return replace(value, form="shares")
    if value.form == "weights":
        return read_time_softmax(builder, layer, value)
    new = Softmax(layer.name, "columns")
    return builder.step_by_step(layer, value, new, value.size, softmax)


def read_time_softmax(builder: Builder, layer: KerasLayer, value: Value) -> Value:
    """Return the softmax of each column over all of Keras's steps."""
    value = builder.pad(layer, value)
    return replace(value, source=builder.add(Softmax(layer.name, "time"), value))


def _batch_normalization(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector")
    _check_last_axis(layer, value)
    one, zero = np.ones(value.size, dtype=np.float32), np.zeros(value.size, dtype=np.float32)
    gamma = array(layer.gamma) if layer.scale else one
    beta = array(layer.beta) if layer.center else zero
    # In double precision, because a small variance magnifies what is rounded here.
    variance = array(layer.moving_variance).astype(np.float64) + layer.epsilon
    factor = gamma / np.sqrt(variance)
    shift = beta - array(layer.moving_mean) * factor
    affine = Affine(layer.name, factor.astype(np.float32), shift.astype(np.float32))
    return builder.step_by_step(
        layer, value, affine, value.size, lambda row: run_affine(affine, row)
    )


def _layer_normalization(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector")
    _check_last_axis(layer, value)
    if getattr(layer, "rms_scaling", False):
        raise uncovered(layer, "rms_scaling=False")
    one, zero = np.ones(value.size, dtype=np.float32), np.zeros(value.size, dtype=np.float32)
    new = LayerNormalization(
        layer.name,
        array(layer.gamma) if layer.scale else one,
        array(layer.beta) if layer.center else zero,
        float(layer.epsilon),
    )
    return builder.step_by_step(
        layer, value, new, value.size, lambda row: run_normalization(new, row)
    )


def _check_last_axis(layer: KerasLayer, value: Value) -> None:
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if len(axes) != 1 or axes[0] not in (-1, 2 if value.form == "sequence" else 1):
        raise uncovered(layer, "axis=-1")


def _convolution(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = builder.pad(layer, call.one(layer, "sequence"))
    check_options(layer, {"data_format": "channels_last", "groups": 1})
    name = layer.get_config()["activation"]
    kernel = array(layer.kernel)
    new = Convolution(
        name=layer.name,
        kernel=kernel,
        bias=array(layer.bias) if layer.use_bias else np.zeros(kernel.shape[2], dtype=np.float32),
        border=layer.padding,
        stride=int(layer.strides[0]),
        dilation=int(layer.dilation_rate[0]),
        activation="linear" if name == "softmax" else read_activation(layer, "activation"),
    )
    steps = _window_count(value.steps, new.span, new.stride, new.border)
    result = Value("sequence", builder.add(new, value), new.output_size, steps)
    return _column_softmax(builder, layer, result) if name == "softmax" else result


def _window_pooling(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = builder.pad(layer, call.one(layer, "sequence"))
    check_options(layer, {"data_format": "channels_last"})
    size, stride = (
        int(x[0] if isinstance(x, list | tuple) else x) for x in (layer.pool_size, layer.strides)
    )
    reduction: ir.Reduction = "max" if type(layer).__name__ == "MaxPooling1D" else "average"
    new = WindowPooling(layer.name, reduction, size, stride, layer.padding)
    steps = _window_count(value.steps, size, stride, layer.padding)
    return replace(value, source=builder.add(new, value), steps=steps)


def _window_count(steps: int | None, span: int, stride: int, border: Border) -> int | None:
    if steps is None:
        return None
    return max(1, (steps - span) // stride + 1) if border == "valid" else -(-steps // stride)


_OPERATIONS: dict[str, Operation] = {
    "Concatenate": "concat",
    "Add": "sum",
    "Average": "ave",
    "Multiply": "mul",
    "Subtract": "sub",
    "Maximum": "max",
    "Minimum": "min",
}


def _combination(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    operation, inputs = _OPERATIONS[type(layer).__name__], call.inputs
    forms = {"sequence" if value.form == "spread" else value.form for value in inputs}
    has_copies = any(value.form == "spread" for value in inputs)
    if forms not in ({"sequence"}, {"vector"}, {"weights"}) or (has_copies and operation != "mul"):
        raise uncovered(layer, "inputs of one form: sequences of equal length, or vectors")
    if operation == "concat":
        inputs = tuple(builder.vector(layer, value) for value in inputs)
        if layer.axis not in (-1, 2 if forms == {"sequence"} else 1):
            raise uncovered(layer, "axis=-1")
    bare = None
    if all(value.bare is not None for value in inputs):
        bare = combined_padding(layer, operation, [x.bare for x in inputs if x.bare])
    else:
        inputs = tuple(_padded_beside(builder, layer, operation, value) for value in inputs)
    result = read_combination(builder, layer, operation, inputs)
    return replace(result, form="sequence" if has_copies else result.form, bare=bare)


def read_combination(
    builder: Builder, layer: KerasLayer, operation: Operation, inputs: Sequence[Value]
) -> Value:
    """Return a combination of inputs with equal padding.

    Raises:
        UncoveredError: their lengths differ.
    """
    if len({value.steps for value in inputs}) > 1:
        raise uncovered(layer, "sequences of equal length")
    sizes = [value.size for value in inputs]
    if operation != "concat" and not set(sizes) <= {1, max(sizes)}:
        raise uncovered(layer, "inputs of equal size")
    size = sum(sizes) if operation == "concat" else max(sizes)
    new = Combination(layer.name, operation, tuple(value.source for value in inputs))
    return replace(inputs[0], source=builder.add(new), size=size)


def _padded_beside(
    builder: Builder, layer: KerasLayer, operation: Operation, value: Value
) -> Value:
    """Return an input with padding, as Keras treats a masked one beside one without a mask."""
    neutral = get_neutral(layer, operation)
    if value.bare is None or not value.bare.is_masked or neutral is None:
        return builder.pad(layer, value)
    return builder.pad_with(layer, value, np.full(value.size, neutral, dtype=np.float32))


def _flatten(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "vector", "weights", "row")
    if value.form == "row":
        return replace(value, form="vector", steps=None)
    if value.form != "sequence":
        return value
    value = builder.pad(layer, value)
    if value.size == 1:
        return replace(value, form="weights")
    return builder.flatten(layer, value)


def _reshape(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value, target = call.one(layer), tuple(layer.target_shape)
    if len(target) == 1 and value.form != "copies":
        return _flatten(builder, layer, call)
    if target in ((value.steps, 1), (-1, 1)) and value.form == "weights":
        return replace(value, form="sequence")
    if value.form == "vector" and target in ((1, value.size), (1, -1)):
        return replace(value, form="row", steps=1)
    raise uncovered(layer, "a target_shape with one dimension")


def _repeat(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    del builder
    return replace(call.one(layer, "weights"), form="copies")


def _permute(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "copies", "sequence")
    if tuple(layer.dims) == (1, 2):
        return value
    if value.form == "copies":
        return replace(value, form="spread")
    value = builder.pad(layer, value)
    steps = builder.known_steps(layer, value)
    new = Transpose(layer.name, steps)
    return Value("sequence", builder.add(new, value), steps, value.size)


def _time_distributed(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    inner = type(layer.layer).__name__
    if inner not in ("Dense", "Activation", "ReLU", "LayerNormalization", "Dropout"):
        raise uncovered(layer, "TimeDistributed of a Dense layer")
    value = call.one(layer, "sequence")
    if inner == "Dropout":
        return value
    result = HANDLERS[inner](builder, layer.layer, call)
    if result.bare is None:
        return result
    return replace(result, bare=replace(result.bare, is_masked=passes_mask(layer)))


HANDLERS: dict[str, Handler] = {
    "Dense": _dense,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "SimpleRNN": _recurrent,
    "Bidirectional": _recurrent,
    "GlobalMaxPooling1D": _pooling,
    "GlobalAveragePooling1D": _pooling,
    "Activation": _activation,
    "ReLU": _activation,
    "LeakyReLU": _leaky_relu,
    "Softmax": _softmax,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Conv1D": _convolution,
    "MaxPooling1D": _window_pooling,
    "AveragePooling1D": _window_pooling,
    **dict.fromkeys(_OPERATIONS, _combination),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "RepeatVector": _repeat,
    "Permute": _permute,
    "TimeDistributed": _time_distributed,
}
