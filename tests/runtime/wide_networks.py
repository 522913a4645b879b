"""Networks with a wide path or joined poolings, with weights drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgernn_runtime.ir import Dense, HashedNgrams, Network, PadRow, Pooling
from edgernn_runtime.ngrams import hashes
from tests.runtime.test_native import VOCABULARY, network_of

#: Wide paths, by what is special about them.
WIDE = {
    "plain": {},
    "rank": {"rank": 5},
    "odd_buckets": {"buckets": 77},
    "one_bucket": {"buckets": 1},
    "trigrams": {"patterns": ("trigram", "bigram", "skip")},
    "words": {"patterns": ()},
}
#: Joined poolings, each with whether the text has a padded row.
POOLINGS = {
    "both": (("max", "average"), False),
    "both_padded": (("average", "max"), True),
    "four": (("max", "average", "average", "max"), True),
    "averages": (("average", "average"), False),
}


def wide_of(seed, buckets=64, rank=None, patterns=("bigram", "skip"), outputs=3, words=VOCABULARY):
    """Return a wide path; most buckets belong to an n-gram that random texts contain."""
    draw = np.random.default_rng(seed)
    checksums = draw.integers(0, 256, buckets).astype(np.uint8)
    for _ in range(40):
        found = hashes(draw.integers(0, VOCABULARY, 50), patterns, buckets)
        checksums[found // 256] = found % 256
    width = rank or outputs
    return HashedNgrams(
        "wide",
        patterns,
        draw.normal(0, 0.3, (words + buckets, width)).astype(np.float32),
        checksums,
        draw.normal(0, 1, (width, outputs)).astype(np.float32) if rank else None,
        draw.normal(0, 1, outputs).astype(np.float32),
    )


def bag_of(seed, **options):
    """Return a network of a wide path alone."""
    return Network(network_of(seed).task, None, (), wide_of(seed, **options))


def both_of(seed, **options):
    """Return a network of both paths."""
    return replace(network_of(seed), wide=wide_of(seed, **options))


def pooled_of(seed, name):
    """Return a network of joined poolings."""
    reductions, is_padded = POOLINGS[name]
    network = network_of(seed)
    draw = np.random.default_rng(seed)
    size = network.layers[1].output_size
    row = PadRow(32, draw.normal(0, 0.5, size).astype(np.float32)) if is_padded else None
    kernel = draw.normal(0, 0.7, (size * len(reductions), 3)).astype(np.float32)
    head = Dense("head", kernel, np.ones(3, np.float32))
    return replace(network, layers=(*network.layers[:2], Pooling("pool", reductions, row), head))
