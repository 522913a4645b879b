"""Activations as TFLite operators."""

from __future__ import annotations

from collections.abc import Callable

from ai_edge_litert import schema_py_generated as schema

from edgernn_export.tflite.graph import GraphBuilder
from edgernn_runtime.ir import Activation

Shape = tuple[int, ...]
Build = Callable[[GraphBuilder, int, Shape], int]

#: The activations of a candidate that the fused recurrent operators support.
FUSED: dict[Activation, int] = {
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
    "tanh": schema.ActivationFunctionType.TANH,
}


def activate(graph: GraphBuilder, name: Activation, x: int, shape: Shape) -> int:
    """Return an activation of x, elementwise."""
    return _BUILD[name](graph, x, shape)


def _one(operator: str) -> Build:
    return lambda graph, x, shape: graph.add(operator, [x], shape)


def _hard_sigmoid(graph: GraphBuilder, x: int, shape: Shape) -> int:
    """Return relu6(x + 3) / 6."""
    clipped = graph.add("RELU6", [graph.add("ADD", [x, graph.scalar(3.0)], shape)], shape)
    return graph.add("MUL", [clipped, graph.scalar(1 / 6)], shape)


def _selu(graph: GraphBuilder, x: int, shape: Shape) -> int:
    """Return scale * (relu(x) + alpha * elu(min(x, 0)))."""
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    below = graph.add("ELU", [graph.add("MINIMUM", [x, graph.scalar(0.0)], shape)], shape)
    scaled = graph.add("MUL", [below, graph.scalar(alpha)], shape)
    total = graph.add("ADD", [graph.add("RELU", [x], shape), scaled], shape)
    return graph.add("MUL", [total, graph.scalar(scale)], shape)


def _softplus(graph: GraphBuilder, x: int, shape: Shape) -> int:
    """Return relu(x) + log(1 + exp(-|x|)), which does not overflow."""
    size = graph.add("NEG", [graph.add("ABS", [x], shape)], shape)
    one_more = graph.add("ADD", [graph.add("EXP", [size], shape), graph.scalar(1.0)], shape)
    below = graph.add("LOG", [one_more], shape)
    return graph.add("ADD", [graph.add("RELU", [x], shape), below], shape)


def _softsign(graph: GraphBuilder, x: int, shape: Shape) -> int:
    """Return x / (1 + |x|)."""
    size = graph.add("ADD", [graph.add("ABS", [x], shape), graph.scalar(1.0)], shape)
    return graph.add("DIV", [x, size], shape)


def _silu(graph: GraphBuilder, x: int, shape: Shape) -> int:
    return graph.add("MUL", [x, graph.add("LOGISTIC", [x], shape)], shape)


_BUILD: dict[Activation, Build] = {
    "linear": lambda _graph, x, _shape: x,
    "relu": _one("RELU"),
    "relu6": _one("RELU6"),
    "tanh": _one("TANH"),
    "sigmoid": _one("LOGISTIC"),
    "hard_sigmoid": _hard_sigmoid,
    "elu": _one("ELU"),
    "selu": _selu,
    "softplus": _softplus,
    "softsign": _softsign,
    "silu": _silu,
    "gelu": lambda graph, x, shape: graph.add("GELU", [x], shape, approximate=False),
}
