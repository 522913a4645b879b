"""Networks by what of a text the engine in C must keep, with weights drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgernn_runtime.ir import Dense, Network, Pooling, Recurrent
from tests.runtime.test_native import direction, network_of

EMBEDDING = 20
BOTH = ("max", "average")


def one_way(*units, cell="lstm", last="states", reverse=False):
    """Return layers of one direction; the last has the `last` state alone, or a sequence."""
    draw, size = np.random.default_rng(1), EMBEDDING
    for i, hidden in enumerate(units):
        own = direction(draw, cell, size, hidden, reverse=reverse and i == 0)
        is_last = i + 1 == len(units) and last == "state"
        yield Recurrent(f"one{i}", own, return_sequences=not is_last)
        size = hidden


def two_ways(*units, cell="lstm", merge="concat", last="states", size=EMBEDDING):
    """Return layers of two directions; the last has the `last` states alone, or a sequence."""
    draw = np.random.default_rng(2)
    for i, hidden in enumerate(units):
        forward = direction(draw, cell, size, hidden)
        backward = direction(draw, cell, size, hidden, reverse=True)
        is_last = i + 1 == len(units) and last == "state"
        yield Recurrent(f"two{i}", forward, backward, merge, not is_last)
        size = 2 * hidden if merge == "concat" else hidden


def dense(size, units, activation="tanh"):
    """Return a dense layer for each step."""
    draw = np.random.default_rng(size)
    kernel = draw.normal(0, 0.3, (size, units)).astype(np.float32)
    return Dense(f"dense{size}", kernel, np.ones(units, np.float32), activation)


#: Layers whose scratch is the same for every text, and those that keep sequences.
CONSTANT = {
    "one way": (*one_way(24, last="state"), 24),
    "one way, stacked": (*one_way(24, 5, 17, last="state"), 17),
    "one way, GRU, mean": (*one_way(24, 16, cell="gru"), Pooling("p", ("average",)), 16),
    "one way, RNN, joined": (*one_way(5, 9, cell="rnn"), Pooling("p", BOTH), 18),
    "from the end": (*one_way(24, 16, last="state", reverse=True), 16),
    "dense between": (*one_way(24), dense(24, 9), Pooling("p", BOTH), 18),
    "dense in front": (dense(20, 20), *one_way(24, last="state"), 24),
    "two ways": (*two_ways(24, last="state"), 48),
    "two ways, summed": (*two_ways(24, last="state", merge="sum"), 24),
    "two ways, maximum": (*two_ways(24), Pooling("p", ("max",)), 48),
    "two ways, mean": (*two_ways(17), Pooling("p", ("average",)), 34),
    "two ways, joined": (*two_ways(24, cell="gru"), Pooling("p", BOTH), 96),
    "embedding": (Pooling("p", BOTH), 40),
}
GROWING = {
    "two ways, stacked": (*two_ways(24, 16), Pooling("p", BOTH), 64),
    "two ways, merged and pooled": (*two_ways(24, merge="ave"), Pooling("p", BOTH), 48),
    "one way, then two": (
        *one_way(24),
        *two_ways(16, size=24),
        Pooling("p", ("average",)),
        32,
    ),
}


def stream_of(name):
    """Return a network of that name; the number at the end of its layers is the head's input size."""
    *layers, size = {**CONSTANT, **GROWING}[name]
    head = dense(size, 3, "linear")
    network = network_of(3, embedding=EMBEDDING)
    return Network(
        network.task, network.embedding, (*layers, replace(head, name="head")), network.wide
    )
