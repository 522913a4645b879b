"""The reader of layers that weigh the steps of a sequence, and of sums over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgernn_export.keras.graph_layers import (
    HANDLERS,
    Call,
    Handler,
    read_combination,
    read_time_softmax,
)
from edgernn_export.keras.graph_state import Bare, Builder, KerasLayer, Value, shifted, uncovered
from edgernn_export.keras.layers import array
from edgernn_runtime import ir
from edgernn_runtime.ir_graph import Attention, Operation, TimeSum


def _attention(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    query, value, key = _aligned(builder, layer, call.inputs)
    _check_call(layer, call)
    vector, scale = None, 1.0
    if type(layer).__name__ == "AdditiveAttention":
        ones = np.ones(query.size, dtype=np.float32)
        vector = array(layer.scale) if layer.use_scale else ones
    elif layer.score_mode != "dot":
        raise uncovered(layer, "score_mode='dot', or AdditiveAttention")
    elif layer.use_scale:
        scale = float(np.asarray(layer.scale))
    new = Attention(
        name=layer.name,
        sources=(query.source, key.source, value.source),
        longest=_longest(builder, layer, (query, value, key)),
        scale=scale,
        vector=vector,
        is_causal=bool(call.options.get("use_causal_mask")),
    )
    bare = query.bare
    if bare is not None:
        # Keras zeroes the padded steps.
        bare = Bare(np.zeros(value.size, dtype=np.float32), repeats=False, is_masked=True)
    return Value("sequence", builder.add(new), value.size, query.steps, bare)


def _multi_head(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    config = layer.get_config()
    for option in ("use_gate", "sliding_window"):
        if config.get(option):
            raise uncovered(layer, f"{option}={None if option != 'use_gate' else False}")
    _check_call(layer, call)
    query, value, key = _aligned(builder, layer, call.inputs)
    if len(array(layer.output_dense.kernel).shape) != 3 or config.get("output_shape"):
        raise uncovered(layer, "an output as wide as the query")
    longest = _longest(builder, layer, (query, value, key))
    read = [
        _projected(builder, f"{layer.name}/{name}", one, dense)
        for name, one, dense in (
            ("query", query, layer.query_dense),
            ("key", key, layer.key_dense),
            ("value", value, layer.value_dense),
        )
    ]
    new = Attention(
        name=layer.name,
        sources=(read[0].source, read[1].source, read[2].source),
        longest=longest,
        heads=int(config["num_heads"]),
        scale=float(config["key_dim"]) ** -0.5,
        is_causal=bool(call.options.get("use_causal_mask")),
    )
    result = replace(read[2], source=builder.add(new), steps=query.steps)
    result = _projected(builder, f"{layer.name}/output", result, layer.output_dense)
    # What Keras computes for a padded query is of no use, but of no constant value.
    bare = None if query.bare is None else replace(query.bare, row=None, repeats=False)
    return replace(result, bare=bare)


def _projected(builder: Builder, name: str, value: Value, layer: KerasLayer) -> Value:
    """Return the product of a sequence and the kernel of an EinsumDense layer."""
    kernel = array(layer.kernel).reshape(value.size, -1)
    zeros = np.zeros(kernel.shape[1], dtype=np.float32)
    bias = zeros if layer.bias is None else array(layer.bias).reshape(-1)
    dense = ir.Dense(name, kernel, bias)
    return replace(value, source=builder.add(dense, value), size=dense.output_size)


def _aligned(
    builder: Builder, layer: KerasLayer, inputs: tuple[Value, ...]
) -> tuple[Value, Value, Value]:
    """Return query, value and key, which all have Keras's padding or are all masked."""
    if any(one.form != "sequence" for one in inputs) or len(inputs) not in (2, 3):
        raise uncovered(layer, "two or three sequences")
    masked = {one.bare is not None and one.bare.is_masked for one in inputs}
    if len(masked) > 1:
        raise uncovered(layer, "inputs that are all masked, or none of them")
    if any(one.bare is not None and one.bare.is_shifted for one in inputs):
        raise shifted(layer)
    if masked == {False}:
        inputs = tuple(builder.pad(layer, one) for one in inputs)
    query, value, *keys = inputs
    return query, value, keys[0] if keys else value


def _longest(builder: Builder, layer: KerasLayer, inputs: tuple[Value, ...]) -> int:
    lengths = (
        builder.known_steps(layer, one) if one.bare is None else builder.padded_to or 0
        for one in inputs
    )
    return max(lengths)


