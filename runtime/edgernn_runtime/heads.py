"""Heads: how a model's outputs become probabilities of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: `binary` is one sigmoid, `multiclass` a softmax, `multilabel` a sigmoid for each label.
Head = Literal["binary", "multiclass", "multilabel"]
HEADS: tuple[Head, ...] = ("binary", "multiclass", "multilabel")

_Float = TypeVar("_Float", "np.float32", "np.float64")


def expand_binary(outputs: NDArray[_Float]) -> NDArray[_Float]:
    """Return the probabilities of both labels of a binary model.

    Args:
        outputs: float32 or float64 [..., C], probabilities. C = 1 is a binary model, whose output
            is the probability of the second label.

    Returns:
        [..., 2] of the same dtype where C is 1; else `outputs`.
    """
    if outputs.shape[-1] != 1:
        return outputs
    import numpy as np

    return np.concatenate([1 - outputs, outputs], axis=-1)
