"""The definition of a Network's answer, in NumPy: slow, obvious, and what engines are held to.

T is the number of tokens; the other letters are those of `edgernn_runtime.network`. The cells are
those of the Keras layers LSTM, GRU and SimpleRNN with their default activations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.network import (
    Activation,
    Array,
    Cell,
    Dense,
    Direction,
    Head,
    Merge,
    Network,
    Recurrent,
)

Step = Callable[[Array, Array, Array, Direction], tuple[Array, Array]]


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) without overflow, by the identity with tanh."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, dtype=np.float32)


def softmax(x: Array) -> Array:
    """Return the softmax over the last axis, shifted by the maximum against overflow."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), dtype=np.float32)


def probabilities(network: Network, ids: NDArray[np.int32]) -> Array:
    """Return the network's output for one text.

    Args:
        network: the classifier.
        ids: int32 [T], T at least 1; padded already where `network.pad_to` asks for it.

    Returns:
        float32 [C]; one number, the second label's probability, where the head is `binary`.
    """
    x = network.embedding[ids]
    for layer in network.recurrent:
        x = run_recurrent(layer, x)
    for dense in network.dense:
        x = run_dense(dense, x)
    return _HEADS[network.head](x)


def run_dense(layer: Dense, x: Array) -> Array:
    """Return activation(x W + b) for x of shape [I]: [O]."""
    return _ACTIVATIONS[layer.activation](x @ layer.kernel + layer.bias)


def run_recurrent(layer: Recurrent, x: Array) -> Array:
    """Return a recurrent layer's output for x of shape [T, I].

    Returns:
        [T, O] with `return_sequences`, in the order of the tokens for both directions; else [O],
        each direction's last state (the backward one's stands at the first token).
    """
    outputs = [_walk(layer, layer.forward, x)]
    if layer.backward is not None:
        outputs.append(_walk(layer, layer.backward, x[::-1])[::-1])
    if not layer.return_sequences:
        outputs = [states[-1 if i == 0 else 0] for i, states in enumerate(outputs)]
    return outputs[0] if layer.backward is None else _MERGES[layer.merge](*outputs)


def _walk(layer: Recurrent, direction: Direction, x: Array) -> Array:
    """Return the hidden states [T, H] of one direction over x [T, I]."""
    step = _STEPS[layer.cell] if layer.cell != "gru" or layer.reset_after else _gru_before
    hidden = np.zeros(direction.hidden_size, dtype=np.float32)
    cell = np.zeros_like(hidden)
    states = []
    for token in x:
        hidden, cell = step(token, hidden, cell, direction)
        states.append(hidden)
    return np.stack(states)


def _lstm(x: Array, hidden: Array, cell: Array, weights: Direction) -> tuple[Array, Array]:
    gates = x @ weights.kernel + hidden @ weights.recurrent + weights.bias
    input_gate, forget_gate, candidate, output_gate = np.split(gates, 4)
    cell = sigmoid(forget_gate) * cell + sigmoid(input_gate) * np.tanh(candidate)
    return sigmoid(output_gate) * np.tanh(cell), cell


def _gru_after(x: Array, hidden: Array, cell: Array, weights: Direction) -> tuple[Array, Array]:
    """Apply the reset gate after the recurrent product (`reset_after=True`)."""
    from_input = np.split(x @ weights.kernel + weights.bias[0], 3)
    from_hidden = np.split(hidden @ weights.recurrent + weights.bias[1], 3)
    update = sigmoid(from_input[0] + from_hidden[0])
    reset = sigmoid(from_input[1] + from_hidden[1])
    candidate = np.tanh(from_input[2] + reset * from_hidden[2])
    return update * hidden + (1 - update) * candidate, cell


def _gru_before(x: Array, hidden: Array, cell: Array, weights: Direction) -> tuple[Array, Array]:
    """Apply the reset gate before the recurrent product (`reset_after=False`)."""
    from_input = np.split(x @ weights.kernel + weights.bias, 3)
    kernels = np.split(weights.recurrent, 3, axis=1)
    update = sigmoid(from_input[0] + hidden @ kernels[0])
    reset = sigmoid(from_input[1] + hidden @ kernels[1])
    candidate = np.tanh(from_input[2] + (reset * hidden) @ kernels[2])
    return update * hidden + (1 - update) * candidate, cell


def _rnn(x: Array, hidden: Array, cell: Array, weights: Direction) -> tuple[Array, Array]:
    return np.tanh(x @ weights.kernel + hidden @ weights.recurrent + weights.bias), cell


_STEPS: dict[Cell, Step] = {"lstm": _lstm, "gru": _gru_after, "rnn": _rnn}
_MERGES: dict[Merge, Callable[[Array, Array], Array]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / np.float32(2),
    "mul": lambda a, b: a * b,
}
_ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}
_HEADS: dict[Head, Callable[[Array], Array]] = {
    "binary": sigmoid,
    "multiclass": softmax,
    "multilabel": sigmoid,
}
