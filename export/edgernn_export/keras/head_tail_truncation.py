"""A Keras layer that truncates a long text to its head and tail.

TextVectorization keeps the head only. Importing the module registers the layer and imports Keras.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


# Saved models name the layer by its first name.
@keras.saving.register_keras_serializable("edgernn", name="KeepEnds")
class HeadTailTruncation(keras.layers.Layer):  # type: ignore[misc]
    """Maps ids [N, T] to ids [N, length]: the head and the tail of each text, padded with 0.

    Of a text of more than `length` ids, the last `length // 2` and the first `length - length // 2`
    are kept: `head+tail` of the tokenizer contract. The layer belongs behind a TextVectorization
    without `output_sequence_length`.
    """

    def __init__(self, length: int, **options: Any) -> None:
        """Create the layer; `length` is the number of ids to keep, at least 1."""
        super().__init__(**options)
        self.length = length

    def call(self, ids: Any) -> Any:
        """Return the ids [N, length] of ids [N, T] that are padded with 0 behind the text."""
        lengths = tf.math.count_nonzero(ids, axis=1, keepdims=True)
        places = tf.range(self.length, dtype=lengths.dtype)[tf.newaxis]
        is_tail = (lengths > self.length) & (places >= self.length - self.length // 2)
        places = tf.where(is_tail, places + lengths - self.length, places)
        padded = tf.pad(ids, [[0, 0], [0, self.length]])
        return tf.gather(padded, places, axis=1, batch_dims=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (N, length)."""
        return shape[0], self.length

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that `model.save` writes."""
        return {**super().get_config(), "length": self.length}