def _check_call(layer: KerasLayer, call: Call) -> None:
    for option in ("attention_mask", "return_attention_scores"):
        found: Any = call.options.get(option)
        if found is not None and found is not False:
            raise uncovered(layer, f"a call without {option}")


def _dot(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    if len(call.inputs) != 2 or layer.normalize:
        raise uncovered(layer, "two inputs and normalize=False")
    first, second = call.inputs
    axes = tuple(layer.axes) if isinstance(layer.axes, list | tuple) else (layer.axes, layer.axes)
    axes = tuple(axis if axis >= 0 else axis + 3 for axis in axes)
    if axes == (2, 2) and first.form == second.form == "sequence":
        pair = (builder.pad(layer, first), builder.pad(layer, second))
        return Value("scores", pair=pair)
    if axes == (2, 1) and first.form == "shares":
        return _weighted_values(builder, layer, first, second)
    is_weighted = any(one.form == "weights" or one.size == 1 for one in call.inputs)
    forms = {one.form for one in call.inputs}
    if axes == (1, 1) and is_weighted and forms <= {"weights", "sequence"} and len(forms) >= 1:
        has_vector = "weights" in forms
        padded = [replace(builder.pad(layer, one), form="sequence") for one in call.inputs]
        product = read_combination(builder, layer, "mul", padded)
        source = builder.add(TimeSum(layer.name), product)
        return Value("vector" if has_vector else "row", source, product.size, 1)
    raise uncovered(
        layer, "weights of steps and a sequence with axes=1, or the scores of a product"
    )


def _weighted_values(builder: Builder, layer: KerasLayer, shares: Value, value: Value) -> Value:
    if value.form != "sequence":
        raise uncovered(layer, "a sequence")
    value = builder.pad(layer, value)
    query, key = shares.pair
    new = Attention(
        name=layer.name,
        sources=(query.source, key.source, value.source),
        longest=_longest(builder, layer, (query, value, key)),
    )
    return Value("sequence", builder.add(new), value.size, query.steps)


def _reduction(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    """Return the output of keras.ops.sum, mean or max over time."""
    value = call.one(layer, "sequence")
    axis = layer.axis[0] if isinstance(layer.axis, list | tuple) else layer.axis
    if axis not in (1, -2) or layer.keepdims:
        raise uncovered(layer, "axis=1 and keepdims=False")
    return _over_time(builder, layer, value, type(layer).__name__.lower())


def _over_time(builder: Builder, layer: KerasLayer, value: Value, name: str) -> Value:
    value = builder.pad(layer, value)
    new: ir.Layer = TimeSum(layer.name)
    if name != "sum":
        new = ir.Pooling(layer.name, ("max" if name == "max" else "average",))
    return Value("vector", builder.add(new, value), value.size)


_OPERATORS: dict[str, Operation] = {"Add": "sum", "Multiply": "mul", "Subtract": "sub"}


def _operator(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    """Return the sum or product of two tensors by an operator, which passes no mask."""
    operation = _OPERATORS[type(layer).__name__]
    forms = {one.form for one in call.inputs}
    if len(call.inputs) != 2 or forms not in ({"sequence"}, {"vector"}):
        raise uncovered(layer, "two sequences or two vectors")
    padded = [builder.pad(layer, one) for one in call.inputs]
    return read_combination(builder, layer, operation, padded)


def _operator_softmax(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "weights", "scores")
    if value.form == "sequence" and layer.axis == 1:
        return read_time_softmax(builder, layer, value)
    return HANDLERS["Softmax"](builder, layer, call)


def _squeeze(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    value = call.one(layer, "sequence", "row")
    if value.form == "row" and layer.axis == 1:
        return replace(value, form="vector", steps=None)
    if value.size != 1 or layer.axis not in (-1, 2):
        raise uncovered(layer, "a sequence of one column")
    return replace(builder.pad(layer, value), form="weights")


def _expand(builder: Builder, layer: KerasLayer, call: Call) -> Value:
    del builder
    value = call.one(layer, "weights")
    if layer.axis not in (-1, 2):
        raise uncovered(layer, "axis=-1")
    return replace(value, form="sequence")


ATTENTION_HANDLERS: dict[str, Handler] = {
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "MultiHeadAttention": _multi_head,
    "Dot": _dot,
    # Functions of keras.ops, which are no layers.
    "ops.Sum": _reduction,
    "ops.Mean": _reduction,
    "ops.Max": _reduction,
    "ops.Add": _operator,
    "ops.Multiply": _operator,
    "ops.Subtract": _operator,
    "ops.Softmax": _operator_softmax,
    "ops.Squeeze": _squeeze,
    "ops.ExpandDims": _expand,
}
