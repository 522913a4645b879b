"""The gate of the user's own predictions: a wrong option of the tokenizer cannot pass it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np

from edgernn_export.comparison import Examples, absolute_errors, compare
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import Source
from edgernn_export.recipes import Gate
from edgernn_export.reference_file import ReferencePredictions
from edgernn_export.verification import Check, check, compute_outputs
from edgernn_runtime import Classifier

#: Predictions are often written with four digits, by another version of Keras or on a GPU.
_TOLERANCE = 1e-3

_SIDES: tuple[Literal["pre", "post"], ...] = ("pre", "post")


def suggest_padding(source: Source, reference: ReferencePredictions) -> str | None:
    """Return other options of padding and truncation with which Keras equals the predictions.

    Args:
        source: the model that the file was written from.
        reference: the user's predictions.
    """
    front = source.front
    if front is None or front.length is None:
        return None
    for padding, truncating in product(_SIDES, _SIDES):
        other = front.with_length(front.length, truncating, padding)
        keras = keras_outputs(replace(source, front=other), reference.texts)
        if np.max(absolute_errors(reference.outputs, keras)) <= _TOLERANCE:
            return (
                f"Keras equals your predictions with --padding {padding} --truncating {truncating}"
            )
    return None


def check_pipeline(
    classifier: Classifier, source: Source, reference: ReferencePredictions, gate: Gate
) -> tuple[Check, ...]:
    """Return the checks of Keras, and of the file, against the user's own predictions.

    The first one shows a wrong option, however coarse the recipe is.

    Args:
        classifier: the file, opened by the runtime.
        source: the model that the file was written from.
        reference: the user's predictions.
        gate: the gate that the file must pass against Keras.
    """
    keras = keras_outputs(source, reference.texts)
    errors = absolute_errors(reference.outputs, keras)
    found = compute_outputs(classifier, reference.texts)
    examples = Examples(reference.texts, None, "reference predictions")
    wide = replace(
        gate,
        max_change=None if gate.max_change is None else gate.max_change + _TOLERANCE,
        p99_change=None if gate.p99_change is None else gate.p99_change + _TOLERANCE,
    )
    head = source.task.head
    compared = compare(reference.outputs, found, head, examples, wide.sure_margin)
    # NaN compares as false, so that it fails.
    largest = float(np.max(errors))
    name = "reference predictions, Keras with these options: max absolute error"
    return (
        Check(name, largest, _TOLERANCE, largest <= _TOLERANCE),
        *(replace(one, name=f"reference predictions: {one.name}") for one in check(compared, wide)),
    )
