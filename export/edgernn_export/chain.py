"""The layers of a chain, which writers without a graph cover."""

from __future__ import annotations

from collections.abc import Mapping

from edgernn_export.errors import UncoveredError
from edgernn_runtime.ir import ChainLayer, Network


def is_chain(network: Network) -> bool:
    """Return whether every layer is one of a chain."""
    return all(isinstance(layer, ChainLayer) for layer in network.layers)


def chain_layers(network: Network) -> tuple[ChainLayer, ...]:
    """Return a network's layers.

    Raises:
        UncoveredError: one is of a kind that only the native target has.
    """
    layers = tuple(layer for layer in network.layers if isinstance(layer, ChainLayer))
    if len(layers) < len(network.layers):
        raise not_a_chain(network, {})
    return layers


def not_a_chain(network: Network, kinds: Mapping[str, str]) -> UncoveredError:
    """Return the error of a network with a layer that only the native target has.

    Args:
        network: the network.
        kinds: the class names of Keras's layers, by name.
    """
    layer = next(layer for layer in network.layers if not isinstance(layer, ChainLayer))
    return UncoveredError(
        f"layer {layer.name} is not covered",
        expected="recurrent, GlobalMax/AveragePooling1D and Dense layers after the Embedding",
        found=kinds.get(layer.name, type(layer).__name__),
    )
