"""The intermediate representation (IR): a text classifier as plain data, the input of every target.

It consists of NumPy arrays, independent of frameworks and file formats. V is the vocabulary's
size, E the embedding's dimension, I a layer's input size, H its hidden size, O its output size, B a
number of buckets, C the number of outputs. Arrays are float32 unless stated otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.heads import Head
from edgernn_runtime.ir_graph import GraphLayer
from edgernn_runtime.ir_types import Activation, Array
from edgernn_runtime.tokenizer import PadSide, TokenizerSpec

__all__ = [
    "CHECKSUMS",
    "GATES",
    "Activation",
    "Array",
    "Cell",
    "ChainLayer",
    "Dense",
    "Direction",
    "HashedNgrams",
    "Layer",
    "Merge",
    "Network",
    "PadRow",
    "Pattern",
    "Pooling",
    "Recurrent",
    "Reduction",
    "Task",
]

Cell = Literal["lstm", "gru", "rnn"]
Merge = Literal["concat", "sum", "ave", "mul"]
Reduction = Literal["max", "average"]
Pattern = Literal["bigram", "trigram", "skip"]

#: Number of gates of a cell, in Keras's order: LSTM input, forget, cell, output; GRU update, reset,
#: candidate.
GATES: dict[Cell, int] = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True)
class Direction:
    """The weights of one cell in one direction of time; G is the cell's number of gates.

    Attributes:
        cell: the kind of cell.
        kernel: input weights, [I, G*H].
        recurrent: hidden state weights, [H, G*H].
        bias: [G*H]; [2, G*H] for a GRU with `reset_after`: input bias, recurrent bias.
        activation: the activation of the candidate, and of the cell state in an LSTM's output.
        gate_activation: the activation of the gates; ignored for `rnn`, which has no gates.
        reset_after: whether a GRU applies the reset gate after the recurrent product.
        reverse: whether it reads from the last token to the first.
    """

    cell: Cell
    kernel: Array
    recurrent: Array
    bias: Array
    activation: Activation = "tanh"
    gate_activation: Activation = "sigmoid"
    reset_after: bool = True
    reverse: bool = False

    @property
    def input_size(self) -> int:
        """I, the input size of each step."""
        return int(self.kernel.shape[0])

    @property
    def hidden_size(self) -> int:
        """H, the size of the hidden state."""
        return int(self.recurrent.shape[0])


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer, unidirectional or bidirectional.

    Attributes:
        name: the Keras layer's name, for messages.
        forward: the first direction; it is reversed in a unidirectional layer with `go_backwards`.
        backward: the second direction, reversed relative to the first, or None.
        merge: how the outputs of two directions are combined; `concat` adds up their sizes.
        return_sequences: whether the output is every hidden state [T, O], in the reading order of
            the first direction, or the last hidden state [O].
        rounds_states: whether states are rounded to multiples of 1/127 before products, as int8 of
            that scale.
        rounds_output: whether the output is rounded in the same way, for the next layer's products.
    """

    name: str
    forward: Direction
    backward: Direction | None = None
    merge: Merge = "concat"
    return_sequences: bool = False
    rounds_states: bool = False
    rounds_output: bool = False

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The layer's one or two directions, the first one first."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)

    @property
    def output_size(self) -> int:
        """O, the size of the output at each step."""
        sizes = [direction.hidden_size for direction in self.directions]
        return sum(sizes) if self.merge == "concat" else sizes[0]

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(d.kernel.size + d.recurrent.size + d.bias.size for d in self.directions)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer, applied to each step of a sequence.

    Attributes:
        name: the Keras layer's name, for messages.
        kernel: [I, O].
        bias: [O].
        activation: the activation of the output.
    """

    name: str
    kernel: Array
    bias: Array
    activation: Activation = "linear"

    @property
    def output_size(self) -> int:
        """O, the size of the output."""
        return int(self.kernel.shape[1])

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.kernel.size + self.bias.size


@dataclass(frozen=True)
class PadRow:
    """The padded step that Keras includes in a pooling if a text is shorter than the padding.

    Attributes:
        length: the length to which Keras pads, in tokens.
        row: the value of a padded step at the pooling's input, [O].
    """

    length: int
    row: Array


@dataclass(frozen=True)
class Pooling:
    """One or more reductions over time, concatenated: [T, O] to [R * O] for R reductions.

    Attributes:
        name: the Keras layer's name, for messages.
        reductions: maximum or mean of each column, in the order of concatenation.
        pad_row: a padded step that a maximum includes, or None.
    """

    name: str
    reductions: tuple[Reduction, ...]
    pad_row: PadRow | None = None

    parameters: ClassVar[int] = 0


#: The layers of a chain: each reads the output of the one before it.
ChainLayer = Recurrent | Pooling | Dense
Layer = ChainLayer | GraphLayer


@dataclass(frozen=True)
class Task:
    """The inputs and outputs of a text classifier, independent of its layers.

    Attributes:
        tokenizer: the rules that turn a text into ids.
        vocabulary: V tokens of UTF-8, the index being the id.
        head: how C logits become probabilities: `binary` is one sigmoid, `multiclass` a softmax,
            `multilabel` C sigmoids.
        labels: the names of the classes: two for a `binary` head, else C.
        pad_to: the length to which Keras pads the ids if its output depends on the padding; None
            if ids without padding give the same output.
        pad_side: the side of that padding.
    """

    tokenizer: TokenizerSpec
    vocabulary: tuple[bytes, ...]
    head: Head
    labels: tuple[str, ...]
    pad_to: int | None = None
    pad_side: PadSide = "post"

    @property
    def outputs(self) -> int:
        """C, the number of logits."""
        return 1 if self.head == "binary" else len(self.labels)


#: The number of checksums of hashed n-grams: one byte each.
CHECKSUMS = 256


@dataclass(frozen=True)
class HashedNgrams:
    """The wide path: weights of words and hashed n-grams, summed over a text.

    Each distinct word or n-gram of a text counts once. `docs/wide.md` specifies the hash;
    `edgernn_runtime.ngrams` computes it.

    Attributes:
        name: the Keras layer's name, for messages.
        patterns: the n-grams that are hashed.
        weights: [V + B, D]: the rows of the words, then those of the buckets.
        checksums: uint8 [B]; an n-gram is ignored if its checksum differs from its bucket's.
        projection: [D, C], or None if D is C.
        bias: [C].
    """

    name: str
    patterns: tuple[Pattern, ...]
    weights: Array
    checksums: NDArray[np.uint8]
    projection: Array | None
    bias: Array

    @property
    def words(self) -> int:
        """V, the number of words."""
        return len(self.weights) - len(self.checksums)

    @property
    def parameters(self) -> int:
        """The number of weights, checksums included."""
        projection = 0 if self.projection is None else self.projection.size
        return self.weights.size + self.checksums.size + projection + self.bias.size


@dataclass(frozen=True)
class Network:
    """A text classifier: a recurrent path, a wide path, or the sum of their logits.

    Attributes:
        task: tokenizer, vocabulary, head and labels.
        embedding: [V, E], or None without a recurrent path.
        layers: the recurrent path's layers in order; empty without a recurrent path. The last is a
            `linear` Dense layer on a vector, whose C outputs are the logits.
        wide: the wide path, or None.
    """

    task: Task
    embedding: Array | None
    layers: tuple[Layer, ...]
    wide: HashedNgrams | None = None

    @property
    def parameters(self) -> int:
        """The number of weights."""
        embedding = 0 if self.embedding is None else self.embedding.size
        wide = 0 if self.wide is None else self.wide.parameters
        return embedding + sum(layer.parameters for layer in self.layers) + wide
