"""What an evaluation finds beyond the scores: calibration, scores by length, the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.metrics import Scores, score, wilson_interval

_BINS = 15
_PARTS = 4
_MOST_MISTAKES = 10


@dataclass(frozen=True)
class Bin:
    """The texts whose answers are about equally sure.

    Attributes:
        low: the least probability of the label given.
        high: the largest.
        texts: how many.
        probability: the mean probability of the label given.
        accuracy: the share of right labels.
    """

    low: float
    high: float
    texts: int
    probability: float
    accuracy: float


@dataclass(frozen=True)
class LengthPart:
    """The texts of about one length.

    Attributes:
        low: the fewest words of a text.
        high: the most.
        texts: how many texts.
        accuracy: the share of right labels.
        accuracy_95: its 95 % interval (Wilson's).
    """

    low: int
    high: int
    texts: int
    accuracy: float
    accuracy_95: tuple[float, float]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        text: the text.
        label: its label.
        given: the label that was given.
        probability: the probability of that.
    """

    text: str
    label: str
    given: str
    probability: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that is told about a classifier on labeled texts.

    Attributes:
        scores: accuracy, precision, recall, F1 and the confusion matrix.
        calibration_error: the expected calibration error, 0 to 1: how far, on average, the
            probability of the label given is from the share of right ones.
        calibration: the bins of that error, those without a text left out.
        lengths: the texts in four parts by their number of words, as large as each other.
        mistakes: the surest wrong answers, the surest first.
    """

    scores: Scores
    calibration_error: float
    calibration: tuple[Bin, ...]
    lengths: tuple[LengthPart, ...]
    mistakes: tuple[Mistake, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values, the scores in front."""
        values = asdict(self)
        return {**values.pop("scores"), **values}


def evaluation(
    texts: Sequence[str],
    truth: Sequence[int],
    probabilities: NDArray[np.float32],
    labels: tuple[str, ...],
) -> Evaluation:
    """Return what is told about a classifier's answers.

    Args:
        texts: the texts, at least one.
        truth: the index of each text's class.
        probabilities: float [N, C], of each label for each text.
        labels: the names of the classes.
    """
    given = probabilities.argmax(axis=1)
    sureness = probabilities.max(axis=1).astype(np.float64)
    is_right = given == np.asarray(truth)
    bins = _bins(sureness, is_right)
    gaps = sum(part.texts * abs(part.probability - part.accuracy) for part in bins)
    return Evaluation(
        scores=score(truth, given.tolist(), labels),
        calibration_error=gaps / len(texts),
        calibration=bins,
        lengths=_lengths(texts, is_right),
        mistakes=_mistakes(texts, truth, given.tolist(), sureness, labels),
    )


def _bins(sureness: NDArray[np.float64], is_right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Return the bins of the expected calibration error, equally wide.

    Source: Guo et al., "On calibration of modern neural networks", 2017, equation 3.
    """
    places = np.minimum((sureness * _BINS).astype(int), _BINS - 1)
    found = []
    for place in range(_BINS):
        inside = places == place
        if inside.any():
            mean, share = float(sureness[inside].mean()), float(is_right[inside].mean())
            edges = place / _BINS, (place + 1) / _BINS
            found.append(Bin(*edges, int(inside.sum()), mean, share))
    return tuple(found)


def _lengths(texts: Sequence[str], is_right: NDArray[np.bool_]) -> tuple[LengthPart, ...]:
    words = np.array([len(text.split()) for text in texts])
    order = np.argsort(words, kind="stable")
    parts = []
    for rows in np.array_split(order, min(_PARTS, len(texts))):
        right = int(is_right[rows].sum())
        bounds = wilson_interval(right, len(rows))
        low, high = int(words[rows].min()), int(words[rows].max())
        parts.append(LengthPart(low, high, len(rows), right / len(rows), bounds))
    return tuple(parts)


def _mistakes(
    texts: Sequence[str],
    truth: Sequence[int],
    given: Sequence[int],
    sureness: NDArray[np.float64],
    labels: tuple[str, ...],
) -> tuple[Mistake, ...]:
    wrong = [i for i in range(len(texts)) if truth[i] != given[i]]
    wrong.sort(key=lambda i: -sureness[i])
    return tuple(
        Mistake(texts[i], labels[truth[i]], labels[given[i]], float(sureness[i]))
        for i in wrong[:_MOST_MISTAKES]
    )
