"""Thresholds: the least probability of each label, chosen on labeled texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import OptionError
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import Array

#: Thresholds are multiples of this, so that float32 has them and their distances from 1.
_STEP = 2**-16
#: A label that wins among others with less than this would be wrong more often than right.
_LEAST_OF_ONE = 0.5
#: Less than any fraction of a text that decides, more than the error of a division.
_ROUNDING = 1e-9
#: The thresholds of more labels are described by their range.
_MOST_NAMES = 10


def true_labels(truth: Sequence[int] | Sequence[Sequence[int]], count: int) -> NDArray[np.bool_]:
    """Return which labels each text has, bool [N, L].

    Args:
        truth: for each text the index of its label, or the indices of its labels.
        count: the number of labels L.
    """
    matrix = np.zeros((len(truth), count), dtype=np.bool_)
    for i, labels in enumerate(truth):
        matrix[i, np.atleast_1d(np.asarray(labels, dtype=np.intp))] = True
    return matrix


def check_thresholds(thresholds: tuple[float, ...] | None, labels: tuple[str, ...]) -> None:
    """Check that there is a threshold for each label, or none at all.

    Raises:
        OptionError: there is another number of them, or one is not a probability.
    """
    if thresholds is None:
        return
    if len(thresholds) != len(labels) or not all(0 <= value <= 1 for value in thresholds):
        raise OptionError(
            "the thresholds do not fit the labels",
            expected=f"{len(labels)} numbers from 0 to 1",
            found=", ".join(f"{value:g}" for value in thresholds[:10]),
            hint="pass one for each label, in their order",
        )


def precision_thresholds(
    probabilities: Array, truth: NDArray[np.bool_], head: Head, precision: float
) -> tuple[float, ...]:
    """Return the lowest thresholds at which the predictions of each label have a precision.

    The precision of a threshold is estimated as (r + 1) / (n + 2) of n predictions, r of them
    right (Laplace), so that a few lucky texts do not lower it. A label with fewer than
    2 / (1 - precision) predictions takes the threshold of the predictions of all labels together.
    A label with more, but without such a threshold, gets 1: it is hardly ever predicted. If one
    label applies, the threshold is at least 0.5, so that no two labels reach their own.

    Args:
        probabilities: float32 [N, L], the probability of each label.
        truth: which labels each text has, bool [N, L].
        head: how the probabilities relate to each other.
        precision: the wanted share of right predictions, above 0 and below 1.
    """
    predicted = _predicted(probabilities, head)
    common = _lowest(probabilities[predicted], truth[predicted], precision)
    thresholds = []
    for label in range(probabilities.shape[1]):
        rows = predicted[:, label]
        threshold = _lowest(probabilities[rows, label], truth[rows, label], precision)
        if rows.sum() < math.ceil(2 / (1 - precision)):
            threshold = common
        thresholds.append(threshold)
    least = 0.0 if head == "multilabel" else _LEAST_OF_ONE
    return tuple(_rounded(max(value, least)) for value in thresholds)


def count_right(probabilities: Array, truth: NDArray[np.bool_], head: Head) -> tuple[int, ...]:
    """Return how many predictions of each label can be right, whatever its threshold, [L].

    Args:
        probabilities: float32 [N, L], the probability of each label.
        truth: which labels each text has, bool [N, L].
        head: how the probabilities relate to each other.
    """
    return tuple((_predicted(probabilities, head) & truth).sum(axis=0).tolist())


def fewest_right(precision: float) -> int:
    """Return the fewest right predictions that show a precision, if none is wrong.

    Args:
        precision: the wanted share of right predictions, above 0 and below 1.
    """
    # (r + 1) / (r + 2) of r right predictions is the precision.
    return max(math.ceil((2 * precision - 1) / (1 - precision) - _ROUNDING), 1)


def describe_thresholds(labels: Sequence[str], thresholds: Sequence[float]) -> str:
    """Return thresholds as text: with their labels, or of many labels their range.

    Args:
        labels: the names of the labels, [L].
        thresholds: the least probability of each label, [L].
    """
    lowest, highest = f"{min(thresholds):.5g}", f"{max(thresholds):.5g}"
    if lowest == highest:
        return f"{lowest} for every label"
    if len(labels) > _MOST_NAMES:
        return f"{lowest} to {highest}"
    named = zip(labels, thresholds, strict=True)
    return ", ".join(f"{label} {value:.5g}" for label, value in named)


def f1_thresholds(probabilities: Array, truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return the threshold of each label with the highest F1 of a multi-label model.

    A label that fewer than ten texts have takes the threshold with the highest F1 of all labels
    together.

    Args:
        probabilities: float32 [N, L], the probability of each label.
        truth: which labels each text has, bool [N, L].
    """
    common = _best_f1(probabilities.ravel(), truth.ravel())
    return tuple(
        _rounded(_best_f1(column, right) if right.sum() >= 10 else common)
        for column, right in zip(probabilities.T, truth.T, strict=True)
    )


