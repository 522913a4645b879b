"""The targets of a training: a class, or several labels, for each text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: The class of each text, int32 [N]; of a multi-label model whether a text has each label, float32
#: [N, C] of zeros and ones.
Targets = NDArray[np.int32] | NDArray[np.float32]


def encode_targets(truth: Sequence[Sequence[int]], classes: int, *, is_multilabel: bool) -> Targets:
    """Return the targets of texts.

    Args:
        truth: the indices of each text's labels, [N]; one of each text without `is_multilabel`.
        classes: the number of labels.
        is_multilabel: whether a text may have any number of labels.
    """
    if not is_multilabel:
        return np.asarray([labels[0] for labels in truth], dtype=np.int32)
    targets = np.zeros((len(truth), classes), dtype=np.float32)
    for i, labels in enumerate(truth):
        targets[i, list(labels)] = 1
    return targets
