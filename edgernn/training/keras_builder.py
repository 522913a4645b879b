"""Builds the Keras model: tokenizer, recurrent path, wide path, and their sum."""

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
from edgernn_export.keras.word_text import lower_and_split_at_punctuation
from edgernn_runtime.ir import Cell, Pattern

KerasLayer = Any  # Keras and TensorFlow have no type annotations.
Tensor = Any

_CELLS: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
_TINY = 1e-12
#: The id of unknown words in the tokenizers that `build_tokenizer` makes.
_OOV_ID = 1


def build_tokenizer(texts: Sequence[str], options: TextOptions) -> tuple[KerasLayer, ...]:
    """Return the layers from strings to ids, with a vocabulary of the texts.

    The first layer is a TextVectorization or a UnicodeTextVectorization. HeadTailTruncation
    follows for head+tail truncation.

    The vocabulary is stored in the layer's configuration, because the file that Keras saves for
    an adapted layer does not round-trip tokens with line breaks such as U+0085.
    """
    is_head_tail = options.truncate == "head+tail"
    limits: dict[str, Any] = {
        "max_tokens": options.vocabulary_size,
        "output_sequence_length": None if is_head_tail else options.max_length,
    }
    if options.tokenizer == "unicode":
        layer = UnicodeTextVectorization(**limits)
        layer.adapt(texts)
        return (layer, HeadTailTruncation(options.max_length)) if is_head_tail else (layer,)
    if options.tokenizer == "words":
        limits["standardize"] = lower_and_split_at_punctuation
    adapted = keras.layers.TextVectorization(**limits)
    adapted.adapt(np.asarray(texts, dtype=object), batch_size=1024)
    layer = keras.layers.TextVectorization(**limits, vocabulary=adapted.get_vocabulary())
    return (layer, HeadTailTruncation(options.max_length)) if is_head_tail else (layer,)


class RecurrentPath:
    """The layers from ids, int32 [N, T], to logits, float32 [N, C].

    Attributes:
        embedding: the Embedding layer.
        logits: the Dense layer at the end.
    """

    def __init__(self, options: NetworkOptions, words: int, outputs: int) -> None:
        """Create the layers.

        Args:
            options: the sizes of the layers.
            words: the vocabulary size V.
            outputs: the number of logits C.
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
        self.logits = layers.Dense(outputs)

    @property
    def weighted_layers(self) -> tuple[KerasLayer, ...]:
        """The layers with weights, in the order of the model."""
        return (self.embedding, *self._recurrent, *self._dense[:1], self.logits)

    def __call__(self, ids: Tensor) -> Tensor:
        """Return the logits, float32 [N, C], of ids, int32 [N, T]."""
        return self.after_embedding(self.embedding(ids))

    def after_embedding(
        self, x: Tensor, mask: Tensor | None = None, *, training: bool | None = None
    ) -> Tensor:
        """Return the logits, float32 [N, C], of embedded texts.

        Args:
            x: the embedded texts, float32 [N, T, E].
            mask: bool [N, T], False at padding; None if x has a Keras mask.
            training: whether dropout is active.
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
    """A Keras model of the recurrent path, optionally with adversarial training.

    Source: Miyato et al., "Adversarial training methods for semi-supervised text
    classification", 2017. The step size is relative to the norm of each embedded text.
    """

    def __init__(self, path: RecurrentPath, adversarial: float, token_dropout: float) -> None:
        """Build the model.

        Args:
            path: the layers.
            adversarial: the step size as a share of a text's norm; 0 is off.
            token_dropout: the share of tokens that each step replaces by OOV.
        """
        ids = keras.Input((None,), dtype="int32")
        super().__init__(ids, path(ids))
        self._path, self._adversarial, self._token_dropout = path, adversarial, token_dropout
        self._seeds = keras.random.SeedGenerator()

    def train_step(self, data: Any) -> dict[str, Any]:
        """Run a training step on a batch of (ids, targets, weights)."""
        ids, targets, weights = data
        ids = self._with_dropped_tokens(ids)
        if not self._adversarial:
            return dict(super().train_step((ids, targets, weights)))
        clean, logits, gradients, direction, x = self._gradients(ids, targets, weights, None)
        axes = [1, 2]
        size = self._adversarial * tf.norm(x, axis=axes, keepdims=True)
        direction /= tf.norm(direction, axis=axes, keepdims=True) + _TINY
        moved = self._gradients(ids, targets, weights, tf.stop_gradient(size * direction))[2]
        both = [a + b for a, b in zip(gradients, moved, strict=True)]
        self.optimizer.apply_gradients(zip(both, self.trainable_variables, strict=True))
        self._loss_tracker.update_state(clean)
        return dict(self.compute_metrics(ids, targets, logits, weights))

    def _with_dropped_tokens(self, ids: Tensor) -> Tensor:
        """Return ids, int32 [N, T], of which a share is OOV; padding remains."""
        if not self._token_dropout:
            return ids
        draws = keras.random.uniform(tf.shape(ids), seed=self._seeds)
        return tf.where((draws < self._token_dropout) & (ids > _OOV_ID), _OOV_ID, ids)

    def _gradients(
        self, ids: Tensor, targets: Tensor, weights: Tensor, moved: Tensor | None
    ) -> tuple[Tensor, Tensor, list[Tensor], Tensor, Tensor]:
        """Return the loss, the logits, the gradients of the variables and of the text, the text."""
        mask = tf.not_equal(ids, 0)
        variables = self.trainable_variables
        with tf.GradientTape() as tape:
            x = self._path.embedding(ids)
            tape.watch(x)
            logits = self._path.after_embedding(
                x if moved is None else x + moved, mask, training=True
            )
            loss = self.compute_loss(ids, targets, logits, weights)
        text_gradient, *gradients = tape.gradient(loss, [x, *variables])
        return loss, logits, [tf.convert_to_tensor(one) for one in gradients], text_gradient, x


def assemble(
    tokenizer: Sequence[KerasLayer],
    path: RecurrentPath | None,
    wide: WidePath | None,
    patterns: tuple[Pattern, ...],
    total: Sum,
    *,
    is_multilabel: bool = False,
) -> KerasModel:
    """Return the complete model, from strings [N, 1] to probabilities, float32 [N, C].

    Args:
        tokenizer: the layers from strings to ids.
        path: the trained recurrent path, or None; its last layer is scaled in place.
        wide: the wide path, or None.
        patterns: the n-grams of the wide path.
        total: the sum of the logits of both paths.
        is_multilabel: whether the probabilities are independent of each other.
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
    activation = "sigmoid" if logits.shape[1] == 1 or is_multilabel else "softmax"
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


def output_count(classes: int, *, is_multilabel: bool) -> int:
    """Return the number of logits C: one for two classes of which one applies."""
    return 1 if classes == 2 and not is_multilabel else classes
