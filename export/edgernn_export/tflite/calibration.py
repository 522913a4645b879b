"""Calibration: the ranges of a network's values on texts, by the NumPy reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn_export.chain import chain_layers
from edgernn_runtime.ir import Network, Recurrent
from edgernn_runtime.reference import merged, run_layer, walk

#: The number of texts to calibrate on; more texts did not change the accuracy.
COUNT = 60


@dataclass(frozen=True)
class LayerRange:
    """The range of a layer's values.

    Attributes:
        low: the smallest value of its output.
        high: the largest value of its output.
        cells: the largest absolute cell value of an LSTM, for each direction; else empty.
    """

    low: float
    high: float
    cells: tuple[float, ...] = ()


def calibrate(network: Network, texts: Sequence[NDArray[np.int32]]) -> tuple[LayerRange, ...]:
    """Return the range of each layer of the recurrent path on texts.

    Args:
        network: the classifier.
        texts: the ids of each text, int32 [T]; empty texts are skipped.
    """
    texts = [ids for ids in texts if len(ids)][:COUNT]
    if network.embedding is None:
        return ()
    ranges: list[list[LayerRange]] = [[] for _ in chain_layers(network)]
    for ids in texts:
        x = network.embedding[ids]
        for i, layer in enumerate(chain_layers(network)):
            cells: tuple[float, ...] = ()
            if isinstance(layer, Recurrent):
                walks = [walk(direction, x) for direction in layer.directions]
                cells = tuple(float(np.abs(found).max()) for _, found in walks)
                x = merged(layer, [states for states, _ in walks])
            else:
                x = run_layer(layer, x)
            ranges[i].append(LayerRange(float(x.min()), float(x.max()), cells))
    return tuple(map(_union, ranges))


def _union(ranges: list[LayerRange]) -> LayerRange:
    cells = zip(*(one.cells for one in ranges), strict=True)
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    return LayerRange(low, high, tuple(map(max, cells)))
