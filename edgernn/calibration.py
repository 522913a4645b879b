"""Calibration: whether a probability of 0.8 is right eight times in ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 15


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


def calibration_bins(
    probability: NDArray[np.floating], is_right: NDArray[np.bool_]
) -> tuple[CalibrationBin, ...]:
    """Return the 15 equally wide bins of the expected calibration error; empty ones are left out.

    Args:
        probability: the probability of each prediction, [N].
        is_right: whether it is correct, [N].

    Source: Guo et al., "On calibration of modern neural networks", 2017, equation 3.
    """
    values = probability.astype(np.float64)
    places = np.minimum((values * _BINS).astype(int), _BINS - 1)
    bins = []
    for place in range(_BINS):
        inside = places == place
        if inside.any():
            mean, share = float(values[inside].mean()), float(is_right[inside].mean())
            bins.append(
                CalibrationBin(place / _BINS, (place + 1) / _BINS, int(inside.sum()), mean, share)
            )
    return tuple(bins)


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Return the expected calibration error: the mean distance of probability and accuracy."""
    gaps = sum(part.texts * abs(part.probability - part.accuracy) for part in bins)
    return gaps / sum(part.texts for part in bins)


def label_confidence(
    probabilities: NDArray[np.float32], truth: NDArray[np.bool_], *, is_multilabel: bool
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the probabilities whose calibration counts, and whether each prediction is right.

    Of a text with one label these are the probability of the most probable label and whether it is
    right; of a multi-label text, the probability of each label and whether the text has it.

    Args:
        probabilities: float32 [N, L].
        truth: which labels each text has, bool [N, L].
        is_multilabel: whether a text may have several labels.
    """
    if is_multilabel:
        return probabilities.ravel(), truth.ravel()
    best = probabilities.argmax(axis=1)
    return probabilities.max(axis=1), truth[np.arange(len(truth)), best]
