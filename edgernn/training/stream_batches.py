"""Batches of texts that are read from files while they are used."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgernn.data.stream import Survey, Tables, training_rows
from edgernn.errors import OptionError
from edgernn.training.batches import (
    Batch,
    Dataset,
    EncodedTexts,
    batch_order,
    from_generator,
    padded,
)
from edgernn.training.options import TrainingOptions
from edgernn.training.workers import Workers

#: Batches that are shuffled and sorted by length together.
_WINDOW = 50


@dataclass(frozen=True)
class Stream:
    """Training rows that are read from files.

    Attributes:
        tables: the files.
        survey: what a first pass over them found.
        steps_per_epoch: the batches per epoch; None for all rows.
    """

    tables: Tables
    survey: Survey
    steps_per_epoch: int | None

    @property
    def rows(self) -> int:
        """The number of training rows; the share of the validation rows is estimated."""
        held_out = len(self.survey.validation)
        return max(self.survey.rows - held_out, 1)


class StreamedBatches:
    """Batches of rows in files, with the memory of a window of 50 batches.

    An epoch is a number of batches. The next epoch continues where the last one ended, and the
    files are read again when all rows were used.
    """

    def __init__(
        self,
        stream: Stream,
        encode: Callable[[Sequence[str]], NDArray[np.int32]],
        weights: Mapping[str, tuple[int, float]],
        batch_size: int,
        seed: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Create the batches.

        Args:
            stream: the files.
            encode: returns the ids of texts, int32 [N, T], padded with 0.
            weights: the class and the weight of each label.
            batch_size: texts per batch.
            seed: the seed of the order.
            share: the place of this worker and the number of workers. A worker reads every
                `count`-th file, and its part of a batch.

        Raises:
            OptionError: there are fewer files than workers, or the batch cannot be divided.
        """
        index, count = share
        _check_share(stream.tables, batch_size, count)
        self._stream, self._encode, self._weights = stream, encode, weights
        self._tables = replace(stream.tables, paths=stream.tables.paths[index::count])
        self._batch_size, self._seed = batch_size // count, seed
        self.steps = stream.steps_per_epoch or -(-stream.rows // batch_size)
        self.texts = self.steps * batch_size

    def dataset(self, epoch: int, step: int) -> Dataset:
        """Return an endless tf.data.Dataset of (ids, targets, weights) from a position."""
        skipped = epoch * self.steps + step
        return from_generator(lambda: self._batches(skipped), np.zeros(0, np.int32))

    def _batches(self, skipped: int) -> Iterator[Batch]:
        survey = self._stream.survey
        rows = training_rows(self._tables, survey.last, self._seed)
        size = _WINDOW * self._batch_size
        first, rest = divmod(skipped, _WINDOW)
        rows = itertools.islice(rows, first * size, None)
        for number in itertools.count(first):
            encoded = self._encoded(list(itertools.islice(rows, size)))
            random = np.random.default_rng((self._seed, number))
            order = batch_order(encoded.lengths, self._batch_size, random)
            yield from padded(encoded, order[rest if number == first else 0 :])

    def _encoded(self, rows: list[tuple[str, str]]) -> EncodedTexts:
        ids = self._encode([text for text, _ in rows])
        targets, weights = zip(*(self._weights[label] for _, label in rows), strict=True)
        has_tokens = ids.any(axis=1)
        # The average over zero tokens is NaN, so a text without tokens is OOV without a weight.
        ids[~has_tokens, 0] = 1
        return EncodedTexts(
            ids,
            np.asarray(targets, dtype=np.int32),
            np.asarray(weights, dtype=np.float32) * has_tokens,
        )


def open_batches(
    stream: Stream,
    encode: Callable[[Sequence[str]], NDArray[np.int32]],
    labels: tuple[str, ...],
    options: TrainingOptions,
    workers: Workers | None,
) -> StreamedBatches:
    """Return the batches of rows in files; each worker reads its own files.

    Args:
        stream: the files.
        encode: returns the ids of texts, int32 [N, T], padded with 0.
        labels: the names of the classes.
        options: the training options.
        workers: the workers that share each batch, or None.

    Raises:
        OptionError: there are fewer files than workers, or the batch cannot be divided.
    """
    counts = stream.survey.labels
    total = sum(counts.values())
    weights = {
        label: (i, total / (len(labels) * counts[label]) if options.balance_classes else 1.0)
        for i, label in enumerate(labels)
        if label in counts
    }
    share = (workers.index, workers.count) if workers else (0, 1)
    return StreamedBatches(stream, encode, weights, options.batch_size, options.seed, share)


def _check_share(tables: Tables, batch_size: int, count: int) -> None:
    """Check that each worker has files and a part of a batch.

    Raises:
        OptionError: there are fewer files than workers, or the batch cannot be divided.
    """
    if len(tables.paths) < count:
        raise OptionError(
            "there are fewer files than workers",
            path=tables.paths[0].parent,
            expected=f"at least {count} files",
            found=f"{len(tables.paths)}",
            hint="split the files, or use fewer workers",
        )
    if batch_size % count:
        raise OptionError(
            "the batch cannot be divided among the workers",
            expected=f"a --batch-size that is a multiple of {count}",
            found=f"{batch_size}",
            hint=f"such as --batch-size {-(-batch_size // count) * count}",
        )
