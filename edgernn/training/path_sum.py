"""Joining the recurrent and the wide path: a calibrated sum of their logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.ir import Array

Deployed = Literal["bag", "network", "both"]


@dataclass(frozen=True)
class Sum:
    """logits = wide * (wide path) + network * (recurrent path) + shift.

    Attributes:
        wide: the factor of the wide path, 0 or more.
        network: the factor of the recurrent path, 0 or more.
        shift: what is added; 0 for more than two classes.
    """

    wide: float
    network: float
    shift: float

    def logits(self, wide: Array, network: Array) -> Array:
        """Return the logits [N, C] of both paths' [N, C]."""
        total = self.wide * wide + self.network * network + self.shift
        return np.asarray(total, dtype=np.float32)


def calibrated_sum(wide: Array, network: Array, targets: NDArray[np.int32]) -> Sum:
    """Return the sum with the lowest log loss on validation texts, each label a little smoothing.

    Without that the factors would grow without limit where the texts can be told apart perfectly.

    Args:
        wide: logits of the wide path, float32 [N, C]; C is 1 for two classes.
        network: logits of the recurrent path, the same shape.
        targets: the class of each text, int32 [N].

    Source: Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2, for the
    unsureness of 1 in N + 2.
    """
    from scipy.optimize import minimize

    is_binary = wide.shape[1] == 1
    smoothing = 1 / (len(targets) + 2)

    def loss(values: NDArray[np.float64]) -> float:
        total = Sum(*values, *([] if is_binary else [0.0]))
        return log_loss(total.logits(wide, network), targets, smoothing)

    start = [0.5, 0.5, 0.0] if is_binary else [0.5, 0.5]
    bounds = [(0, None), (0, None), (None, None)][: len(start)]
    found = minimize(loss, start, bounds=bounds, method="Nelder-Mead", options={"maxiter": 400})
    wide_factor, network_factor, *rest = (float(value) for value in found.x)
    return Sum(wide_factor, network_factor, rest[0] if rest else 0.0)


def cross_validated_log_loss(wide: Array, network: Array, targets: NDArray[np.int32]) -> float:
    """Return the log loss of the calibrated sum on texts that it was not fitted on.

    The sum is fitted on every other text and evaluated on the rest, both ways round. The log loss
    tells two classifiers apart on far fewer texts than their accuracy does.

    Args:
        wide: logits of the wide path, float32 [N, C]; zeros for the network alone.
        network: logits of the recurrent path, the same shape; zeros for the wide path alone.
        targets: the class of each text, int32 [N].
    """
    loss = 0.0
    for fold in (0, 1):
        rows = np.arange(len(targets)) % 2 == fold
        if rows.any() and not rows.all():
            total = calibrated_sum(wide[~rows], network[~rows], targets[~rows])
            loss += rows.mean() * log_loss(total.logits(wide[rows], network[rows]), targets[rows])
    return float(loss)


def log_loss(logits: Array, targets: NDArray[np.int32], smoothing: float = 0.0) -> float:
    """Return the mean cross-entropy of logits [N, C] for targets [N]; C is 1 for two classes.

    Args:
        logits: float32 [N, C].
        targets: the class of each text, int32 [N].
        smoothing: the share of each target that is spread over all classes.
    """
    wide = logits.astype(np.float64)
    if wide.shape[1] == 1:
        wide = np.concatenate([np.zeros_like(wide), wide], axis=1)
    largest = wide.max(axis=1)
    total = largest + np.log(np.exp(wide - largest[:, np.newaxis]).sum(axis=1))
    of_target = wide[np.arange(len(targets)), targets]
    return float((total - (1 - smoothing) * of_target - smoothing * wide.mean(axis=1)).mean())


def accuracy(logits: Array, targets: NDArray[np.int32]) -> float:
    """Return the share of right classes of logits [N, C]; C is 1 for two classes."""
    found = logits.argmax(axis=1) if logits.shape[1] > 1 else logits[:, 0] > 0
    return float((found == targets).mean())
