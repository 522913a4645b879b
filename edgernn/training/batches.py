"""Batches of texts of similar length, each padded to its longest text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edgernn.training.targets import Targets

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
        targets: the class of each text, int32 [N]; of a multi-label model whether a text has each
            label, float32 [N, C] of zeros and ones.
        weights: the weight of each text in the loss, float32 [N].
    """

    ids: NDArray[np.int32]
    targets: Targets
    weights: NDArray[np.float32]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each text, int64 [N]; 1 for a text without tokens."""
        return np.asarray(np.maximum(np.count_nonzero(self.ids, axis=1), 1).astype(np.int64))


def balanced_weights(targets: Targets, classes: int) -> NDArray[np.float32]:
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


#: Ids, targets and weights.
Batch = tuple[NDArray[np.int32], Targets, NDArray[np.float32]]


class Batches(Protocol):
    """The batches of a training.

    Attributes:
        steps: the number of batches per epoch.
        texts: the number of texts per epoch.
    """

    steps: int
    texts: int

    def dataset(self, epoch: int, step: int) -> Dataset:
        """Return an endless tf.data.Dataset of (ids, targets, weights).

        Args:
            epoch: the number of epochs to skip.
            step: the number of batches of the next epoch to skip.
        """


class ShuffledBatches:
    """Batches of texts in memory, shuffled anew in each epoch."""

    def __init__(self, encoded: EncodedTexts, batch_size: int, seed: int) -> None:
        """Create the batches.

        Args:
            encoded: the texts.
            batch_size: texts per batch.
            seed: the seed of the shuffling.
        """
        self._encoded, self._batch_size, self._seed = encoded, batch_size, seed
        self.texts = len(encoded.targets)
        self.steps = len(batch_order(encoded.lengths, batch_size, np.random.default_rng(seed)))

    def dataset(self, epoch: int, step: int) -> Dataset:
        """Return an endless tf.data.Dataset of (ids, targets, weights) from a position."""

        def batches() -> Iterator[Batch]:
            lengths = self._encoded.lengths
            random = np.random.default_rng(self._seed)
            for number in itertools.count(-1):
                # The first order only counts the batches; the models of earlier versions skip it.
                order = batch_order(lengths, self._batch_size, random)
                if number >= epoch:
                    skipped = step if number == epoch else 0
                    yield from padded(self._encoded, order[skipped:])

        return from_generator(batches, self._encoded.targets)


def to_dataset(encoded: EncodedTexts, batch_size: int) -> Dataset:
    """Return a tf.data.Dataset of (ids, targets, weights), sorted by length.

    Args:
        encoded: the texts.
        batch_size: texts per batch.
    """
    order = batch_order(encoded.lengths, batch_size, None)
    dataset = from_generator(lambda: padded(encoded, order), encoded.targets)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(order)))


def padded(encoded: EncodedTexts, order: list[NDArray[np.intp]]) -> Iterator[Batch]:
    """Yield the batches at the indices, each padded to its longest text."""
    lengths = encoded.lengths
    for rows in order:
        longest = -(-int(lengths[rows].max()) // _STEP) * _STEP
        yield encoded.ids[rows, :longest], encoded.targets[rows], encoded.weights[rows]


def from_generator(batches: Callable[[], Iterator[Batch]], targets: Targets) -> Dataset:
    """Return a tf.data.Dataset of the batches that the iterators of a function yield.

    Args:
        batches: returns an iterator of the batches.
        targets: any targets of the shape and type of theirs, [N] or [N, C].
    """
    # Explicit shapes: Keras would infer them from the first batches and reject longer ones.
    signature = (
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, *targets.shape[1:]), tf.as_dtype(targets.dtype)),
        tf.TensorSpec((None,), tf.float32),
    )
    return tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(2)
