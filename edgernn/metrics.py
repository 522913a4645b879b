"""Scores of a classifier, computed from true and predicted classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

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
        accuracy: the share of correct predictions.
        accuracy_95: its 95 % interval (Wilson).
        precision: the macro average, the mean over the classes.
        recall: the macro average.
        f1: the macro average.
        classes: the scores of each class.
        confusion: the confusion matrix [C, C], true class by row, predicted class by column.
    """

    texts: int
    accuracy: float
    accuracy_95: tuple[float, float]
    precision: float
    recall: float
    f1: float
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
    precision = right / np.maximum(confusion.sum(axis=0), 1)
    recall = right / np.maximum(confusion.sum(axis=1), 1)
    sums = precision + recall
    f1 = np.where(sums > 0, 2 * precision * recall / np.where(sums > 0, sums, 1), 0)
    rows = zip(labels, precision, recall, f1, confusion.sum(axis=1), strict=True)
    return Scores(
        texts=len(true),
        accuracy=float(right.sum() / len(true)),
        accuracy_95=wilson_interval(int(right.sum()), len(true)),
        precision=float(precision.mean()),
        recall=float(recall.mean()),
        f1=float(f1.mean()),
        classes=tuple(
            ClassScore(n, float(p), float(r), float(f), int(s)) for n, p, r, f, s in rows
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson score interval).

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share, z2 = successes / trials, Z95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half = Z95 * spread / (1 + z2 / trials)
    return max(centre - half, 0.0), min(centre + half, 1.0)
