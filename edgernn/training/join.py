"""Joining the recurrent and the wide path: a calibrated sum of their logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.network import Array

#: A network that lowers the log loss by less is not worth its bytes, and is most likely noise.
_LEAST_GAIN = 0.005

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
    """Return the sum with the lowest log loss on validation texts.

    Args:
        wide: logits of the wide path, float32 [N, C]; C is 1 for two classes.
        network: logits of the recurrent path, the same shape.
        targets: the class of each text, int32 [N].
    """
    from scipy.optimize import minimize

    is_binary = wide.shape[1] == 1

    def loss(values: NDArray[np.float64]) -> float:
        return log_loss(Sum(*values, *([] if is_binary else [0.0])).logits(wide, network), targets)

    start = [0.5, 0.5, 0.0] if is_binary else [0.5, 0.5]
    bounds = [(0, None), (0, None), (None, None)][: len(start)]
    found = minimize(loss, start, bounds=bounds, method="Nelder-Mead", options={"maxiter": 400})
    wide_factor, network_factor, *rest = (float(value) for value in found.x)
    return Sum(wide_factor, network_factor, rest[0] if rest else 0.0)


def helps(wide: Array, network: Array, targets: NDArray[np.int32]) -> bool:
    """Return whether the network lowers the log loss of the wide path on texts not fitted on.

    Both sums are fitted on every other validation text and compared on the rest. The log loss
    decides, as it tells two classifiers apart on far fewer texts than their accuracy does.

    Args:
        wide: logits of the wide path, float32 [N, C]; C is 1 for two classes.
        network: logits of the recurrent path, the same shape.
        targets: the class of each text, int32 [N].
    """
    with_network = without = 0.0
    nothing = np.zeros_like(network)
    for fold in (0, 1):
        rows = np.arange(len(targets)) % 2 == fold
        for other in (network, nothing):
            total = calibrated_sum(wide[~rows], other[~rows], targets[~rows])
            loss = rows.mean() * log_loss(total.logits(wide[rows], other[rows]), targets[rows])
            if other is network:
                with_network += loss
            else:
                without += loss
    return bool(with_network < (1 - _LEAST_GAIN) * without)


def log_loss(logits: Array, targets: NDArray[np.int32]) -> float:
    """Return the mean cross-entropy of logits [N, C] for targets [N]; C is 1 for two classes."""
    wide = logits.astype(np.float64)
    if wide.shape[1] == 1:
        wide = np.concatenate([np.zeros_like(wide), wide], axis=1)
    largest = wide.max(axis=1)
    total = largest + np.log(np.exp(wide - largest[:, np.newaxis]).sum(axis=1))
    return float((total - wide[np.arange(len(targets)), targets]).mean())


def accuracy(logits: Array, targets: NDArray[np.int32]) -> float:
    """Return the share of right classes of logits [N, C]; C is 1 for two classes."""
    found = logits.argmax(axis=1) if logits.shape[1] > 1 else logits[:, 0] > 0
    return float((found == targets).mean())
