"""The sum of both paths, and the scores of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgernn.calibration import calibration_bins, calibration_error, label_confidence
from edgernn.training.options import Preset
from edgernn.training.path_sum import (
    Sum,
    accuracy,
    calibrated_sum,
    cross_validated_logits,
    label_probabilities,
    log_loss,
)
from edgernn.training.targets import Targets
from edgernn_runtime.ir import Array

#: A smaller relative gain in log loss is likely noise and does not justify the network's size.
LEAST_GAIN = 0.005
#: The least factor of a single path, even if it is worse than a guess.
_LEAST_FACTOR = 1e-3


@dataclass(frozen=True)
class PathScore:
    """The validation scores of a calibrated path.

    Attributes:
        accuracy: the share of correct predictions, 0 to 1.
        log_loss: the mean cross-entropy by two-fold cross-validation of the calibration.
        calibration_error_before: the expected calibration error of the logits as trained.
        calibration_error: that of the calibrated logits, by the same cross-validation.
    """

    accuracy: float
    log_loss: float
    calibration_error_before: float
    calibration_error: float


@dataclass(frozen=True)
class PathScores:
    """The scores of each path; None if the path was not trained.

    Attributes:
        bag: the wide path alone.
        network: the recurrent path alone.
        both: their sum.
    """

    bag: PathScore
    network: PathScore | None = None
    both: PathScore | None = None


def join_paths(
    preset: Preset, wide: Array, network: Array | None, targets: Targets
) -> tuple[Sum, PathScores]:
    """Return the sum of the paths, and their scores on the validation texts.

    Args:
        preset: the options.
        wide: logits of the wide path, float32 [N, C]; C is 1 for two classes.
        network: logits of the recurrent path, the same shape, or None.
        targets: the targets of the validation texts.
    """
    zeros = np.zeros_like(wide)

    def fitted(a: Array, b: Array) -> tuple[Sum, PathScore]:
        total = calibrated_sum(a, b, targets)
        calibrated = cross_validated_logits(a, b, targets)
        return total, PathScore(
            accuracy=accuracy(total.logits(a, b), targets),
            log_loss=log_loss(calibrated, targets),
            calibration_error_before=_calibration_error(a + b, targets),
            calibration_error=_calibration_error(calibrated, targets),
        )

    bag, bag_score = fitted(wide, zeros)
    # A factor of 0 would leave no path in the model.
    bag = replace(bag, wide=max(bag.wide, _LEAST_FACTOR), network=0.0)
    if network is None:
        return bag, PathScores(bag_score)
    alone, alone_score = fitted(zeros, network)
    if preset.wide is None:
        factor = max(alone.network, _LEAST_FACTOR)
        total = replace(alone, wide=0.0, network=factor)
        return total, PathScores(bag_score, alone_score)
    both, both_score = fitted(wide, network)
    is_better = both_score.log_loss < (1 - LEAST_GAIN) * bag_score.log_loss
    return both if is_better else bag, PathScores(bag_score, alone_score, both_score)


def _calibration_error(logits: Array, targets: Targets) -> float:
    """Return the expected calibration error of logits, float32 [N, C]."""
    is_multilabel = targets.ndim == 2
    probabilities = label_probabilities(logits, is_multilabel=is_multilabel)
    truth = targets > 0.5
    if not is_multilabel:
        truth = targets[:, np.newaxis] == np.arange(probabilities.shape[1])
    parts = label_confidence(probabilities, truth, is_multilabel=is_multilabel)
    return calibration_error(calibration_bins(*parts))
