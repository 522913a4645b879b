"""A recurrent text classifier as plain data: what every writer gets, and all that it gets.

No framework and no file format, only NumPy arrays. V is the vocabulary's size, E the embedding's
dimension, I a layer's input dimension, H its hidden size, C the number of outputs. All arrays are
float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.tokenizer import TokenizerSpec

Array = NDArray[np.float32]
Cell = Literal["lstm", "gru", "rnn"]
Merge = Literal["concat", "sum", "ave", "mul"]
Activation = Literal["linear", "relu", "tanh", "sigmoid"]
Head = Literal["binary", "multiclass", "multilabel"]

#: Gates a cell computes at each step, in Keras's order: LSTM input, forget, cell, output; GRU
#: update, reset, candidate.
GATES: dict[Cell, int] = {"lstm": 4, "gru": 3, "rnn": 1}
HEADS: tuple[Head, ...] = ("binary", "multiclass", "multilabel")


@dataclass(frozen=True)
class Direction:
    """The weights of one cell that walks a sequence one way; G is the cell's number of gates.

    Attributes:
        kernel: input weights, [I, G*H].
        recurrent: hidden state weights, [H, G*H].
        bias: [G*H]; [2, G*H] for a GRU with `reset_after`, the input's and the recurrent one.
    """

    kernel: Array
    recurrent: Array
    bias: Array

    @property
    def hidden_size(self) -> int:
        """H, the size of the hidden state."""
        return int(self.recurrent.shape[0])


@dataclass(frozen=True)
class Recurrent:
    """One recurrent layer, plain or bidirectional, with Keras's default activations.

    Attributes:
        name: the Keras layer's name, for messages.
        cell: the kind of cell.
        forward: the cell that walks from the first token to the last.
        backward: the cell that walks the other way, or None for a plain layer.
        merge: how the two directions become one output; `concat` doubles its size.
        return_sequences: whether the output is every hidden state [T, .] or the last [.].
        reset_after: a GRU's order of reset gate and recurrent product.
    """

    name: str
    cell: Cell
    forward: Direction
    backward: Direction | None = None
    merge: Merge = "concat"
    return_sequences: bool = False
    reset_after: bool = True

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The layer's one or two directions, forward first."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer.

    Attributes:
        name: the Keras layer's name, for messages.
        kernel: [I, O].
        bias: [O].
        activation: what is applied to the result.
    """

    name: str
    kernel: Array
    bias: Array
    activation: Activation = "linear"


@dataclass(frozen=True)
class Network:
    """A text classifier: tokenizer, embedding, recurrent layers, dense layers, labels.

    Attributes:
        tokenizer: the rules that turn a text into ids.
        vocabulary: V tokens of UTF-8, the index being the id.
        embedding: [V, E]; the rows of the first V ids.
        recurrent: the recurrent layers in order; only the last may drop the sequence.
        dense: the dense layers in order; the last one's activation is `linear`, its C outputs
            are the logits.
        head: what makes probabilities of the logits: `binary` a sigmoid of one logit, `multiclass`
            a softmax of C, `multilabel` C sigmoids.
        labels: the names of the classes; two where the head is `binary`, else C.
        pad_to: the length to which Keras pads the ids, where its answer depends on the padding;
            None where bare ids give the same answer.
    """

    tokenizer: TokenizerSpec
    vocabulary: tuple[bytes, ...]
    embedding: Array
    recurrent: tuple[Recurrent, ...]
    dense: tuple[Dense, ...]
    head: Head
    labels: tuple[str, ...]
    pad_to: int | None = None

    @property
    def outputs(self) -> int:
        """C, the number of logits."""
        return int(self.dense[-1].kernel.shape[1])

    @property
    def parameters(self) -> int:
        """The number of weights."""
        cells = [direction for layer in self.recurrent for direction in layer.directions]
        return (
            self.embedding.size
            + sum(cell.kernel.size + cell.recurrent.size + cell.bias.size for cell in cells)
            + sum(layer.kernel.size + layer.bias.size for layer in self.dense)
        )
