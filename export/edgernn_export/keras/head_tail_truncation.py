"""A Keras layer that keeps both ends of a long text, which TextVectorization cannot.

Importing the module registers the layer, and imports Keras.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


# Saved models name the layer by its first name.
@keras.saving.register_keras_serializable("edgernn", name="KeepEnds")
class HeadTailTruncation(keras.layers.Layer):  # type: ignore[misc]
    """Cuts ids [N, T] to the first and the last of each text, and pads: [N, length].

    A text of more than `length` ids keeps its last `length // 2`, and the first as many as are
    left: the tokenizer contract's `head+tail`. It stands behind a TextVectorization without
    `output_sequence_length`.
    """

    def __init__(self, length: int, **options: Any) -> None:
        """Take the number of ids that a text keeps, at least 1."""
        super().__init__(**options)
        self.length = length

    def call(self, ids: Any) -> Any:
        """Return the ids [N, length] of ids [N, T], which are padded with 0 at their end."""
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
        """Return what `model.save` keeps of the layer."""
        return {**super().get_config(), "length": self.length}
