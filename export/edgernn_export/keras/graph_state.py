"""The state of reading a Keras model as a graph: values, and the layers that compute them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from edgernn_export.errors import UncoveredError
from edgernn_runtime.ir import Array, Layer
from edgernn_runtime.ir_graph import Flatten, Padding, Selection

KerasLayer = Any  # Keras carries no types.
#: `text` and `tokens` are in front of the ids. `weights` is a vector with a number for each step;
#: `copies` repeats it, [n, T], and `spread` is that transposed, [T, n], both stored as [T, 1].
#: `row` is a vector as a sequence of one step. `scores` are the products of each query with each
#: key, and `shares` their softmax; neither is stored.
Form = Literal[
    "text",
    "tokens",
    "ids",
    "sequence",
    "vector",
    "weights",
    "copies",
    "spread",
    "row",
    "scores",
    "shares",
]


@dataclass(frozen=True)
class Bare:
    """How a sequence without padding differs from Keras's, which has padding.

    Attributes:
        row: the value of a padded step, float32 [W], or None.
        repeats: whether a padded step repeats the nearest step.
        is_masked: whether Keras has a mask that covers the padding.
        is_shifted: whether the padding is on the other side than in the mask.
    """

    row: Array | None
    repeats: bool
    is_masked: bool
    is_shifted: bool = False


@dataclass(frozen=True)
class Value:
    """A tensor of a Keras model.

    Attributes:
        form: its form.
        source: the number of the layer that computes it, 0 for the embedded text.
        size: the columns that are stored.
        steps: the steps in Keras, if they are known.
        bare: the padding that a sequence lacks; None if it has all of Keras's steps.
        pair: query and key of `scores` or `shares`.
    """

    form: Form
    source: int = 0
    size: int = 0
    steps: int | None = None
    bare: Bare | None = None
    pair: tuple[Value, ...] = ()


class Builder:
    """Collects layers.

    Args:
        padded_to: the length to which Keras pads, or None.
        pads_front: whether Keras pads in front of the texts.
    """

    def __init__(self, padded_to: int | None, *, pads_front: bool = False) -> None:
        """Begin without layers."""
        self.padded_to = padded_to
        self.pads_front = pads_front
        self.layers: list[Layer] = []
        self._padded: dict[int, Value] = {}

    def add(self, layer: Layer, reads: Value | None = None) -> int:
        """Add a layer and return its number; `reads` is its input, unless it names its sources."""
        if reads is not None and reads.source != len(self.layers):
            self.layers.append(Selection(layer.name, reads.source, 0, reads.size))
        self.layers.append(layer)
        return len(self.layers)

    def pad(self, layer: KerasLayer, value: Value) -> Value:
        """Return a sequence with all of Keras's steps.

        Raises:
            UncoveredError: the value of a padded step is unknown.
        """
        bare = value.bare
        if bare is None:
            return value
        if value.source not in self._padded:
            if not bare.repeats:
                check_known(layer, bare)
            self._padded[value.source] = self.pad_with(layer, value, bare.row)
        return self._padded[value.source]

    def pad_with(self, layer: KerasLayer, value: Value, row: Array | None) -> Value:
        """Return a sequence with a row, or its last step, in the place of padded steps.

        Raises:
            UncoveredError: the padding is on the other side.
        """
        assert value.bare is not None, "only a sequence without padding is padded"
        assert self.padded_to is not None, "without a length there is no padding"
        if value.bare.is_shifted:
            raise shifted(layer)
        source = self.add(Padding(layer.name, self.padded_to, row, self.pads_front), value)
        return replace(value, source=source, steps=self.padded_to, bare=None)

    def step_by_step(
        self, layer: KerasLayer, value: Value, new: Layer, size: int, row: Callable[[Array], Array]
    ) -> Value:
        """Return the output of a layer that works on each step alone.

        Args:
            layer: the Keras layer.
            value: its input.
            new: the layer that computes it.
            size: the columns of the output.
            row: the same for a padded step.
        """
        bare = value.bare
        if bare is not None:
            found = None if bare.row is None else np.asarray(row(bare.row), dtype=np.float32)
            is_masked = bare.is_masked and passes_mask(layer)
            bare = replace(bare, row=found, is_masked=is_masked)
        return replace(value, source=self.add(new, value), size=size, bare=bare)

    def vector(self, layer: KerasLayer, value: Value) -> Value:
        """Return weights of steps as a vector; other values as they are.

        Raises:
            UncoveredError: their number is unknown.
        """
        if value.form != "weights":
            return value
        return self.flatten(layer, value)

    def flatten(self, layer: KerasLayer, value: Value) -> Value:
        """Return all steps of a sequence as one vector.

        Raises:
            UncoveredError: their number is unknown.
        """
        steps = self.known_steps(layer, value)
        source = self.add(Flatten(layer.name, steps), value)
        return Value("vector", source, steps * value.size)

    def known_steps(self, layer: KerasLayer, value: Value) -> int:
        """Return the steps of a sequence in Keras.

        Raises:
            UncoveredError: they are unknown.
        """
        if value.steps is None:
            raise UncoveredError(
                f"layer {layer.name} is not covered",
                expected="texts of one length, by output_sequence_length or --max-length",
                found=f"{type(layer).__name__} of texts of any length",
            )
        return value.steps


def check_known(layer: KerasLayer, bare: Bare) -> None:
    """Check that the value of a padded step is known.

    Raises:
        UncoveredError: it is not.
    """
    if bare.row is None:
        raise uncovered(layer, "an input whose padding has one value, or no mask_zero")


def shifted(layer: KerasLayer) -> UncoveredError:
    """Return the error of a layer behind a reversed sequence with padding."""
    return UncoveredError(
        f"layer {layer.name} reads a reversed sequence with the mask of the other order",
        expected="no go_backwards with return_sequences in front of it, or bare ids",
        found="texts that are padded",
    )


def passes_mask(layer: KerasLayer) -> bool:
    """Return whether the output of a layer has the mask of its input."""
    return bool(getattr(layer, "supports_masking", False))


def uncovered(layer: KerasLayer, expected: str) -> UncoveredError:
    """Return the error of a layer that is not covered."""
    return UncoveredError(
        f"layer {layer.name} is not covered", expected=expected, found=type(layer).__name__
    )
