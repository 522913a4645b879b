"""Layers of the intermediate representation that make a graph of it, or that have no cells.

A source is a number: 0 is the embedded text, i the output of the i-th layer. A layer without
`sources` reads the layer in front of it. T is a sequence's number of steps, W the width of a step;
a vector is one step. `docs/lowering.md` describes the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from edgernn_runtime.ir_types import Activation, Array

Operation = Literal["concat", "sum", "ave", "mul", "sub", "max", "min"]
Border = Literal["valid", "same", "causal"]
Window = Literal["max", "average"]
Axis = Literal["time", "columns"]


@dataclass(frozen=True)
class Selection:
    """Columns of an earlier layer's output, without computation: [T, W] to [T, columns].

    Attributes:
        name: the Keras layer's name, for messages.
        source: the number of the source.
        first: the first column.
        columns: the number of columns.
    """

    name: str
    source: int
    first: int
    columns: int

    parameters: ClassVar[int] = 0

    @property
    def sources(self) -> tuple[int, ...]:
        """The one source."""
        return (self.source,)


@dataclass(frozen=True)
class Combination:
    """Several outputs as one, step by step.

    All are sequences or all are vectors. Of sequences of several lengths, the shortest counts.

    Attributes:
        name: the Keras layer's name, for messages.
        operation: `concat` concatenates columns; the others work on columns of equal number, and an
            input with one column is used for all of them.
        sources: the numbers of the sources, at least two.
    """

    name: str
    operation: Operation
    sources: tuple[int, ...]

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class Convolution:
    """A convolution over time: [T, I] to [T', O].

    T' is (T - span) // stride + 1 for `valid`, at least 1, and T / stride rounded up otherwise; the
    span is (K - 1) * dilation + 1. Steps outside of the sequence are zeros.

    Attributes:
        name: the Keras layer's name, for messages.
        kernel: [K, I, O].
        bias: [O].
        border: where windows begin: `valid` at the first step, `causal` span - 1 steps before it,
            `same` as TensorFlow does.
        stride: the steps from window to window.
        dilation: the steps from tap to tap.
        activation: the activation of the output.
    """

    name: str
    kernel: Array
    bias: Array
    border: Border = "valid"
    stride: int = 1
    dilation: int = 1
    activation: Activation = "linear"

    @property
    def span(self) -> int:
        """The number of steps from the first tap to the last."""
        return (len(self.kernel) - 1) * self.dilation + 1

    @property
    def output_size(self) -> int:
        """O, the size of the output."""
        return int(self.kernel.shape[2])

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.kernel.size + self.bias.size


@dataclass(frozen=True)
class LayerNormalization:
    """Each step's columns minus their mean, divided by their standard deviation: [T, W].

    Attributes:
        name: the Keras layer's name, for messages.
        scale: [W], multiplied afterwards.
        shift: [W], added at the end.
        epsilon: added to the variance.
    """

    name: str
    scale: Array
    shift: Array
    epsilon: float

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.scale.size + self.shift.size


@dataclass(frozen=True)
class Affine:
    """activation(x * scale + shift), column by column: [T, W].

    Attributes:
        name: the Keras layer's name, for messages.
        scale: [W], or None for an activation alone.
        shift: [W], or None with `scale`.
        activation: the activation of the output.
    """

    name: str
    scale: Array | None
    shift: Array | None
    activation: Activation = "linear"

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return 0 if self.scale is None else 2 * self.scale.size


@dataclass(frozen=True)
class WindowPooling:
    """The maximum or the mean of windows over time: [T, W] to [T', W].

    T' is that of a convolution with a span of `size`. Only steps of the sequence count.

    Attributes:
        name: the Keras layer's name, for messages.
        reduction: maximum or mean.
        size: the steps of a window.
        stride: the steps from window to window.
        border: `valid` or `same`.
    """

    name: str
    reduction: Window
    size: int
    stride: int
    border: Border = "valid"

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class Attention:
    """For each step of a query, the mean of values, weighted by a softmax of scores: [T, W].

    The score of a query q and a key k is `scale` times their product; with a `vector` v it is
    v · tanh(q + k). Each head has an equal share of the columns.

    Attributes:
        name: the Keras layer's name, for messages.
        sources: the numbers of query, key and value, which are sequences.
        longest: the most steps of each that are read, which bounds the work.
        heads: the number of heads; one with a `vector`.
        scale: the factor of a product.
        vector: [W], or None for products.
        is_causal: whether a step reads no later step.
    """

    name: str
    sources: tuple[int, int, int]
    longest: int
    heads: int = 1
    scale: float = 1.0
    vector: Array | None = None
    is_causal: bool = False

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return 0 if self.vector is None else self.vector.size


@dataclass(frozen=True)
class Softmax:
    """The softmax of each column over time, or of each step over its columns: [T, W].

    Attributes:
        name: the Keras layer's name, for messages.
        axis: what is summed over.
    """

    name: str
    axis: Axis

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class TimeSum:
    """The sum of each column over time: [T, W] to [W].

    Attributes:
        name: the Keras layer's name, for messages.
    """

    name: str

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class Flatten:
    """All steps as one vector: [T, W] to [steps * W]; steps that are missing are zeros.

    Attributes:
        name: the Keras layer's name, for messages.
        steps: the number of steps.
    """

    name: str
    steps: int

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class Transpose:
    """Columns as steps: [T, W] to [W, steps]; steps that are missing are zeros.

    Attributes:
        name: the Keras layer's name, for messages.
        steps: the number of steps.
    """

    name: str
    steps: int

    parameters: ClassVar[int] = 0


@dataclass(frozen=True)
class Padding:
    """More steps behind or before a sequence, up to a length: [T, W] to [max(T, length), W].

    Attributes:
        name: the Keras layer's name, for messages.
        length: the number of steps.
        row: [W], each new step; None repeats the nearest step.
        in_front: whether the new steps are before the sequence.
    """

    name: str
    length: int
    row: Array | None = None
    in_front: bool = False

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return 0 if self.row is None else self.row.size


#: Layers of a graph, or that a chain rarely has; `docs/lowering.md` lists the targets.
GraphLayer = (
    Selection
    | Combination
    | Convolution
    | LayerNormalization
    | Affine
    | WindowPooling
    | Attention
    | Softmax
    | TimeSum
    | Flatten
    | Transpose
    | Padding
)
