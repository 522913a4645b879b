"""Batches of texts of similar length, each padded to its longest text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Dataset = Any  # TensorFlow has no type annotations.

#: Batches sorted together by length: more of them need less padding but shuffle worse.
_WINDOW = 50
#: Lengths are rounded up to a multiple of this.
_STEP = 16


@dataclass(frozen=True)
class EncodedTexts:
    """Texts as token ids, with their classes.

    Attributes:
        ids: int32 [N, T], padded with 0.
        targets: the class of each text, int32 [N].
        weights: the weight of each text in the loss, float32 [N].
    """

    ids: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each text, int64 [N]; 1 for a text without tokens."""
        return np.asarray(np.maximum(np.count_nonzero(self.ids, axis=1), 1).astype(np.int64))


def balanced_weights(targets: NDArray[np.int32], classes: int) -> NDArray[np.float32]:
    """Return weights, float32 [N], with the same total for each class and a mean of 1.

    Args:
        targets: the class of each text, int32 [N].
        classes: the number of classes.

    Source: `balanced` of scikit-learn, N / (classes * count of the class).
    """
    counts = np.maximum(np.bincount(targets, minlength=classes), 1)
    return (len(targets) / (classes * counts))[targets].astype(np.float32)


def batch_order(
    lengths: NDArray[np.int64], batch_size: int, random: np.random.Generator | None
) -> list[NDArray[np.intp]]:
    """Return the indices of the texts of each batch, int [B] each.

    Args:
        lengths: the number of tokens of each text, int64 [N].
        batch_size: texts per batch; the last batch of a window may have fewer.
        random: shuffles the texts and the batches; None sorts all texts by length.
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
    """Return a tf.data.Dataset of (ids, targets, weights), reshuffled in each epoch.

    Args:
        encoded: the texts.
        batch_size: texts per batch.
        seed: the seed of the shuffling; None sorts all texts by length.
    """
    random = None if seed is None else np.random.default_rng(seed)
    lengths = encoded.lengths
    count = len(batch_order(lengths, batch_size, random))

    def batches() -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        for rows in batch_order(lengths, batch_size, random):
            longest = -(-int(lengths[rows].max()) // _STEP) * _STEP
            yield encoded.ids[rows, :longest], encoded.targets[rows], encoded.weights[rows]

    # Explicit shapes: Keras would infer them from the first batches and reject longer ones.
    signature = (
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None,), tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)
