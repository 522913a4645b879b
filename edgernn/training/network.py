"""The network as Keras layers: tokenizer, embedding, bidirectional layers, dense head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from edgernn.training.options import NetworkOptions
from edgernn_export.keep_ends import KeepEnds
from edgernn_runtime.network import Cell

KerasModel = Any  # Keras carries no types.
KerasLayer = Any

_CELLS: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def build_tokenizer(texts: Sequence[str], options: NetworkOptions) -> tuple[KerasLayer, ...]:
    """Return the layers from strings to ids, their vocabulary learned from the texts.

    They are a TextVectorization, and KeepEnds where both ends of a long text are kept.

    The vocabulary goes into the layer's configuration: Keras's own file of an adapted one breaks
    at tokens that hold U+0085 and the like.
    """
    keeps_ends = options.truncate == "head+tail"
    limits = {
        "max_tokens": options.vocabulary_size,
        "output_sequence_length": None if keeps_ends else options.max_length,
    }
    adapted = keras.layers.TextVectorization(**limits)
    adapted.adapt(np.asarray(texts, dtype=object), batch_size=1024)
    layer = keras.layers.TextVectorization(**limits, vocabulary=adapted.get_vocabulary())
    return (layer, KeepEnds(options.max_length)) if keeps_ends else (layer,)


def build_core(options: NetworkOptions, vocabulary_size: int, classes: int) -> KerasModel:
    """Return the network from ids int32 [N, T] to logits [N, C]; C is 1 for two classes."""
    layers = keras.layers
    stack = [
        keras.Input((None,), dtype="int32"),
        layers.Embedding(vocabulary_size, options.embedding_dim, mask_zero=True),
        layers.Dropout(options.dropout),
    ]
    for i, units in enumerate(options.units):
        cell = getattr(layers, _CELLS[options.cell])
        is_last = i == len(options.units) - 1
        stack.append(layers.Bidirectional(cell(units, return_sequences=not is_last)))
        stack.append(layers.Dropout(options.dropout))
    stack.append(layers.Dense(options.dense_units, activation="relu"))
    stack.append(layers.Dropout(options.dropout))
    stack.append(layers.Dense(_outputs(classes)))
    return keras.Sequential(stack)


def assemble(tokenizer: Sequence[KerasLayer], core: KerasModel, classes: int) -> KerasModel:
    """Return the model that is saved: strings [N, 1] to probabilities [N, C].

    The head becomes a sigmoid or a softmax, so that nobody has to know about logits.
    """
    *body, logits = core.layers
    activation = "sigmoid" if classes == 2 else "softmax"
    head = keras.layers.Dense(_outputs(classes), activation=activation, name="probabilities")
    model = keras.Sequential([keras.Input((1,), dtype="string"), *tokenizer, *body, head])
    head.set_weights(logits.get_weights())
    return model


def _outputs(classes: int) -> int:
    return 1 if classes == 2 else classes
