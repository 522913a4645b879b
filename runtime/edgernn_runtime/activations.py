"""Activations in NumPy, in the dtype of their argument."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from edgernn_runtime.ir_types import Activation, Array


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) of float x [...], computed with tanh, which cannot overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, dtype=x.dtype)


def softmax(x: Array) -> Array:
    """Return the softmax of float x [..., C] over the last axis; it cannot overflow."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), dtype=x.dtype)


def activate(name: Activation, x: Array) -> Array:
    """Return an activation of float x [...], elementwise, in the dtype of x."""
    return np.asarray(_ACTIVATIONS[name](x), dtype=x.dtype)


def _selu(x: Array) -> Array:
    """Return the scaled ELU, with the constants of Klambauer et al. 2017."""
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return np.asarray(scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


def _gelu(x: Array) -> Array:
    """Return x times the normal distribution function (the exact GELU)."""
    return np.asarray([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.ravel()]).reshape(
        x.shape
    )


_ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "relu6": lambda x: np.clip(x, 0, 6),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": _selu,
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x * sigmoid(x),
    "gelu": _gelu,
}
