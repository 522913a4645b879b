"""The calibrated sum of the logits of the recurrent path and the wide path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn.training.targets import Targets
from edgernn_runtime.activations import sigmoid, softmax
from edgernn_runtime.ir import Array

Deployed = Literal["bag", "network", "both"]


@dataclass(frozen=True)
class Sum:
    """A sum of logits: wide * (wide path) + network * (recurrent path) + shift.

    Attributes:
        wide: the factor of the wide path, at least 0.
        network: the factor of the recurrent path, at least 0.
        shift: the added constant; 0 for more than two classes of which one applies.
    """

    wide: float
    network: float
    shift: float

    def logits(self, wide: Array, network: Array) -> Array:
        """Return the sum of the logits of both paths, float32 [N, C] each."""
        total = self.wide * wide + self.network * network + self.shift
        return np.asarray(total, dtype=np.float32)


def calibrated_sum(wide: Array, network: Array, targets: Targets) -> Sum:
    """Return the sum with the lowest log loss on validation texts, with label smoothing.

    Without label smoothing, the factors would grow without limit on separable texts.

    Args:
        wide: logits of the wide path, float32 [N, C]; C is 1 for two classes.
        network: logits of the recurrent path, the same shape.
        targets: the class of each text, int32 [N], or float32 [N, C] of a multi-label model.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2, for the
    label smoothing of 1 / (N + 2).
    """
    from scipy.optimize import minimize

    # A constant that is added to all logits has no effect on a softmax.
    has_shift = wide.shape[1] == 1 or targets.ndim == 2
    smoothing = 1 / (len(targets) + 2)

    def loss(values: NDArray[np.float64]) -> float:
        total = Sum(*values, *([] if has_shift else [0.0]))
        return log_loss(total.logits(wide, network), targets, smoothing)

    start = [0.5, 0.5, 0.0] if has_shift else [0.5, 0.5]
    bounds = [(0, None), (0, None), (None, None)][: len(start)]
    result = minimize(loss, start, bounds=bounds, method="Nelder-Mead", options={"maxiter": 400})
    wide_factor, network_factor, *rest = (float(value) for value in result.x)
    return Sum(wide_factor, network_factor, rest[0] if rest else 0.0)


def cross_validated_log_loss(wide: Array, network: Array, targets: Targets) -> float:
    """Return the log loss of the calibrated sum by two-fold cross-validation.

    The log loss separates two classifiers with far fewer texts than their accuracy.

    Args:
        wide: logits of the wide path, float32 [N, C]; zeros for the recurrent path alone.
        network: logits of the recurrent path, the same shape; zeros for the wide path alone.
        targets: the class of each text, int32 [N], or float32 [N, C] of a multi-label model.
    """
    return log_loss(cross_validated_logits(wide, network, targets), targets)


def cross_validated_logits(wide: Array, network: Array, targets: Targets) -> Array:
    """Return the logits of the calibrated sum, float32 [N, C], by two-fold cross-validation.

    The sum is fitted on one half of the texts and applied to the other, then vice versa. The
    arguments are those of `cross_validated_log_loss`.
    """
    logits = np.zeros_like(wide)
    for fold in (0, 1):
        rows = np.arange(len(targets)) % 2 == fold
        if rows.any() and not rows.all():
            total = calibrated_sum(wide[~rows], network[~rows], targets[~rows])
            logits[rows] = total.logits(wide[rows], network[rows])
    return logits


def label_probabilities(logits: Array, *, is_multilabel: bool) -> Array:
    """Return the probability of each label, float32 [N, L], of logits [N, C]."""
    if is_multilabel:
        return np.asarray(sigmoid(logits), dtype=np.float32)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    return np.asarray(softmax(logits), dtype=np.float32)


def log_loss(logits: Array, targets: Targets, smoothing: float = 0.0) -> float:
    """Return the mean cross-entropy of logits [N, C] for targets [N]; C is 1 for two classes.

    Args:
        logits: float32 [N, C].
        targets: the class of each text, int32 [N], or float32 [N, C] of a multi-label model, whose
            loss is the mean over texts and labels.
        smoothing: the share of each target that is spread evenly over all classes.
    """
    wide = logits.astype(np.float64)
    if targets.ndim == 2:
        smoothed = (1 - smoothing) * targets + smoothing / 2
        return float((np.logaddexp(0, wide) - smoothed * wide).mean())
    if wide.shape[1] == 1:
        wide = np.concatenate([np.zeros_like(wide), wide], axis=1)
    largest = wide.max(axis=1)
    total = largest + np.log(np.exp(wide - largest[:, np.newaxis]).sum(axis=1))
    target_logits = wide[np.arange(len(targets)), targets]
    return float((total - (1 - smoothing) * target_logits - smoothing * wide.mean(axis=1)).mean())


def accuracy(logits: Array, targets: Targets) -> float:
    """Return the share of correct predictions; of a multi-label model, of texts and labels.

    Args:
        logits: float32 [N, C]; C is 1 for two classes.
        targets: the class of each text, int32 [N], or float32 [N, C] of a multi-label model.
    """
    if targets.ndim == 2:
        return float(((logits > 0) == (targets > 0.5)).mean())
    predicted = logits.argmax(axis=1) if logits.shape[1] > 1 else logits[:, 0] > 0
    return float((predicted == targets).mean())
