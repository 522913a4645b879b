"""The model as Keras layers: tokenizer, recurrent path, wide path, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edgernn.training.options import NetworkOptions, TextOptions
from edgernn.training.path_sum import Sum
from edgernn.training.wide import WidePath
from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.head_tail_truncation import HeadTailTruncation
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.unicode_text import UnicodeTextVectorization
from edgernn_runtime.ir import Cell, Pattern

KerasLayer = Any  # Keras and TensorFlow have no type annotations.
Tensor = Any

_CELLS: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
_TINY = 1e-12


def build_tokenizer(texts: Sequence[str], options: TextOptions) -> tuple[KerasLayer, ...]:
    """Return the layers from strings to ids, their vocabulary learned from the texts.

    They are a vectorization by the rules asked for, and HeadTailTruncation where both ends of a
    long text are kept.

    The vocabulary goes into the layer's configuration: Keras's own file of an adapted one breaks
    at tokens that hold U+0085 and the like.
    """
    keeps_ends = options.truncate == "head+tail"
    limits: dict[str, Any] = {
        "max_tokens": options.vocabulary_size,
        "output_sequence_length": None if keeps_ends else options.max_length,
    }
    if options.tokenizer == "unicode":
        layer = UnicodeTextVectorization(**limits)
        layer.adapt(texts)
        return (layer, HeadTailTruncation(options.max_length)) if keeps_ends else (layer,)
    adapted = keras.layers.TextVectorization(**limits)
    adapted.adapt(np.asarray(texts, dtype=object), batch_size=1024)
    layer = keras.layers.TextVectorization(**limits, vocabulary=adapted.get_vocabulary())
    return (layer, HeadTailTruncation(options.max_length)) if keeps_ends else (layer,)


class RecurrentPath:
    """The layers from ids to logits; calling it on ids [N, T] gives logits [N, C].

    Attributes:
        embedding: the Embedding layer.
        logits: the Dense layer at the end.
    """

    def __init__(self, options: NetworkOptions, words: int, classes: int) -> None:
        """Create the layers.

        Args:
            options: their sizes.
            words: V, the vocabulary's size.
            classes: the number of classes; C is 1 for two.
        """
        layers = keras.layers
        self.embedding = layers.Embedding(words, options.embedding_dim, mask_zero=True)
        self._spatial_dropout = layers.SpatialDropout1D(options.spatial_dropout)
        self._pools = options.pooling == "max+average"
        cell = getattr(layers, _CELLS[options.cell])
        last = len(options.units) - 1
        self._recurrent = [
            layers.Bidirectional(cell(units, return_sequences=self._pools or i < last))
            for i, units in enumerate(options.units)
        ]
        self._dropouts = [layers.Dropout(options.dropout) for _ in options.units]
        self._maximum = layers.GlobalMaxPooling1D()
        self._average = layers.GlobalAveragePooling1D()
        self._joined = layers.Concatenate()
        self._dense = (
            [layers.Dense(options.dense_units, activation="relu"), layers.Dropout(options.dropout)]
            if options.dense_units
            else []
        )
        self.logits = layers.Dense(output_count(classes))

    def __call__(self, ids: Tensor) -> Tensor:
        """Return the logits of ids."""
        return self.after_embedding(self.embedding(ids))

    def after_embedding(
        self, x: Tensor, mask: Tensor | None = None, *, training: bool | None = None
    ) -> Tensor:
        """Return the logits [N, C] of embedded texts [N, T, E].

        Args:
            x: the texts.
            mask: which steps are no padding, bool [N, T]; None where x carries its mask.
            training: whether values are dropped.
        """
        x = self._spatial_dropout(x, training=training)
        for i, (layer, dropout) in enumerate(zip(self._recurrent, self._dropouts, strict=True)):
            x = layer(x, training=training, **({} if mask is None else {"mask": mask}))
            if self._pools and i == len(self._recurrent) - 1:
                average = self._average(x, **({} if mask is None else {"mask": mask}))
                x = self._joined([self._maximum(x), average])
            x = dropout(x, training=training)
        for layer in self._dense:
            x = layer(x)
        return self.logits(x)


class PathModel(keras.Model):  # type: ignore[misc]
    """A recurrent path as a model from ids to logits, trained with an adversarial step if asked.

    Source of the step: Miyato et al., "Adversarial training methods for semi-supervised text
    classification", 2017, with the step's size relative to the norm of each embedded text.
    """

    def __init__(self, path: RecurrentPath, adversarial: float) -> None:
        """Build the model; `adversarial` is the step's size as a share of a text's norm, or 0."""
        ids = keras.Input((None,), dtype="int32")
        super().__init__(ids, path(ids))
        self._path, self._adversarial = path, adversarial

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take a step on a batch of (ids, targets, weights)."""
        if not self._adversarial:
            return dict(super().train_step(data))
        ids, targets, weights = data
        clean, logits, gradients, direction, x = self._gradients(ids, targets, weights, None)
        axes = [1, 2]
        size = self._adversarial * tf.norm(x, axis=axes, keepdims=True)
        direction /= tf.norm(direction, axis=axes, keepdims=True) + _TINY
        moved = self._gradients(ids, targets, weights, tf.stop_gradient(size * direction))[2]
        both = [a + b for a, b in zip(gradients, moved, strict=True)]
        self.optimizer.apply_gradients(zip(both, self.trainable_variables, strict=True))
        self._loss_tracker.update_state(clean)
        return dict(self.compute_metrics(ids, targets, logits, weights))

    def _gradients(
        self, ids: Tensor, targets: Tensor, weights: Tensor, moved: Tensor | None
    ) -> tuple[Tensor, Tensor, list[Tensor], Tensor, Tensor]:
        """Return loss, logits, the gradients of all variables and of the text, and the text."""
        mask = tf.not_equal(ids, 0)
        variables = self.trainable_variables
        with tf.GradientTape() as tape:
            x = self._path.embedding(ids)
            tape.watch(x)
            logits = self._path.after_embedding(
                x if moved is None else x + moved, mask, training=True
            )
            loss = self.compute_loss(ids, targets, logits, weights)
        of_text, *gradients = tape.gradient(loss, [x, *variables])
        return loss, logits, [tf.convert_to_tensor(one) for one in gradients], of_text, x


