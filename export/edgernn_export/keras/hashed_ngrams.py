"""A Keras layer of weights for words and hashed n-grams: the wide path of a classifier.

Importing the module registers the layer and imports Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from edgernn_runtime.ir import CHECKSUMS
from edgernn_runtime.ngrams import COEFFICIENTS


@keras.saving.register_keras_serializable("edgernn")
class HashedNgrams(keras.layers.Layer):  # type: ignore[misc]
    """Maps ids [N, T] to logits [N, C]: the sum of the weights of a text's distinct n-grams.

    The hash is specified in `docs/wide.md`. Padding (id 0) has no weight. Single tokens count as
    n-grams. The checksums are not trained: an n-gram whose checksum differs from that of its
    bucket is unknown, so that a bucket belongs to one n-gram.

    Example:
        ids = keras.Input((None,), dtype="int32")
        logits = HashedNgrams(words=10_000, buckets=65_536, outputs=1)(ids)
    """

    def __init__(
        self,
        words: int,
        buckets: int,
        outputs: int,
        patterns: Sequence[str] = ("bigram", "skip"),
        rank: int | None = None,
        **options: Any,
    ) -> None:
        """Create the layer.

        Args:
            words: V, the size of the vocabulary; ids are smaller.
            buckets: B, the number of hashed n-grams that have a weight.
            outputs: C, the number of logits.
            patterns: which n-grams are hashed: `bigram` (two words in a row), `trigram` (three),
                `skip` (the first and the last of three).
            rank: D, the width of a row if it differs from C; the sum is then projected to C.
            options: those of every Keras layer.

        Raises:
            ValueError: a pattern does not exist.
        """
        super().__init__(**options)
        unknown = [name for name in patterns if name not in COEFFICIENTS]
        if unknown:
            raise ValueError(f"patterns are {', '.join(COEFFICIENTS)}, not {', '.join(unknown)}")
        self.words, self.buckets, self.outputs = words, buckets, outputs
        self.patterns, self.rank = tuple(patterns), rank

    def build(self, shape: Any) -> None:
        """Create the variables; weights and bias start at 0."""
        width = self.rank or self.outputs
        self.table = self.add_weight(
            shape=(self.words + self.buckets, width), initializer="zeros", name="weights"
        )
        self.checksums = self.add_weight(
            shape=(self.buckets,),
            initializer="zeros",
            dtype="uint8",
            trainable=False,
            name="checksums",
        )
        self.projection = None
        if self.rank is not None:
            self.projection = self.add_weight(shape=(self.rank, self.outputs), name="projection")
        self.bias = self.add_weight(shape=(self.outputs,), initializer="zeros", name="bias")

    def call(self, ids: Any) -> Any:
        """Return the logits float32 [N, C] of ids [N, T], which are padded with 0."""
        keys = self._keys(tf.cast(ids, tf.int64))
        # Sorting makes equal keys adjacent; the first of each run counts.
        keys = tf.sort(keys, axis=1)
        before = tf.pad(keys[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        rows = tf.maximum(keys, 0) // CHECKSUMS
        expected = tf.concat(
            [tf.zeros([self.words], tf.int64), tf.cast(self.checksums, tf.int64)], axis=0
        )
        is_known = tf.gather(expected, rows) == keys % CHECKSUMS
        counts = tf.cast(is_known & (keys != before) & (keys >= 0), tf.float32)
        total = tf.reduce_sum(tf.gather(self.table, rows) * counts[..., tf.newaxis], axis=1)
        return (total if self.projection is None else total @ self.projection) + self.bias

    def _keys(self, ids: Any) -> Any:
        """Return the keys of words and n-grams, int64 [N, T * (1 + patterns)]; -1 means no key."""
        after = tf.pad(ids[:, 1:], [[0, 0], [0, 1]])
        second = tf.pad(after[:, 1:], [[0, 0], [0, 1]])
        keys = [CHECKSUMS * ids]
        for pattern in self.patterns:
            a, b, c, start = COEFFICIENTS[pattern]  # type: ignore[index]
            hashes = (ids * a + after * b + second * c + start) % (CHECKSUMS * self.buckets)
            keys.append(CHECKSUMS * self.words + hashes)
        return tf.concat([tf.where(ids != 0, one, -1) for one in keys], axis=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (N, C)."""
        return shape[0], self.outputs

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that `model.save` writes."""
        names = ("words", "buckets", "outputs", "patterns", "rank")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
