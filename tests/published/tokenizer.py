"""Published models with Keras's Tokenizer and pad_sequences, saved by Keras 3."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tests.published.notebook import OTHER_PADDING, Notebook, notebook_pattern
from tests.published.pattern import Wrong


def _layers() -> Any:
    import keras

    return keras.layers


def _sequential(*layers: Any) -> Any:
    import keras

    return keras.Sequential([keras.Input((None,)), *layers])


def _pooling(size: int, outputs: int) -> Any:
    layers = _layers()
    return _sequential(
        layers.Embedding(size, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(24, activation="relu"),
        layers.Dense(outputs, activation="sigmoid"),
    )


def _lstm(size: int, outputs: int) -> Any:
    layers = _layers()
    return _sequential(
        layers.Embedding(size, 16),
        layers.SpatialDropout1D(0.2),
        layers.LSTM(16, dropout=0.2),
        layers.Dense(outputs, activation="sigmoid"),
    )


def _max_pooled_bilstm(size: int, outputs: int) -> Any:
    layers = _layers()
    return _sequential(
        layers.Embedding(size, 16),
        layers.Bidirectional(layers.LSTM(12, return_sequences=True)),
        layers.GlobalMaxPooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(outputs, activation="sigmoid"),
    )


def _masked_gru(size: int, outputs: int) -> Any:
    layers = _layers()
    return _sequential(
        layers.Embedding(size, 16, mask_zero=True),
        layers.GRU(16),
        layers.Dense(outputs, activation="sigmoid"),
    )


def _character_bigru(size: int, outputs: int) -> Any:
    layers = _layers()
    return _sequential(
        layers.Embedding(size, 12),
        layers.Bidirectional(layers.GRU(16)),
        layers.Dense(outputs, activation="softmax"),
    )


def _frozen_bilstm(size: int, outputs: int) -> Any:
    layers = _layers()
    # In place of the file of GloVe: vectors of the same size and scale for every word.
    matrix = np.random.default_rng(3).normal(0, 0.4, (size, 50)).astype(np.float32)
    matrix[0] = 0
    embedding = layers.Embedding(size, 50, trainable=False)
    embedding.build((1,))
    embedding.set_weights([matrix])
    return _sequential(
        embedding,
        layers.Bidirectional(layers.LSTM(16)),
        layers.Dense(16, activation="relu"),
        layers.Dense(outputs, activation="softmax"),
    )


def _attention_gru(size: int, outputs: int) -> Any:
    import keras

    layers = keras.layers
    ids = keras.Input((30,))
    steps = layers.Bidirectional(layers.GRU(12, return_sequences=True))(
        layers.Embedding(size, 16)(ids)
    )
    scores = layers.Dense(1, activation="tanh")(steps)
    weights = layers.Softmax(axis=1)(scores)
    context = layers.Flatten()(layers.Dot(axes=1)([weights, steps]))
    return keras.Model(ids, layers.Dense(outputs, activation="softmax")(context))


def _dot_attention(size: int, outputs: int) -> Any:
    import keras

    layers = keras.layers
    ids = keras.Input((None,))
    steps = layers.LSTM(12, return_sequences=True)(layers.Embedding(size, 16)(ids))
    attended = layers.Attention()([steps, steps])
    pooled = [layers.GlobalAveragePooling1D()(x) for x in (steps, attended)]
    joined = layers.Concatenate()(pooled)
    return keras.Model(ids, layers.Dense(outputs, activation="softmax")(joined))


def _cnn_lstm(size: int, outputs: int) -> Any:
    layers = _layers()
    # The example's table has a row for each of max_features words, known or not.
    return _sequential(
        layers.Embedding(size + 500, 16),
        layers.Dropout(0.25),
        layers.Conv1D(16, 5, padding="valid", activation="relu", strides=1),
        layers.MaxPooling1D(pool_size=4),
        layers.LSTM(16),
        layers.Dense(outputs, activation="sigmoid"),
    )


def _toxic(size: int, outputs: int) -> Any:
    import keras

    layers = keras.layers
    ids = keras.Input((40,))
    x = layers.SpatialDropout1D(0.2)(layers.Embedding(size, 16)(ids))
    x = layers.Bidirectional(layers.GRU(12, return_sequences=True))(x)
    average = layers.GlobalAveragePooling1D()(x)
    largest = layers.GlobalMaxPooling1D()(x)
    x = layers.concatenate([average, largest])
    return keras.Model(ids, layers.Dense(outputs, activation="sigmoid")(x))


def _letters(text: str) -> str:
    return re.sub("[^a-zA-Z]", " ", re.sub(r"<[^>]*>", " ", text))


POOLING = Notebook(
    _pooling,
    60,
    padding="post",
    truncating="post",
    tokenizer={"num_words": 2000, "oov_token": "<OOV>"},
    rate=1e-2,
    epochs=4,
)
LSTM = Notebook(_lstm, 60, tokenizer={"num_words": 2000}, rate=1e-2)
CLEANED = Notebook(
    _max_pooled_bilstm, 70, padding="post", tokenizer={"num_words": 2000}, clean=_letters
)
MASKED = Notebook(_masked_gru, 70, tokenizer={"num_words": 1500, "oov_token": "<unk>"}, rate=1e-2)
CHARACTERS = Notebook(
    _character_bigru,
    60,
    padding="post",
    truncating="post",
    tokenizer={"char_level": True, "oov_token": "UNK"},
    rate=1e-2,
)
GLOVE = Notebook(_frozen_bilstm, 30, padding="post", rate=1e-2)
ATTENTION = Notebook(_attention_gru, 30, tokenizer={"num_words": 3000}, rate=1e-2)
DOT_ATTENTION = Notebook(_dot_attention, 50, padding="post", tokenizer={"num_words": 3000})
CNN_LSTM = Notebook(_cnn_lstm, 100, tokenizer={"num_words": 2000}, epochs=3)
TOXIC = Notebook(_toxic, 40, tokenizer={"num_words": 2000}, rate=1e-2)

PADDED_IN_FRONT = Wrong("padding of the other side", {"padding": "pre"})
OTHER_TRUNCATION = Wrong("truncation of the other side", {"truncating": "post"})
WITHOUT_PADDING = Wrong("without --padding", {"padding": None})


PATTERNS = (
    notebook_pattern(
        "notebook-pooling",
        "notebook: Tokenizer with oov_token, padding behind, average pooling",
        "imdb",
        POOLING,
        Wrong("truncation of the other side", {"truncating": "pre"}),
        Wrong("another length", {"max_length": 40}),
    ),
    notebook_pattern(
        "notebook-lstm",
        "notebook: Tokenizer without oov_token, pad_sequences(maxlen=60), LSTM",
        "sms_spam",
        LSTM,
        OTHER_PADDING,
        WITHOUT_PADDING,
    ),
    notebook_pattern(
        "notebook-letters",
        "notebook: HTML and all but letters replaced by re.sub, BiLSTM, max pooling",
        "imdb",
        CLEANED,
        Wrong("without --standardize", {"standardize": None}),
        PADDED_IN_FRONT,
        standardize=("html_to_space", "letters_only"),
    ),
    notebook_pattern(
        "notebook-masked-gru",
        "notebook: Tokenizer, Embedding(mask_zero=True), GRU, end of the text kept",
        "imdb",
        MASKED,
        OTHER_TRUNCATION,
    ),
    notebook_pattern(
        "notebook-characters",
        "notebook: Tokenizer(char_level=True), bidirectional GRU",
        "trec6",
        CHARACTERS,
        PADDED_IN_FRONT,
    ),
    notebook_pattern(
        "glove-bilstm",
        "Keras: pre-trained word vectors (GloVe), frozen, bidirectional LSTM",
        "trec6",
        GLOVE,
        PADDED_IN_FRONT,
    ),
    notebook_pattern(
        "gru-attention",
        "notebook: GRU with attention of Dense(1), Softmax and Dot",
        "trec6",
        ATTENTION,
        OTHER_PADDING,
    ),
    notebook_pattern(
        "lstm-dot-attention",
        "LSTM with keras.layers.Attention, average pooling",
        "agnews",
        DOT_ATTENTION,
        PADDED_IN_FRONT,
    ),
    notebook_pattern(
        "cnn-lstm",
        "Keras: convolution, max pooling and LSTM",
        "imdb",
        CNN_LSTM,
        OTHER_TRUNCATION,
        OTHER_PADDING,
    ),
    notebook_pattern(
        "toxic-comments",
        "multi-label toxic comments: six sigmoids, two poolings side by side",
        "questions",
        TOXIC,
        OTHER_PADDING,
    ),
)