def assemble(
    tokenizer: Sequence[KerasLayer],
    path: RecurrentPath | None,
    wide: WidePath | None,
    patterns: tuple[Pattern, ...],
    total: Sum,
) -> KerasModel:
    """Return the model that is saved: strings [N, 1] to probabilities [N, C].

    Args:
        tokenizer: the layers from strings to ids.
        path: the recurrent path, trained, or None; its last layer is scaled in place.
        wide: the wide path, or None.
        patterns: the wide path's n-grams.
        total: how the logits of both are added up.
    """
    text = keras.Input((1,), dtype="string")
    ids = text
    for layer in tokenizer:
        ids = layer(ids)
    parts = []
    if path is not None:
        kernel, bias = path.logits.get_weights()
        parts.append(path(ids))
        path.logits.set_weights([kernel * total.network, bias * total.network + total.shift])
    if wide is not None:
        shift = total.shift if path is None else 0.0
        parts.append(_wide_layer(wide, patterns, total.wide, shift)(ids))
    logits = parts[0] if len(parts) == 1 else keras.layers.Add()(parts)
    activation = "sigmoid" if logits.shape[1] == 1 else "softmax"
    return keras.Model(text, keras.layers.Activation(activation, name="probabilities")(logits))


def _wide_layer(
    wide: WidePath, patterns: tuple[Pattern, ...], factor: float, shift: float
) -> KerasLayer:
    buckets, outputs = len(wide.checksums), wide.weights.shape[1]
    layer = HashedNgrams(len(wide.weights) - buckets, buckets, outputs, patterns)
    layer.build(None)
    layer.table.assign(wide.weights * factor)
    layer.checksums.assign(wide.checksums)
    layer.bias.assign(wide.bias * factor + shift)
    return layer


def output_count(classes: int) -> int:
    """Return C, the number of logits."""
    return 1 if classes == 2 else classes
