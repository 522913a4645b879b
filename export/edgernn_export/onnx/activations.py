"""Activations as ONNX operators, and as attributes of its recurrent operators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from edgernn_export.onnx.graph import GraphBuilder
from edgernn_runtime.ir import Activation

#: The name of each activation in the recurrent operators, with its alpha and beta, if any.
RECURRENT: dict[Activation, tuple[str, tuple[float, ...], tuple[float, ...]]] = {
    "linear": ("Affine", (1.0,), (0.0,)),
    "relu": ("Relu", (), ()),
    "tanh": ("Tanh", (), ()),
    "sigmoid": ("Sigmoid", (), ()),
    "hard_sigmoid": ("HardSigmoid", (1 / 6,), (0.5,)),
    "elu": ("Elu", (1.0,), ()),
    "softplus": ("Softplus", (), ()),
    "softsign": ("Softsign", (), ()),
}


def activate(graph: GraphBuilder, name: Activation, x: str) -> str:
    """Return an activation of x, elementwise."""
    return _BUILD[name](graph, x)


def _one(operator: str, **attributes: Any) -> Callable[[GraphBuilder, str], str]:
    return lambda graph, x: graph.node(operator, [x], **attributes)


def _relu6(graph: GraphBuilder, x: str) -> str:
    return graph.node("Clip", [x, graph.scalar(0.0), graph.scalar(6.0)])


def _silu(graph: GraphBuilder, x: str) -> str:
    return graph.node("Mul", [x, graph.node("Sigmoid", [x])])


def _gelu(graph: GraphBuilder, x: str) -> str:
    """Return x (1 + erf(x / sqrt(2))) / 2."""
    error = graph.node("Erf", [graph.node("Mul", [x, graph.scalar(math.sqrt(0.5))])])
    doubled = graph.node("Mul", [x, graph.node("Add", [error, graph.scalar(1.0)])])
    return graph.node("Mul", [doubled, graph.scalar(0.5)])


_BUILD: dict[Activation, Callable[[GraphBuilder, str], str]] = {
    "linear": lambda _graph, x: x,
    "relu": _one("Relu"),
    "relu6": _relu6,
    "tanh": _one("Tanh"),
    "sigmoid": _one("Sigmoid"),
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "elu": _one("Elu"),
    "selu": _one("Selu"),
    "softplus": _one("Softplus"),
    "softsign": _one("Softsign"),
    "silu": _silu,
    "gelu": _gelu,
}
