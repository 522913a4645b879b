"""Scores of a classifier, computed from true and predicted classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn_export.comparison import Z95


@dataclass(frozen=True)
class ClassScore:
    """The scores of one class.

    Attributes:
        label: the class.
        precision: the share of predictions of this class that are correct; 0 without predictions.
        recall: the share of texts of this class that are predicted as it; 0 without texts.
        f1: the harmonic mean of precision and recall.
        support: the number of texts of this class.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """The scores of a classifier on labeled texts.

    Attributes:
        texts: the number of texts.
        accuracy: the share of correct predictions; of multi-label texts, of those that get exactly
            their labels.
        accuracy_95: its 95 % interval (Wilson).
        precision: the macro average, the mean over the classes.
        recall: the macro average.
        f1: the macro average.
        precision_micro: the share of all given labels that are right; of texts with one label
            each, the accuracy.
        recall_micro: the share of all true labels that are given; the same.
        f1_micro: the harmonic mean of the two; the same.
        classes: the scores of each class.
        confusion: the confusion matrix [C, C], true class by row, predicted class by column; empty
            for multi-label texts.
    """

    texts: int
    accuracy: float
    accuracy_95: tuple[float, float]
    precision: float
    recall: float
    f1: float
    precision_micro: float
    recall_micro: float
    f1_micro: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        return asdict(self)


def score(true: Sequence[int], predicted: Sequence[int], labels: tuple[str, ...]) -> Scores:
    """Return the scores of predicted classes.

    Args:
        true: the index of each text's class, [N], N at least 1.
        predicted: the index of each text's predicted class, [N].
        labels: the names of the classes, [C].
    """
    size = len(labels)
    confusion = np.zeros((size, size), dtype=np.int64)
    np.add.at(confusion, (np.asarray(true), np.asarray(predicted)), 1)
    right = np.diag(confusion)
    counts = right, confusion.sum(axis=0), confusion.sum(axis=1)
    scores = _scores(len(true), int(right.sum()), counts, labels)
    return replace(scores, confusion=tuple(tuple(int(n) for n in row) for row in confusion))


def score_multilabel(
    true: NDArray[np.bool_], predicted: NDArray[np.bool_], labels: tuple[str, ...]
) -> Scores:
    """Return the scores of texts with any number of labels.

    Args:
        true: the labels that each text has, bool [N, L], N at least 1.
        predicted: the labels that each text gets, bool [N, L].
        labels: the names of the labels, [L].
    """
    exact = int((true == predicted).all(axis=1).sum())
    counts = (true & predicted).sum(axis=0), predicted.sum(axis=0), true.sum(axis=0)
    return _scores(len(true), exact, counts, labels)


def _scores(
    texts: int, correct: int, counts: tuple[NDArray[np.int64], ...], labels: tuple[str, ...]
) -> Scores:
    """Return the scores without a confusion matrix.

    Args:
        texts: the number of texts.
        correct: the number of those with correct predictions.
        counts: of each label the right predictions, all predictions, and all texts, [L] each.
        labels: the names of the labels, [L].
    """
    right, predicted, true = counts
    precision, recall, f1 = _rates(right, predicted, true)
    micro = [float(rate) for rate in _rates(right.sum(), predicted.sum(), true.sum())]
    rows = zip(labels, precision, recall, f1, true, strict=True)
    return Scores(
        texts=texts,
        accuracy=correct / texts,
        accuracy_95=wilson_interval(correct, texts),
        precision=float(precision.mean()),
        recall=float(recall.mean()),
        f1=float(f1.mean()),
        precision_micro=micro[0],
        recall_micro=micro[1],
        f1_micro=micro[2],
        classes=tuple(
            ClassScore(n, float(p), float(r), float(f), int(s)) for n, p, r, f, s in rows
        ),
        confusion=(),
    )


def _rates(right: Any, predicted: Any, true: Any) -> tuple[Any, Any, Any]:
    """Return precision, recall and F1 of counts; a rate without a denominator is 0."""
    precision, recall = right / np.maximum(predicted, 1), right / np.maximum(true, 1)
    return precision, recall, 2 * right / np.maximum(predicted + true, 1)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson score interval).

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share, z2 = successes / trials, Z95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half = Z95 * spread / (1 + z2 / trials)
    return max(centre - half, 0.0), min(centre + half, 1.0)
