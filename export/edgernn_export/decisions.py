"""The labels that texts get, given their probabilities and the thresholds of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.prediction import MULTILABEL_THRESHOLD


@dataclass(frozen=True)
class Coverage:
    """The effect of a model's thresholds on labeled texts.

    Attributes:
        share: the share of texts that get a label, 0 to 1.
        texts: the number of texts that get a label.
        precision: the share of the given labels that are right; None if no text gets one.
        thresholds: the least probability of each label.
    """

    share: float
    texts: int
    precision: float | None
    thresholds: tuple[float, ...]


def decide(
    probabilities: NDArray[np.float32], thresholds: Sequence[float] | None, *, is_multilabel: bool
) -> NDArray[np.bool_]:
    """Return the labels that each text gets, bool [N, L], as `edgernn_runtime` chooses them.

    Args:
        probabilities: float32 [N, L].
        thresholds: the least probability of each label, or None.
        is_multilabel: whether a text may get several labels.
    """
    default = MULTILABEL_THRESHOLD if is_multilabel else 0.0
    limits = np.full(probabilities.shape[1], default) if thresholds is None else thresholds
    reached = np.asarray(probabilities >= np.asarray(limits, dtype=np.float32))
    if is_multilabel:
        return reached
    best = np.where(reached, probabilities, -1).argmax(axis=1)
    chosen = best[:, np.newaxis] == np.arange(probabilities.shape[1])
    return np.asarray(chosen & reached)


def measure_coverage(
    decisions: NDArray[np.bool_], truth: NDArray[np.bool_], thresholds: Sequence[float]
) -> Coverage:
    """Return the share of texts that get a label, and the precision of these labels.

    Args:
        decisions: the labels that each text gets, bool [N, L].
        truth: the labels that each text has, bool [N, L].
        thresholds: the least probability of each label.
    """
    given = int(decisions.sum())
    labeled = int(decisions.any(axis=1).sum())
    precision = float((decisions & truth).sum() / given) if given else None
    return Coverage(labeled / len(truth), labeled, precision, tuple(thresholds))
