"""Batches of texts of like length, each padded to its own longest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Dataset = Any  # tensorflow carries no types.

#: Batches whose texts are sorted together; larger wastes less, smaller shuffles better.
_WINDOW = 50
#: Lengths are rounded up to a multiple of this.
_STEP = 16


@dataclass(frozen=True)
class EncodedTexts:
    """Texts as ids.

    Attributes:
        ids: int32 [N, T], padded with 0.
        targets: the class of each text, int32 [N].
        weights: how much each text counts in the loss, float32 [N].
    """

    ids: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each text, [N]; at least 1, for a text without a token."""
        return np.asarray(np.maximum(np.count_nonzero(self.ids, axis=1), 1).astype(np.int64))


def balanced_weights(targets: NDArray[np.int32], classes: int) -> NDArray[np.float32]:
    """Return weights [N] that give each class the same total and have a mean of 1.

    The formula is scikit-learn's `balanced`: N / (classes * count of the class).
    """
    counts = np.maximum(np.bincount(targets, minlength=classes), 1)
    return (len(targets) / (classes * counts))[targets].astype(np.float32)


def batch_order(
    lengths: NDArray[np.int64], batch_size: int, random: np.random.Generator | None
) -> list[NDArray[np.intp]]:
    """Return the indices of each batch.

    Args:
        lengths: [N].
        batch_size: texts a batch; the last of a window may have fewer.
        random: shuffles the texts, and then the batches; None leaves both sorted by length.
    """
    window = _WINDOW * batch_size if random else len(lengths)
    order = random.permutation(len(lengths)) if random else np.arange(len(lengths))
    sorted_windows = [
        part[np.argsort(lengths[part], kind="stable")]
        for part in (order[start : start + window] for start in range(0, len(order), window))
    ]
    batches = [
        part[start : start + batch_size]
        for part in sorted_windows
        for start in range(0, len(part), batch_size)
    ]
    if random:
        batches = [batches[i] for i in random.permutation(len(batches))]
    return batches


def to_dataset(encoded: EncodedTexts, batch_size: int, seed: int | None) -> Dataset:
    """Return a tf.data.Dataset of (ids, targets, weights), shuffled anew in each pass.

    Args:
        encoded: the texts.
        batch_size: texts a batch.
        seed: of the shuffling; None for batches in the order of length.
    """
    random = None if seed is None else np.random.default_rng(seed)
    lengths = encoded.lengths
    count = len(batch_order(lengths, batch_size, random))

    def batches() -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        for rows in batch_order(lengths, batch_size, random):
            longest = -(-int(lengths[rows].max()) // _STEP) * _STEP
            yield encoded.ids[rows, :longest], encoded.targets[rows], encoded.weights[rows]

    # The shapes are said here: Keras guesses them from the first batches, and refuses a later
    # one that is longer.
    signature = (
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None,), tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)