def one_threshold(
    probabilities: Array, truth: NDArray[np.bool_], label: int, precision: float
) -> tuple[float, ...]:
    """Return the thresholds of two labels of which one is predicted with a precision.

    Every text gets a label: the other one where the first does not reach its threshold.

    Args:
        probabilities: float32 [N, 2], the probability of each label.
        truth: which label each text has, bool [N, 2].
        label: the index of the label whose precision counts.
        precision: the wanted share of right predictions, above 0 and below 1.
    """
    column = probabilities[:, label]
    return complementary(_lowest(column, truth[:, label], precision), label)


def complementary(threshold: float, label: int) -> tuple[float, ...]:
    """Return thresholds of two labels of which every text reaches one.

    Args:
        threshold: the least probability of one label.
        label: the index of that label.
    """
    rounded = _rounded(threshold)
    return (1 - rounded, rounded) if label == 1 else (rounded, 1 - rounded)


def _predicted(probabilities: Array, head: Head) -> NDArray[np.bool_]:
    """Return which labels could be predicted for each text, bool [N, L]."""
    if head == "multilabel":
        return np.ones_like(probabilities, dtype=np.bool_)
    best = probabilities.argmax(axis=1)
    return np.asarray(best[:, np.newaxis] == np.arange(probabilities.shape[1]))


def _lowest(values: Array, right: NDArray[np.bool_], precision: float) -> float:
    """Return the lowest threshold with a precision, which is below 1, or 1 if there is none.

    Args:
        values: the probability of each prediction, float32 [N].
        right: whether it is right, bool [N].
        precision: the wanted share of right ones.
    """
    order = np.argsort(-values, kind="stable")
    counts = np.arange(1, len(values) + 1)
    shares = (np.cumsum(right[order]) + 1) / (counts + 2)
    places = np.flatnonzero((shares >= precision) & _is_last(values[order]))
    if len(places) == 0:
        return 1.0
    # Rounded to 1, it would be that of a label without the precision.
    return min(_below(values[order], int(places[-1])), 1 - _STEP)


def _best_f1(values: Array, right: NDArray[np.bool_]) -> float:
    """Return the threshold with the highest F1, 0.5 if no value is right."""
    if not right.any():
        return 0.5
    order = np.argsort(-values, kind="stable")
    counts = np.arange(1, len(values) + 1)
    f1 = 2 * np.cumsum(right[order]) / (counts + right.sum())
    f1[~_is_last(values[order])] = 0
    return _below(values[order], int(f1.argmax()))


def _is_last(descending: Array) -> NDArray[np.bool_]:
    """Return whether each value is the last of its equals: a threshold cannot split them."""
    return np.append(descending[1:] < descending[:-1], True)


def _below(descending: Array, place: int) -> float:
    """Return the middle between a value and the next lower one, which is 0 after the last."""
    after = float(descending[place + 1]) if place + 1 < len(descending) else 0.0
    return (float(descending[place]) + after) / 2


def _rounded(threshold: float) -> float:
    return round(threshold / _STEP) * _STEP
