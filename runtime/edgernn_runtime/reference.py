"""The reference implementation of a `Network` in NumPy: slow and simple; engines must match it.

T is the number of tokens; the other letters are those of `edgernn_runtime.ir`. The cells are
Keras's LSTM, GRU and SimpleRNN. The dtype is that of the weights: float32 in a `Network`, float64
if the exporter measures rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.activations import activate, sigmoid, softmax
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import (
    CHECKSUMS,
    Array,
    Cell,
    ChainLayer,
    Dense,
    Direction,
    HashedNgrams,
    Layer,
    Merge,
    Network,
    PadRow,
    Pooling,
    Recurrent,
    Reduction,
)
from edgernn_runtime.ngrams import keys
from edgernn_runtime.reference_graph import run_graph_layer

Rounding = Callable[[Array], Array]
Step = Callable[[Array, Array, Array, Direction, Rounding], tuple[Array, Array]]


def probabilities(network: Network, ids: NDArray[np.int32]) -> Array:
    """Return the network's output for one text.

    Args:
        network: the classifier.
        ids: int32 [T], T at least 1, padded to `network.task.pad_to` if that is set.

    Returns:
        float32 [C]; the probability of the second label alone for a `binary` head.
    """
    parts = (network.embedding, network.layers, network.wide)
    return evaluate(*parts, network.task.head, ids)


def evaluate(
    embedding: Array | None,
    layers: tuple[Layer, ...],
    wide: HashedNgrams | None,
    head: Head,
    ids: NDArray[np.int32],
) -> Array:
    """Return the output of a model for one text; see `probabilities`.

    Args:
        embedding: [V, E], or None without a recurrent path.
        layers: the recurrent path's layers.
        wide: the wide path, or None.
        head: how logits become probabilities.
        ids: int32 [T], T at least 1.

    Returns:
        [C] in the dtype of the weights.
    """
    logits: list[Array] = [] if wide is None else [run_wide(wide, ids)]
    if embedding is not None:
        values = [embedding[ids]]
        for layer in layers:
            if isinstance(layer, ChainLayer):
                values.append(run_layer(layer, values[-1]))
            else:
                values.append(run_graph_layer(layer, values[-1], values))
        logits.append(values[-1])
    return _HEADS[head](logits[0] if len(logits) == 1 else logits[0] + logits[1])


def run_wide(wide: HashedNgrams, ids: NDArray[np.int32]) -> Array:
    """Return the wide path's logits [C] for ids int32 [T]."""
    found = keys(ids, wide.words, wide.patterns, len(wide.checksums))
    rows, checksums = np.divmod(found, CHECKSUMS)
    expected = np.concatenate([np.zeros(wide.words, dtype=np.uint8), wide.checksums])
    # In float64, so that the order of the words does not matter.
    total = wide.weights[rows[expected[rows] == checksums]].sum(axis=0, dtype=np.float64)
    if wide.projection is not None:
        total = total @ wide.projection
    return np.asarray(total + wide.bias, dtype=wide.weights.dtype)


def run_layer(layer: ChainLayer, x: Array) -> Array:
    """Return a layer's output for float32 x [T, I], or [I] behind the pooling."""
    if isinstance(layer, Recurrent):
        return run_recurrent(layer, x)
    return run_pooling(layer, x) if isinstance(layer, Pooling) else run_dense(layer, x)


def run_dense(layer: Dense, x: Array) -> Array:
    """Return activation(x W + b) for float32 x [..., I]: [..., O]."""
    return activate(layer.activation, x @ layer.kernel + layer.bias)


def run_pooling(layer: Pooling, x: Array) -> Array:
    """Return the reductions over time of float32 x [T, O], concatenated: [R * O]."""
    return np.concatenate([_reduced(reduction, layer.pad_row, x) for reduction in layer.reductions])


def _reduced(reduction: Reduction, pad_row: PadRow | None, x: Array) -> Array:
    if reduction == "average":
        return np.asarray(x.mean(axis=0), dtype=x.dtype)
    largest = np.asarray(x.max(axis=0), dtype=x.dtype)
    if pad_row is not None and len(x) < pad_row.length:
        return np.maximum(largest, pad_row.row)
    return largest


def run_recurrent(layer: Recurrent, x: Array) -> Array:
    """Return a recurrent layer's output for float32 x [T, I].

    Returns:
        [T, O] with `return_sequences`, in the reading order of the first direction; else [O], the
        last state of each direction.
    """
    rounds = layer.rounds_states
    states = [walk(direction, x, rounds_states=rounds)[0] for direction in layer.directions]
    output = merged(layer, states)
    return rounded(output) if layer.rounds_output else output


