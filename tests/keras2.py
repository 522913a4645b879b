"""Models that Keras 2 (tf_keras) writes, and what it predicts with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tf_keras

from tests.conftest import WORDS, make_texts

layers = tf_keras.layers
LENGTH, ROWS = 12, 40

#: Ids of 30 texts, padded behind with zeros.
IDS = np.random.default_rng(0).integers(1, ROWS, (30, LENGTH))
for _row, _count in zip(IDS, np.random.default_rng(1).integers(1, LENGTH + 1, 30), strict=True):
    _row[_count:] = 0
TEXTS = [*make_texts(28, longest=14), "Good, GOOD film!", "\u0085x naïve \u0085x"]


@dataclass(frozen=True)
class Saved:
    """A model as Keras 2 wrote it, and its own predictions for IDS or TEXTS."""

    path: Path
    predictions: np.ndarray


def inputs(takes_text):
    return np.array(TEXTS, dtype=object)[:, None] if takes_text else IDS


def spread(model, seed=3):
    """Draw weights that differ from each other, and statistics that are not 0 and 1."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        if not hasattr(variable, "assign"):
            continue
        is_variance = "variance" in variable.name
        values = draw.uniform(0.5, 2.0, variable.shape)
        if not is_variance:
            values = draw.normal(0, 1.0, variable.shape)
        variable.assign(values)
    return model


def sequential(*stack, out=None, mask=True):
    out = out or layers.Dense(1, activation="sigmoid", name="out")
    embedding = layers.Embedding(ROWS, 6, input_length=LENGTH, mask_zero=mask)
    return tf_keras.Sequential([embedding, *stack, out])


def branches():
    """Return a functional model with a nested one, called twice, and calls with keywords."""
    ids = tf_keras.Input((LENGTH,), name="ids")
    inner_input = tf_keras.Input((LENGTH, 5))
    inner = layers.LSTM(5, return_sequences=True)(inner_input)
    inner = tf_keras.Model(inner_input, layers.Dense(5, activation="relu")(inner))
    x = layers.Embedding(ROWS, 5)(ids)
    x = layers.Conv1D(5, 3, padding="same", activation="hard_sigmoid")(x)
    once, twice = inner(x), inner(inner(x))
    attention = layers.Attention()([once, twice])
    heads = layers.MultiHeadAttention(2, 3)(once, value=attention)
    x = layers.LayerNormalization()(layers.Add()([once, twice, attention, heads]))
    x = layers.GlobalMaxPooling1D()(layers.LeakyReLU(alpha=0.2)(x))
    x = layers.Dropout(0.2)(layers.BatchNormalization()(x))
    return tf_keras.Model(ids, layers.Dense(3)(x))


def frozen(*, whole=False):
    """Return a model whose nested model has weights that are not trained, or none that are."""
    table = layers.Embedding(ROWS, 6, input_length=LENGTH, trainable=False)
    parts = [table, layers.BatchNormalization(), layers.Conv1D(6, 3, trainable=False)]
    front = tf_keras.Sequential([*parts, layers.BatchNormalization()])
    front.trainable = not whole
    head = layers.Dense(1, activation="sigmoid")
    return tf_keras.Sequential([front, layers.GRU(4), head])


def of_text(middle=(layers.GlobalAveragePooling1D,), **options):
    tokenizer = layers.TextVectorization(output_sequence_length=LENGTH, **options)
    if "vocabulary" not in options:
        tokenizer.adapt([" ".join(WORDS), "\u0085x"])
    text = tf_keras.Input((1,), dtype="string")
    x = layers.Embedding(ROWS, 6, mask_zero=True)(tokenizer(text))
    for build in middle:
        x = build()(x)
    return tf_keras.Model(text, layers.Dense(1, activation="sigmoid")(x))


#: Saving a SavedModel traces each layer, so that the models of texts there have no recurrent layer.
RECURRENT = (
    lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
    layers.GlobalMaxPooling1D,
)

#: By name: the suffix of the file, "" for a SavedModel, and the model.
MODELS = {
    "gru_before": (
        ".h5",
        lambda: sequential(
            layers.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid", implementation=1)
        ),
    ),
    "gru_after": (".h5", lambda: sequential(layers.GRU(4, recurrent_activation="hard_sigmoid"))),
    "lstm": (
        ".h5",
        lambda: sequential(
            layers.Bidirectional(
                layers.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True)
            ),
            layers.LSTM(3, go_backwards=True),
        ),
    ),
    "simple": (
        ".h5",
        lambda: sequential(
            layers.SimpleRNN(4, activation="hard_sigmoid"),
            layers.Dense(3, activation="hard_sigmoid"),
        ),
    ),
    "both": (
        ".h5",
        lambda: sequential(
            layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="sum"),
            layers.Bidirectional(
                layers.GRU(4), backward_layer=layers.GRU(4, go_backwards=True, name="back")
            ),
        ),
    ),
    "masking": (
        ".h5",
        lambda: sequential(
            layers.Masking(0.0),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(3)),
            layers.GlobalMaxPooling1D(),
            mask=False,
        ),
    ),
    "branches": (".h5", branches),
    "frozen": (".h5", frozen),
    "frozen_whole": (".h5", lambda: frozen(whole=True)),
    "text_list": (".h5", lambda: of_text(RECURRENT, vocabulary=WORDS, standardize="lower")),
    "branches_zip": (".keras", branches),
    "frozen_zip": (".keras", frozen),
    "gru_zip": (".keras", lambda: sequential(layers.GRU(4, recurrent_activation="hard_sigmoid"))),
    "text_zip": (".keras", lambda: of_text(RECURRENT)),
    "frozen_folder": ("", frozen),
    "frozen_whole_folder": ("", lambda: frozen(whole=True)),
    "gru_folder": ("", lambda: sequential(layers.GRU(4, recurrent_activation="hard_sigmoid"))),
    "text_folder": ("", of_text),
    "text_list_folder": ("", lambda: of_text(vocabulary=WORDS, split="character")),
}


def save(model, path):
    if path.suffix:
        model.save(path, save_format=path.suffix[1:])
    else:
        model.save(path)
    return path
