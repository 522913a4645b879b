"""Perturbed networks, with the differences that a faulty writer would cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgernn_export.quantization import quantize
from edgernn_export.rounding import map_weights
from edgernn_runtime.ir import Dense, Recurrent


def change_first(network, change):
    """Return the network with its first recurrent layer changed, or None without one."""
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Recurrent):
            layers = (*network.layers[:i], change(layer), *network.layers[i + 1 :])
            return replace(network, layers=layers)
    return None


def moved_embedding(network):
    return replace(network, embedding=np.roll(network.embedding, 1, axis=0))


def swapped_gates(network):
    def change(layer):
        forward, size = layer.forward, layer.forward.hidden_size
        order = np.arange(forward.kernel.shape[1])
        order[: 2 * size] = np.roll(order[: 2 * size], size)
        parts = {x: getattr(forward, x)[..., order] for x in ("kernel", "recurrent", "bias")}
        return replace(layer, forward=replace(forward, **parts))

    is_gated = all(x.forward.cell != "rnn" for x in network.layers if isinstance(x, Recurrent))
    return change_first(network, change) if is_gated else None


def turned(network):
    def change(layer):
        directions = [replace(one, reverse=not one.reverse) for one in layer.directions]
        return replace(
            layer, forward=directions[0], backward=directions[1] if directions[1:] else None
        )

    return change_first(network, change)


def scaled(factor):
    def perturb(network):
        def change(layer):
            forward = layer.forward
            kernels = (forward.kernel, forward.recurrent)
            kernel, recurrent = ((x * np.float32(factor)).astype(np.float32) for x in kernels)
            return replace(layer, forward=replace(forward, kernel=kernel, recurrent=recurrent))

        return change_first(network, change) or scaled_dense(network, factor)

    return perturb


def scaled_dense(network, factor):
    i = next(i for i, layer in enumerate(network.layers) if isinstance(layer, Dense))
    layer = network.layers[i]
    changed = replace(layer, kernel=(layer.kernel * np.float32(factor)).astype(np.float32))
    return replace(network, layers=(*network.layers[:i], changed, *network.layers[i + 1 :]))


def shuffled(network):
    draw = np.random.default_rng(0)
    return map_weights(network, lambda x: draw.permuted(x.ravel()).reshape(x.shape))


def four_bits(network):
    def change(weights):
        return quantize(weights, axis=1, bits=4).dequantized() if weights.ndim == 2 else weights

    return map_weights(network, change)


def moved_bias(network):
    *layers, last = network.layers
    bias = last.bias.copy()
    bias[0] += 0.5
    return replace(network, layers=(*layers, replace(last, bias=bias)))


#: Functions from a network to the perturbed one, or to None if it does not apply, by name.
PERTURBATIONS = {
    "embedding moved by a row": moved_embedding,
    "two gates swapped": swapped_gates,
    "directions reversed": turned,
    "a layer's weights x 1.05": scaled(1.05),
    "a layer's weights x 1.2": scaled(1.2),
    "weights shuffled": shuffled,
    "4 bits for 8": four_bits,
    "a bias moved by 0.5": moved_bias,
}
