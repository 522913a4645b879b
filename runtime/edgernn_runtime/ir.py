"""A text classifier as plain data: the intermediate representation that every target gets.

No framework and no file format, only NumPy arrays. V is the vocabulary's size, E the embedding's
dimension, I a layer's input dimension, H its hidden size, B a number of buckets, C the number of
outputs. All arrays are float32 unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.heads import Head
from edgernn_runtime.tokenizer import TokenizerSpec

Array = NDArray[np.float32]
Cell = Literal["lstm", "gru", "rnn"]
Merge = Literal["concat", "sum", "ave", "mul"]
Activation = Literal[
    "linear",
    "relu",
    "relu6",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "silu",
    "gelu",
]
Reduction = Literal["max", "average"]
Pattern = Literal["bigram", "trigram", "skip"]

#: Gates a cell computes at each step, in Keras's order: LSTM input, forget, cell, output; GRU
#: update, reset, candidate.
GATES: dict[Cell, int] = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True)
class Direction:
    """The weights of one cell that walks a sequence one way; G is the cell's number of gates.

    Attributes:
        cell: the kind of cell.
        kernel: input weights, [I, G*H].
        recurrent: hidden state weights, [H, G*H].
        bias: [G*H]; [2, G*H] for a GRU with `reset_after`, the input's and the recurrent one.
        activation: what makes the candidate, and an LSTM's output of its cell.
        gate_activation: what makes the gates; a `rnn` has none and ignores it.
        reset_after: a GRU's order of reset gate and recurrent product.
        reverse: whether it walks from the last token to the first.
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
        """I, the size of what comes in at each step."""
        return int(self.kernel.shape[0])

    @property
    def hidden_size(self) -> int:
        """H, the size of the hidden state."""
        return int(self.recurrent.shape[0])


@dataclass(frozen=True)
class Recurrent:
    """One recurrent layer, plain or bidirectional.

    Attributes:
        name: the Keras layer's name, for messages.
        forward: the first direction; in a plain layer with `go_backwards` it walks in reverse.
        backward: the second direction, which walks the other way, or None for a plain layer.
        merge: how the two directions become one output; `concat` adds up their sizes.
        return_sequences: whether the output is every hidden state [T, O] or the last [O]. The
            sequence stands in the order in which the first direction walks.
        rounds_states: whether the products with a state take it rounded to a multiple of 1/127,
            as an int8 of that scale.
        rounds_output: whether the output is rounded so, for the next layer's products.
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
    """A fully connected layer; on a sequence it works on each step alone.

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
    """A row that Keras pools beside a text's own, where the text is shorter than its padding.

    Attributes:
        length: the length to which Keras pads, in tokens; a shorter text has the row.
        row: what a padded step holds before the pooling, [O].
    """

    length: int
    row: Array


@dataclass(frozen=True)
class Pooling:
    """One or more reductions over time side by side, from [T, O] to [O times their number].

    Attributes:
        name: the Keras layer's name, for messages.
        reductions: each the largest value of each column, or its mean, in the order in which
            their outputs are concatenated.
        pad_row: what a maximum takes in beside the text's own steps, or None.
    """

    name: str
    reductions: tuple[Reduction, ...]
    pad_row: PadRow | None = None

    parameters: ClassVar[int] = 0


Layer = Recurrent | Pooling | Dense


@dataclass(frozen=True)
class Task:
    """What goes into a text classifier and what comes out, whatever stands between.

    Attributes:
        tokenizer: the rules that turn a text into ids.
        vocabulary: V tokens of UTF-8, the index being the id.
        head: what makes probabilities of the C logits: `binary` a sigmoid of one, `multiclass` a
            softmax, `multilabel` C sigmoids.
        labels: the names of the classes; two where the head is `binary`, else C.
        pad_to: the length to which Keras pads the ids, where its answer depends on the padding;
            None where bare ids give the same answer.
    """

    tokenizer: TokenizerSpec
    vocabulary: tuple[bytes, ...]
    head: Head
    labels: tuple[str, ...]
    pad_to: int | None = None

    @property
    def outputs(self) -> int:
        """C, the number of logits."""
        return 1 if self.head == "binary" else len(self.labels)


#: Checksums of hashed n-grams lie below this: one byte each.
CHECKSUMS = 256


@dataclass(frozen=True)
class HashedNgrams:
    """The wide path: a weight for each word and for each hashed n-gram, summed over a text.

    Each distinct word and n-gram of a text counts once. `docs/wide.md` specifies the hash;
    `edgernn_runtime.ngrams` computes it.

    Attributes:
        name: the Keras layer's name, for messages.
        patterns: which n-grams are hashed.
        weights: [V + B, D]; the rows of the words, then those of the buckets.
        checksums: uint8 [B]; an n-gram whose own checksum differs from its bucket's has no weight.
        projection: [D, C], or None where D is C.
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
        """V, the number of rows of words."""
        return len(self.weights) - len(self.checksums)

    @property
    def parameters(self) -> int:
        """The number of weights, checksums included."""
        projection = 0 if self.projection is None else self.projection.size
        return self.weights.size + self.checksums.size + projection + self.bias.size


@dataclass(frozen=True)
class Network:
    """A text classifier: a recurrent path, a wide path, or both with their logits added up.

    Attributes:
        task: tokenizer, vocabulary, head and labels.
        embedding: [V, E]; None where there is no recurrent path.
        layers: the recurrent path's layers in order, none where there is no such path. The last is
            a Dense whose activation is `linear` and whose C outputs are logits; by then the
            sequence has become one vector.
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
