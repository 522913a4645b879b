"""Predictions: labels and probabilities, made from a model's output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgernn_runtime.heads import Head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The threshold of each label of a multi-label model without thresholds.
MULTILABEL_THRESHOLD = 0.5


@dataclass(frozen=True)
class Prediction:
    """The prediction for one text.

    Attributes:
        label: the most probable label; of a model with thresholds, the most probable one that
            reaches its threshold, or None if none does.
        probability: the probability of that label, 0 to 1; without a label, the highest one.
        probabilities: the probability of each label, in the order of the labels. They add up to
            1, except for a multi-label model, whose probabilities are independent.
        labels: the labels that apply, the most probable first: of a multi-label model those that
            reach their thresholds (0.5 if it has none), of others `label`.
    """

    label: str | None
    probability: float
    probabilities: dict[str, float]
    labels: tuple[str, ...]

    @property
    def best(self) -> str:
        """The most probable label, also if it does not reach its threshold."""
        return self._ranked()[0]

    @property
    def runner_up(self) -> str | None:
        """The second most probable label; None if the model has one label."""
        return self._ranked()[1] if len(self.probabilities) > 1 else None

    def above(self, threshold: float = MULTILABEL_THRESHOLD) -> tuple[str, ...]:
        """Return the labels whose probability is above a threshold, the most probable first.

        Use it for a multi-label model, where any number of labels may apply.

        Args:
            threshold: a probability, 0 to 1.
        """
        return tuple(label for label in self._ranked() if self.probabilities[label] > threshold)

    def _ranked(self) -> list[str]:
        """Return the labels, the most probable first."""
        return sorted(self.probabilities, key=lambda label: -self.probabilities[label])


def make_prediction(
    output: NDArray[np.float32],
    head: Head,
    labels: Sequence[str],
    thresholds: Sequence[float] | None = None,
) -> Prediction:
    """Return the prediction for a model's output.

    Args:
        output: float32 [C], probabilities; C is 1 for a binary model.
        head: how the output relates to the labels.
        labels: the names of the classes: 2 for a binary model, else C.
        thresholds: the least probability of each label, or None.
    """
    values: list[float] = output.tolist()
    if head == "binary":
        values = [1 - values[0], values[0]]
    best = max(range(len(values)), key=values.__getitem__)
    return choose_labels(values, best, head, labels, thresholds)


def choose_labels(
    values: Sequence[float],
    best: int,
    head: Head,
    labels: Sequence[str],
    thresholds: Sequence[float] | None,
) -> Prediction:
    """Return the prediction for the probabilities of all labels.

    Args:
        values: the probability of each label.
        best: the index of the highest one.
        head: how the probabilities relate to each other.
        labels: the names of the classes.
        thresholds: the least probability of each label, or None.
    """
    applying = [best]
    if thresholds or head == "multilabel":
        limits = thresholds or (MULTILABEL_THRESHOLD,) * len(values)
        reached = [i for i, value in enumerate(values) if value >= limits[i]]
        applying = sorted(reached, key=lambda i: -values[i])
    # A model without thresholds always has a label.
    chosen = best if not thresholds else applying[0] if applying else None
    if head != "multilabel":
        applying = applying[:1]
    return Prediction(
        label=None if chosen is None else labels[chosen],
        probability=values[best if chosen is None else chosen],
        probabilities=dict(zip(labels, values, strict=True)),
        labels=tuple(labels[i] for i in applying),
    )
