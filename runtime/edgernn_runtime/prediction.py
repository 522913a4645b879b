"""Predictions: labels and probabilities, made from a model's output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgernn_runtime.heads import Head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """The prediction for one text.

    Attributes:
        label: the most probable label.
        probability: the probability of that label, 0 to 1.
        probabilities: the probability of each label, in the order of the labels. They add up to
            1, except for a multi-label model, whose probabilities are independent.
    """

    label: str
    probability: float
    probabilities: dict[str, float]

    def above(self, threshold: float = 0.5) -> tuple[str, ...]:
        """Return the labels whose probability is above a threshold, the most probable first.

        Use it for a multi-label model, where any number of labels may apply.

        Args:
            threshold: a probability, 0 to 1.
        """
        chosen = [label for label, p in self.probabilities.items() if p > threshold]
        return tuple(sorted(chosen, key=lambda label: -self.probabilities[label]))


def make_prediction(output: NDArray[np.float32], head: Head, labels: Sequence[str]) -> Prediction:
    """Return the prediction for a model's output.

    Args:
        output: float32 [C], probabilities; C is 1 for a binary model.
        head: how the output relates to the labels.
        labels: the names of the classes: 2 for a binary model, else C.
    """
    values: list[float] = output.tolist()
    if head == "binary":
        values = [1 - values[0], values[0]]
    best = max(range(len(values)), key=values.__getitem__)
    return Prediction(
        label=labels[best],
        probability=values[best],
        probabilities=dict(zip(labels, values, strict=True)),
    )
