"""Fusion of a graph's layers: activations and normalizations into the products in front of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgernn_runtime.ir import Dense, Layer
from edgernn_runtime.ir_graph import Affine, Attention, Combination, Convolution, Selection


def fuse(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers that compute the same, with each `Affine` behind a product made part of it."""
    found = list(layers)
    index = 1
    while index < len(found):
        product, affine = found[index - 1], found[index]
        uses = Counter(source for i, layer in enumerate(found) for source in _reads(i, layer))
        is_product = isinstance(product, Dense | Convolution) and product.activation == "linear"
        if is_product and isinstance(affine, Affine) and uses[index] == 1:
            found[index - 1] = _fused(product, affine)
            found = [_renumbered(layer, index) for i, layer in enumerate(found) if i != index]
        else:
            index += 1
    return found


def _reads(index: int, layer: Layer) -> tuple[int, ...]:
    return layer.sources if isinstance(layer, Selection | Combination | Attention) else (index,)


def _fused(product: Layer, affine: Affine) -> Layer:
    assert isinstance(product, Dense | Convolution), "fuse looks at products only"
    if affine.scale is None or affine.shift is None:
        return replace(product, activation=affine.activation)
    return replace(
        product,
        kernel=np.asarray(product.kernel * affine.scale, dtype=np.float32),
        bias=np.asarray(product.bias * affine.scale + affine.shift, dtype=np.float32),
        activation=affine.activation,
    )


def _renumbered(layer: Layer, removed: int) -> Layer:
    """Return a layer whose sources are right once the layer at an index is left out."""

    def number(source: int) -> int:
        return source - 1 if source > removed else source

    if isinstance(layer, Selection):
        return replace(layer, source=number(layer.source))
    if isinstance(layer, Combination):
        return replace(layer, sources=tuple(map(number, layer.sources)))
    if isinstance(layer, Attention):
        query, key, value = map(number, layer.sources)
        return replace(layer, sources=(query, key, value))
    return layer
