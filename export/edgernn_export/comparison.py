"""Comparison of a file's outputs with the reference: agreement, absolute errors and accuracy."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.thresholds import true_labels
from edgernn_runtime.heads import Head, expand_binary
from edgernn_runtime.ir import Array
from edgernn_runtime.prediction import MULTILABEL_THRESHOLD

#: Where the texts of a comparison come from.
TextOrigin = Literal["model folder", "file", "reference predictions", "synthetic"]

#: The index of each text's class, or the indices of its labels.
Truth = tuple[int, ...] | tuple[tuple[int, ...], ...]

#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959964


@dataclass(frozen=True)
class Examples:
    """Texts to compare on.

    Attributes:
        texts: the texts.
        labels: the index of each text's true class, of a multi-label model the indices of its
            labels, or None if unknown.
        source: where the texts come from.
    """

    texts: tuple[str, ...]
    labels: Truth | None
    source: TextOrigin


@dataclass(frozen=True)
class Comparison:
    """The differences between a file's outputs and the reference's on the same texts.

    The absolute error of a text is the largest difference in any of its probabilities.

    Attributes:
        texts: the number of texts.
        source: where the texts come from.
        classes_used: the number of labels that the reference predicts at least once.
        max_change: the max absolute error.
        mean_change: the mean absolute error.
        p99_change: the 99th percentile of the absolute error.
        agreement: label agreement, the share of texts with the same label.
        sure_changes: the share of texts with another label although the reference is sure.
        keras_accuracy: the accuracy of the reference, or None without true labels; of a multi-label
            model, the share of the decisions on all labels that are right at 0.5.
        accuracy: the accuracy of the file, or None.
        accuracy_drop: the first minus the second, or None.
        accuracy_drop_95: its 95 % interval, from the paired differences, or None.
        rounding_error: the max or p99 absolute error, as the gate bounds it, that rounding alone
            causes in the model; None if it was not needed and not measured.
        reference: what the file is compared with.
    """

    texts: int
    source: TextOrigin
    classes_used: int
    max_change: float
    mean_change: float
    p99_change: float
    agreement: float
    sure_changes: float
    keras_accuracy: float | None = None
    accuracy: float | None = None
    accuracy_drop: float | None = None
    accuracy_drop_95: tuple[float, float] | None = None
    rounding_error: float | None = None
    reference: str = "Keras"

    def to_json(self) -> dict[str, Any]:
        """Return the figures as the manifest keeps them."""
        return asdict(self)


def compare(
    reference: Array, found: Array, head: Head, examples: Examples, sure_margin: float = 0.0
) -> Comparison:
    """Return the differences between a file's outputs and the reference's on the examples.

    Args:
        reference: float32 [N, C], the reference outputs.
        found: float32 [N, C], the file's outputs.
        head: how outputs become labels.
        examples: the N texts.
        sure_margin: the margin above which the reference counts as sure; see `Gate`.
    """
    errors = absolute_errors(reference, found)
    reference_class, found_class = (
        predicted_classes(reference, head),
        predicted_classes(found, head),
    )
    margins = _margins(reference, found_class, head)
    accuracy: dict[str, Any] = {}
    if examples.labels is not None:
        rights = (_rights(one, head, examples.labels) for one in (reference, found))
        accuracy = _accuracy(*rights)
    differs = reference_class != found_class
    return Comparison(
        texts=len(errors),
        source=examples.source,
        classes_used=len(set(reference_class.tolist())),
        max_change=float(errors.max()),
        mean_change=float(errors.mean()),
        p99_change=p99(errors),
        agreement=label_agreement(reference_class, found_class),
        sure_changes=float((differs & (margins > sure_margin)).mean()),
        **accuracy,
    )


def absolute_errors(
    reference: NDArray[np.floating[Any]], found: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """Return the largest error of each text, float [N], over its probabilities [N, C]."""
    return np.asarray(np.abs(reference - found).max(axis=1))


def p99(errors: NDArray[np.floating[Any]]) -> float:
    """Return the 99th percentile of errors, float [N], N at least 1."""
    return float(np.quantile(errors, 0.99))


def label_agreement(first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """Return the share of texts with the same class, of class indices int [N], N at least 1."""
    return float((first == second).mean())


def predicted_classes(outputs: Array, head: Head) -> NDArray[np.intp]:
    """Return the index of each text's most probable class, int [N], of outputs float32 [N, C]."""
    if head == "binary":
        return (outputs[:, 0] > 0.5).astype(np.intp)
    return np.asarray(np.argmax(outputs, axis=1))


def _margins(reference: Array, chosen: NDArray[np.intp], head: Head) -> Array:
    """Return by how much the reference prefers its own class to the chosen one, float32 [N]."""
    if head == "binary":
        reference = expand_binary(reference)
    rows = np.arange(len(reference))
    return np.asarray(reference.max(axis=1) - reference[rows, chosen], dtype=np.float32)


def _rights(outputs: Array, head: Head, truth: Truth) -> NDArray[np.float64]:
    """Return how right each prediction is, float64 [N]: 1 or 0, or the share of right labels."""
    if head != "multilabel":
        return np.asarray(predicted_classes(outputs, head) == np.asarray(truth), dtype=np.float64)
    is_right = (outputs >= MULTILABEL_THRESHOLD) == true_labels(truth, outputs.shape[1])
    return np.asarray(is_right.mean(axis=1))


def _accuracy(reference_right: NDArray[np.float64], right: NDArray[np.float64]) -> dict[str, Any]:
    drops = reference_right - right
    half = Z95 * float(drops.std()) / math.sqrt(len(drops))
    drop = float(drops.mean())
    return {
        "keras_accuracy": float(reference_right.mean()),
        "accuracy": float(right.mean()),
        "accuracy_drop": drop,
        "accuracy_drop_95": (drop - half, drop + half),
    }
