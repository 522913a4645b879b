"""Evaluation of a classifier on labeled texts: scores, calibration, length, worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.calibration import (
    CalibrationBin,
    calibration_bins,
    calibration_error,
    label_confidence,
)
from edgernn.metrics import Scores, score, score_multilabel, wilson_interval
from edgernn_export.decisions import Coverage, decide, measure_coverage
from edgernn_export.thresholds import true_labels

_LENGTH_BINS = 4
_MAX_MISTAKES = 10


@dataclass(frozen=True)
class LengthBin:
    """The texts of similar length.

    Attributes:
        low: the number of words of the shortest text.
        high: the number of words of the longest.
        texts: the number of texts.
        accuracy: the share of correct predictions.
        accuracy_95: its 95 % interval (Wilson).
    """

    low: int
    high: int
    texts: int
    accuracy: float
    accuracy_95: tuple[float, float]


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        text: the text.
        label: its label, or its labels with commas.
        predicted: the predicted label, or all of them.
        probability: the probability of the predicted label; of a multi-label text, of the label
            that is wrong or missing.
    """

    text: str
    label: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """Evaluation results of a classifier on labeled texts.

    Attributes:
        scores: accuracy, precision, recall, F1 and the confusion matrix.
        calibration_error: the expected calibration error, 0 to 1: the mean distance between the
            probability of the predicted labels and their accuracy.
        calibration: the non-empty bins of that error.
        lengths: at most four bins of similar size by number of words. Texts of the same length
            are in the same bin.
        mistakes: the wrong predictions with the highest probability, in descending order.
        coverage: the effect of the model's thresholds, or None without thresholds. A text without a
            label counts in the scores with its most probable one.
    """

    scores: Scores
    calibration_error: float
    calibration: tuple[CalibrationBin, ...]
    lengths: tuple[LengthBin, ...]
    mistakes: tuple[Mistake, ...]
    coverage: Coverage | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values, with the scores at the top level."""
        values = asdict(self)
        return {**values.pop("scores"), **values}


def evaluate_predictions(
    texts: Sequence[str],
    truth: Sequence[int] | Sequence[Sequence[int]],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
    *,
    is_multilabel: bool = False,
    thresholds: tuple[float, ...] | None = None,
) -> Evaluation:
    """Return the evaluation of a classifier's predictions.

    Args:
        texts: the texts, [N], N at least 1.
        truth: the index of each text's class, [N], or the indices of its labels.
        probabilities: float32 [N, C], the probability of each label.
        labels: the names of the classes, [C].
        is_multilabel: whether a text may have any number of labels.
        thresholds: the least probability of each label, or None.
    """
    true = true_labels(truth, len(labels))
    decisions = decide(probabilities, thresholds, is_multilabel=is_multilabel)
    coverage = None if thresholds is None else measure_coverage(decisions, true, thresholds)
    if not is_multilabel:
        # The scores count every text.
        decisions = _with_best(decisions, probabilities)
    bins = calibration_bins(*label_confidence(probabilities, true, is_multilabel=is_multilabel))
    if is_multilabel:
        scores = score_multilabel(true, decisions, labels)
    else:
        true_classes, classes = true.argmax(axis=1).tolist(), decisions.argmax(axis=1).tolist()
        scores = score(true_classes, classes, labels)
    return Evaluation(
        scores=scores,
        calibration_error=calibration_error(bins),
        calibration=bins,
        lengths=_length_bins(texts, (true == decisions).all(axis=1)),
        mistakes=_mistakes(texts, true, decisions, probabilities, labels),
        coverage=coverage,
    )


def _with_best(
    decisions: NDArray[np.bool_], probabilities: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return the decisions, bool [N, L], with the most probable label where there is none."""
    best = probabilities.argmax(axis=1)[:, np.newaxis] == np.arange(probabilities.shape[1])
    has_label = np.asarray(decisions.any(axis=1))
    return np.where(has_label[:, np.newaxis], decisions, best)


def _length_bins(texts: Sequence[str], is_right: NDArray[np.bool_]) -> tuple[LengthBin, ...]:
    words = np.array([len(text.split()) for text in texts])
    ordered = np.sort(words)
    # Bins start at quantiles. Texts of equal length share a bin, so bins do not overlap.
    starts = np.unique([ordered[len(texts) * k // _LENGTH_BINS] for k in range(_LENGTH_BINS)])
    places = np.searchsorted(starts, words, side="right")
    bins = []
    for place in np.unique(places):
        inside = places == place
        count, right = int(inside.sum()), int(is_right[inside].sum())
        low, high = int(words[inside].min()), int(words[inside].max())
        bins.append(LengthBin(low, high, count, right / count, wilson_interval(right, count)))
    return tuple(bins)


def _mistakes(
    texts: Sequence[str],
    true: NDArray[np.bool_],
    decisions: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
) -> tuple[Mistake, ...]:
    is_wrong = decisions & ~true
    # A missing label is as sure a mistake as its probability is low.
    doubt = np.where(true & ~decisions, 1 - probabilities, 0)
    sureness = np.where(is_wrong, probabilities, doubt).max(axis=1)
    wrong = np.flatnonzero((decisions != true).any(axis=1))
    ordered = wrong[np.argsort(-sureness[wrong], kind="stable")]
    return tuple(
        Mistake(
            texts[i],
            _joined(true[i], labels),
            _joined(decisions[i], labels),
            float(probabilities[i][_wrong_label(is_wrong[i], true[i], probabilities[i])]),
        )
        for i in ordered[:_MAX_MISTAKES]
    )


def _wrong_label(
    is_wrong: NDArray[np.bool_], true: NDArray[np.bool_], probabilities: NDArray[np.float32]
) -> int:
    """Return the most probable wrong label, or without one the least probable true label."""
    if is_wrong.any():
        return int(np.where(is_wrong, probabilities, -1).argmax())
    return int(np.where(true, probabilities, 2).argmin())


def _joined(row: NDArray[np.bool_], labels: tuple[str, ...]) -> str:
    return ", ".join(label for label, is_set in zip(labels, row, strict=True) if is_set) or "-"
