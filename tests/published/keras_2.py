"""Published models of Keras 2, written by tf_keras: `.h5`, SavedModel and its own `.keras`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.published.corpus import Corpus
from tests.published.notebook import OTHER_PADDING, Notebook, notebook_pattern
from tests.published.pattern import Pattern, Pipeline, Wrong
from tests.published.training import fit, predict

H5 = "model.h5"


def _lstm(size: int, outputs: int) -> Any:
    import tf_keras

    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Embedding(size, 16, input_length=60),
            layers.SpatialDropout1D(0.2),
            layers.LSTM(16, dropout=0.2, recurrent_dropout=0.2),
            layers.Dense(outputs, activation="sigmoid"),
        ]
    )


def _bigru(size: int, outputs: int) -> Any:
    import tf_keras

    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Embedding(size, 16, mask_zero=True, input_length=30),
            layers.Bidirectional(layers.GRU(12)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(outputs, activation="softmax"),
        ]
    )


def _branches(size: int, outputs: int) -> Any:
    import tf_keras

    layers = tf_keras.layers
    ids = tf_keras.Input((50,))
    x = layers.Embedding(size, 16)(ids)
    convolved = layers.Conv1D(16, 3, padding="same", activation="relu")(x)
    local = layers.GlobalMaxPooling1D()(convolved)
    read = layers.Bidirectional(layers.LSTM(12))(x)
    joined = layers.concatenate([local, read])
    return tf_keras.Model(ids, layers.Dense(outputs, activation="softmax")(joined))


LSTM = Notebook(
    _lstm, 60, model=H5, tokenizer={"num_words": 2000}, rate=1e-2, epochs=1, is_keras_2=True
)
BIGRU = Notebook(
    _bigru,
    30,
    model=H5,
    padding="post",
    tokenizer={"oov_token": "<OOV>", "filters": "?.,'`"},
    rate=2e-2,
    epochs=1,
    is_keras_2=True,
)
BRANCHES = Notebook(_branches, 50, model=H5, tokenizer={"num_words": 3000}, is_keras_2=True)


def _strings(texts: Sequence[str]) -> Any:
    import tensorflow as tf

    return tf.constant(list(texts))


def _vectorized(corpus: Corpus, path: Path, *, ragged: bool) -> None:
    import tf_keras

    layers = tf_keras.layers
    vectorize = layers.TextVectorization(max_tokens=2000, ragged=ragged)
    vectorize.adapt(_strings(corpus.texts))
    size = vectorize.vocabulary_size()
    model = tf_keras.Sequential(
        [
            tf_keras.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(size, 16, mask_zero=not ragged),
            layers.GRU(16) if ragged else layers.LSTM(16),
            layers.Dense(len(corpus.labels), activation="softmax"),
        ]
    )
    fit(model, _strings(corpus.texts), corpus.targets, rate=1e-2, epochs=1)
    model.save(path)


def _serve(path: Path) -> Pipeline:
    import tf_keras

    model = tf_keras.models.load_model(path)
    return lambda texts: predict(model, _strings(texts))


SAVED_MODEL, KERAS_FILE = "saved_model", "model.keras"


PATTERNS = (
    notebook_pattern(
        "h5-lstm", "Keras 2, .h5: Tokenizer and LSTM", "sms_spam", LSTM, OTHER_PADDING
    ),
    notebook_pattern(
        "h5-bigru",
        "Keras 2, .h5: Tokenizer with its own filters, masked bidirectional GRU",
        "trec6",
        BIGRU,
        Wrong("without the tokenizer", {"tokenizer": None}),
    ),
    notebook_pattern(
        "h5-branches",
        "Keras 2, .h5: a convolution and a bidirectional LSTM side by side",
        "agnews",
        BRANCHES,
        OTHER_PADDING,
    ),
    Pattern(
        name="saved-model",
        title="Keras 2, SavedModel: TextVectorization and LSTM, two softmax outputs",
        corpus="sms_spam",
        model=SAVED_MODEL,
        train=lambda corpus, folder: _vectorized(corpus, folder / SAVED_MODEL, ragged=False),
        serve=lambda folder: _serve(folder / SAVED_MODEL),
        wrong=(Wrong("a length that the model does not have", {"max_length": 10}),),
    ),
    Pattern(
        name="ragged",
        title="Keras 2, .keras: TextVectorization(ragged=True) and GRU",
        corpus="trec6",
        model=KERAS_FILE,
        train=lambda corpus, folder: _vectorized(corpus, folder / KERAS_FILE, ragged=True),
        serve=lambda folder: _serve(folder / KERAS_FILE),
        wrong=(Wrong("a length that the model does not have", {"max_length": 4}),),
    ),
)
