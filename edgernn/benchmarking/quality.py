"""The quality of predictions against Keras and the true labels, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn.benchmarking.records import Interval, Quality
from edgernn.metrics import wilson_interval
from edgernn_export.comparison import (
    Z95,
    absolute_errors,
    label_agreement,
    p99,
    predicted_classes,
)

_DRAWS = 1000
_Floats = NDArray[np.float64]


def quality(
    probabilities: Sequence[Sequence[float]],
    reference: Sequence[Sequence[float]],
    truth: Sequence[int] | None,
) -> Quality:
    """Return the quality of predictions.

    Args:
        probabilities: the probability of each label for each text, [N][C], N at least 1.
        reference: the probabilities of Keras, [N][C].
        truth: the class of each text, [N], or None if the texts have no labels.
    """
    outputs, keras = np.asarray(probabilities), np.asarray(reference)
    # One probability for each label, so the head is never binary.
    classes, keras_classes = (predicted_classes(one, "multiclass") for one in (outputs, keras))
    texts, errors = len(outputs), absolute_errors(keras, outputs)
    agreement = label_agreement(keras_classes, classes)
    figures = Quality(
        texts=texts,
        labels_predicted=len(np.unique(classes)),
        label_agreement=agreement,
        label_agreement_95=wilson_interval(round(agreement * texts), texts),
        p99_absolute_error=p99(errors),
        p99_absolute_error_95=_quantile_interval(np.sort(errors), 0.99),
    )
    if truth is None:
        return figures
    true_classes = np.asarray(truth)
    accuracy = label_agreement(true_classes, classes)
    confusion = np.zeros((outputs.shape[1], outputs.shape[1]))
    np.add.at(confusion, (true_classes, classes), 1)
    draws = np.random.default_rng(0).multinomial(texts, confusion.ravel() / texts, _DRAWS)
    low, high = np.quantile(_macro_f1(draws.reshape(-1, *confusion.shape)), (0.025, 0.975))
    return Quality(
        **vars(figures)
        | {
            "accuracy": accuracy,
            "accuracy_95": wilson_interval(round(accuracy * texts), texts),
            "macro_f1": float(_macro_f1(confusion[np.newaxis])[0]),
            "macro_f1_95": (float(low), float(high)),
        }
    )


def _macro_f1(confusions: NDArray[np.float64 | np.int64]) -> _Floats:
    """Return the mean F1 of the classes that occur, [N], of each confusion matrix [N, C, C]."""
    right = np.diagonal(confusions, axis1=1, axis2=2)
    true, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    f1 = 2 * right / np.maximum(true + predicted, 1)
    occurs = (true + predicted) > 0
    return np.asarray(f1.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1))


def _quantile_interval(ordered: _Floats, share: float) -> Interval:
    """Return the 95 % interval of a quantile of sorted values [N], by ranks.

    Source: the binomial's normal approximation (Conover, Practical Nonparametric Statistics, 3.2).
    """
    count = len(ordered)
    half = Z95 * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - half), math.ceil(count * share + half)
    return float(ordered[max(low, 0)]), float(ordered[min(high, count - 1)])
