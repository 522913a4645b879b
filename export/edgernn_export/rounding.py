"""The rounding error of a model, measured against a float64 evaluation.

Large weights amplify rounding from step to step, in Keras as in every engine. A file may therefore
differ from Keras by a multiple of the rounding error of this model on these texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgernn_export.quantization import quantize
from edgernn_export.recipes import WeightType
from edgernn_runtime.ir import Array, Network
from edgernn_runtime.reference import probabilities

#: Returns an array of the same shape.
Change = Callable[[Any], NDArray[np.floating[Any]]]

#: Half a unit in the last place of a float32, relative to the number.
_HALF_UNIT = 2.0**-24


@dataclass(frozen=True)
class Storage:
    """How a file stores weights.

    Attributes:
        weights: the type.
        bits: for int8, the number of bits that are used.
    """

    weights: WeightType
    bits: int = 8


def rounding_errors(
    network: Network, storage: Storage, ids: Sequence[NDArray[np.int32]], outputs: Array
) -> NDArray[np.float64]:
    """Return the absolute error that rounding causes in a model, for each text.

    It is the larger error of Keras itself and of the model with its weights as stored in a file.
    For float32, where these are the same weights, it is the largest error of Keras, of the NumPy
    reference in float32, and of two models whose weights are perturbed by up to half a unit in the
    last place. Each is one sample of the error: where a recurrence amplifies rounding, another
    engine may be off by ten times as much.

    Args:
        network: the classifier.
        storage: how the file stores the weights.
        ids: N texts, int32 [T] each, T at least 1, padded as `probabilities` expects them.
        outputs: float32 [N, C], Keras's outputs for them.

    Returns:
        float64 [N], the largest error of any probability; NaN where Keras's outputs have NaN.
    """
    exact, others = map_weights(network, _as_float64), _rounded(network, storage)
    errors = []
    for row, output in zip(ids, outputs, strict=True):
        truth = probabilities(exact, row)
        found = (output, *(probabilities(other, row) for other in others))
        errors.append(np.max([np.abs(one - truth) for one in found]))
    return np.array(errors, dtype=np.float64)


def map_weights(network: Network, change: Change) -> Network:
    """Return the network with `change` applied to each of its float arrays.

    With float64 arrays it is evaluated in float64.
    """
    return cast(Network, _with_weights(network, change))


def _as_float64(weights: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return weights.astype(np.float64)


def _rounded(network: Network, storage: Storage) -> tuple[Network, ...]:
    """Return networks whose weights are rounded as in a file."""
    if storage.weights == "float32":
        draws = map(np.random.default_rng, range(2))
        return network, *(map_weights(network, _moved_by(draw)) for draw in draws)
    if storage.weights == "float16":
        return (map_weights(network, lambda weights: _as_float64(weights.astype(np.float16))),)

    assert storage.weights == "int8", storage.weights

    def quantized(weights: Array) -> NDArray[np.float64]:
        if weights.ndim < 2:
            return _as_float64(weights)
        # A convolution's taps are columns of one matrix.
        matrix = weights.reshape(-1, weights.shape[-1])
        stored = quantize(matrix, axis=1, bits=storage.bits).dequantized()
        return _as_float64(stored.reshape(weights.shape))

    return (map_weights(network, quantized),)


def _moved_by(draw: np.random.Generator) -> Change:
    def change(weights: Array) -> NDArray[np.float64]:
        return weights * (1 + draw.uniform(-_HALF_UNIT, _HALF_UNIT, weights.shape))

    return change


def _with_weights(value: Any, change: Change) -> Any:
    """Return a dataclass of weights with each of its float arrays changed."""
    if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_with_weights(one, change) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: getattr(value, one.name) for one in fields(value)}
        return replace(value, **{name: _with_weights(x, change) for name, x in parts.items()})
    return value