def merged(layer: Recurrent, outputs: list[Array]) -> Array:
    """Return a recurrent layer's output from its directions' hidden states, float32 [T, H]."""
    outputs = list(outputs)
    if not layer.return_sequences:
        outputs = [states[-1] for states in outputs]
    elif layer.backward is not None:
        outputs[1] = outputs[1][::-1]
    return outputs[0] if layer.backward is None else _MERGES[layer.merge](*outputs)


def rounded(states: Array) -> Array:
    """Return float states [..., H] within -1 and 1, rounded to multiples of 1/127, ties to even."""
    return np.asarray(np.rint(states * np.float32(127)) / np.float32(127), dtype=states.dtype)


def walk(direction: Direction, x: Array, *, rounds_states: bool = False) -> tuple[Array, Array]:
    """Return one direction's hidden and cell states over x [T, I], in its reading order.

    Args:
        direction: the weights.
        x: the input, float32 [T, I].
        rounds_states: whether states are rounded to multiples of 1/127 before products.

    Returns:
        Two arrays [T, H]; the second is zero except for an LSTM.
    """
    step = _STEPS[direction.cell]
    if direction.cell == "gru" and not direction.reset_after:
        step = _gru_before
    hidden = np.zeros(direction.hidden_size, dtype=x.dtype)
    cell = np.zeros_like(hidden)
    states, cells = [], []
    for token in x[::-1] if direction.reverse else x:
        hidden, cell = step(token, hidden, cell, direction, rounded if rounds_states else _as_is)
        states.append(hidden)
        cells.append(cell)
    return np.stack(states), np.stack(cells)


def _as_is(state: Array) -> Array:
    return state


def _lstm(
    x: Array, hidden: Array, cell: Array, weights: Direction, taken: Rounding
) -> tuple[Array, Array]:
    gates = x @ weights.kernel + taken(hidden) @ weights.recurrent + weights.bias
    raw_input, raw_forget, raw_candidate, raw_output = np.split(gates, 4)
    input_gate, forget_gate, output_gate = (
        activate(weights.gate_activation, raw) for raw in (raw_input, raw_forget, raw_output)
    )
    cell = forget_gate * cell + input_gate * activate(weights.activation, raw_candidate)
    return output_gate * activate(weights.activation, cell), cell


def _gru_after(
    x: Array, hidden: Array, cell: Array, weights: Direction, taken: Rounding
) -> tuple[Array, Array]:
    """Apply the reset gate after the recurrent product (`reset_after=True`)."""
    from_input = np.split(x @ weights.kernel + weights.bias[0], 3)
    from_hidden = np.split(taken(hidden) @ weights.recurrent + weights.bias[1], 3)
    update = activate(weights.gate_activation, from_input[0] + from_hidden[0])
    reset = activate(weights.gate_activation, from_input[1] + from_hidden[1])
    candidate = activate(weights.activation, from_input[2] + reset * from_hidden[2])
    return update * hidden + (1 - update) * candidate, cell


def _gru_before(
    x: Array, hidden: Array, cell: Array, weights: Direction, taken: Rounding
) -> tuple[Array, Array]:
    """Apply the reset gate before the recurrent product (`reset_after=False`)."""
    from_input = np.split(x @ weights.kernel + weights.bias, 3)
    kernels = np.split(weights.recurrent, 3, axis=1)
    update = activate(weights.gate_activation, from_input[0] + taken(hidden) @ kernels[0])
    reset = activate(weights.gate_activation, from_input[1] + taken(hidden) @ kernels[1])
    candidate = activate(weights.activation, from_input[2] + taken(reset * hidden) @ kernels[2])
    return update * hidden + (1 - update) * candidate, cell


def _rnn(
    x: Array, hidden: Array, cell: Array, weights: Direction, taken: Rounding
) -> tuple[Array, Array]:
    total = x @ weights.kernel + taken(hidden) @ weights.recurrent + weights.bias
    return activate(weights.activation, total), cell


_STEPS: dict[Cell, Step] = {"lstm": _lstm, "gru": _gru_after, "rnn": _rnn}
_MERGES: dict[Merge, Callable[[Array, Array], Array]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / np.float32(2),
    "mul": lambda a, b: a * b,
}
_HEADS: dict[Head, Callable[[Array], Array]] = {
    "binary": sigmoid,
    "multiclass": softmax,
    "multilabel": sigmoid,
}
