"""Evaluation of a classifier on labeled texts: scores, calibration, length, worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.metrics import Scores, score, wilson_interval

_CALIBRATION_BINS = 15
_LENGTH_BINS = 4
_MAX_MISTAKES = 10


@dataclass(frozen=True)
class CalibrationBin:
    """The texts whose predicted labels have a similar probability.

    Attributes:
        low: the lower bound of the probability.
        high: the upper bound.
        texts: the number of texts.
        probability: the mean probability of the predicted label.
        accuracy: the share of correct predictions.
    """

    low: float
    high: float
    texts: int
    probability: float
    accuracy: float


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
        label: its label.
        predicted: the predicted label.
        probability: the probability of the predicted label.
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
    """

    scores: Scores
    calibration_error: float
    calibration: tuple[CalibrationBin, ...]
    lengths: tuple[LengthBin, ...]
    mistakes: tuple[Mistake, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values, with the scores at the top level."""
        values = asdict(self)
        return {**values.pop("scores"), **values}


def evaluate_predictions(
    texts: Sequence[str],
    truth: Sequence[int],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
) -> Evaluation:
    """Return the evaluation of a classifier's predictions.

    Args:
        texts: the texts, [N], N at least 1.
        truth: the index of each text's class, [N].
        probabilities: float32 [N, C], the probability of each label.
        labels: the names of the classes, [C].
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_right = predicted == np.asarray(truth)
    bins = _calibration_bins(confidence, is_right)
    gaps = sum(part.texts * abs(part.probability - part.accuracy) for part in bins)
    return Evaluation(
        scores=score(truth, predicted.tolist(), labels),
        calibration_error=gaps / len(texts),
        calibration=bins,
        lengths=_length_bins(texts, is_right),
        mistakes=_mistakes(texts, truth, predicted.tolist(), confidence, labels),
    )


def _calibration_bins(
    confidence: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> tuple[CalibrationBin, ...]:
    """Return the equally wide bins of the expected calibration error.

    Source: Guo et al., "On calibration of modern neural networks", 2017, equation 3.
    """
    places = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    bins = []
    for place in range(_CALIBRATION_BINS):
        inside = places == place
        if inside.any():
            mean, share = float(confidence[inside].mean()), float(is_right[inside].mean())
            edges = place / _CALIBRATION_BINS, (place + 1) / _CALIBRATION_BINS
            bins.append(CalibrationBin(*edges, int(inside.sum()), mean, share))
    return tuple(bins)


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
    truth: Sequence[int],
    predicted: Sequence[int],
    confidence: NDArray[np.float64],
    labels: tuple[str, ...],
) -> tuple[Mistake, ...]:
    wrong = [i for i in range(len(texts)) if truth[i] != predicted[i]]
    wrong.sort(key=lambda i: -confidence[i])
    return tuple(
        Mistake(texts[i], labels[truth[i]], labels[predicted[i]], float(confidence[i]))
        for i in wrong[:_MAX_MISTAKES]
    )
