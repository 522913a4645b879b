"""Published models on the ids of keras.datasets: `imdb` and `reuters`.

`load_data` returns ids: 1 starts a text, 2 is any other word, and the word of rank r is r + 3. Its
word index is downloaded, so that one is counted here, in the same way, from the corpus.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.published.corpus import Corpus
from tests.published.pattern import File, Pattern, Pipeline, Wrong
from tests.published.training import fit, predict

MODEL = "model.keras"
START, OTHER, OFFSET = 1, 2, 3
#: `num_words` of `load_data`, and `maxlen` of `pad_sequences`.
WORDS, LENGTH = 2000, 80


def _words(text: str) -> list[str]:
    import tensorflow as tf

    words: list[str] = tf.keras.preprocessing.text.text_to_word_sequence(text)
    return words


def _write_index(corpus: Corpus, path: Path) -> None:
    counts = Counter(word for text in corpus.texts for word in _words(text))
    index = {word: rank for rank, (word, _) in enumerate(counts.most_common(), 1)}
    path.write_text(json.dumps(index), encoding="utf-8")


def _ids(texts: Sequence[str], index: dict[str, int]) -> NDArray[np.int32]:
    """Return ids as `load_data` and `pad_sequences(maxlen=LENGTH)` make them, int32 [N, LENGTH]."""
    import keras

    rows = []
    for text in texts:
        known = [index[word] + OFFSET if word in index else OTHER for word in _words(text)]
        rows.append([START, *(i if i < WORDS else OTHER for i in known)])
    ids: NDArray[np.int32] = keras.utils.pad_sequences(rows, maxlen=LENGTH)
    return ids


def _train(corpus: Corpus, folder: Path, model: Any, index: str) -> None:
    _write_index(corpus, folder / index)
    ids = _ids(corpus.texts, json.loads((folder / index).read_text(encoding="utf-8")))
    fit(model, ids, corpus.targets, rate=1e-2)
    model.save(folder / MODEL)


def _serve(folder: Path, index: str) -> Pipeline:
    import keras

    words = json.loads((folder / index).read_text(encoding="utf-8"))
    model = keras.models.load_model(folder / MODEL)
    return lambda texts: predict(model, _ids(texts, words))


IMDB_INDEX, REUTERS_INDEX = "imdb_word_index.json", "reuters_word_index.json"


def _imdb(corpus: Corpus, folder: Path) -> None:
    import keras

    layers = keras.layers
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(WORDS, 16)(inputs)
    x = layers.Bidirectional(layers.LSTM(12, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(12))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    _train(corpus, folder, keras.Model(inputs, outputs), IMDB_INDEX)


def _reuters(corpus: Corpus, folder: Path) -> None:
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((LENGTH,)),
            layers.Embedding(WORDS, 16),
            layers.LSTM(16),
            layers.Dense(len(corpus.labels), activation="softmax"),
        ]
    )
    _train(corpus, folder, model, REUTERS_INDEX)


def _options(index: str) -> dict[str, Any]:
    return {
        "vocabulary": File(index),
        "padding": "pre",
        "truncating": "pre",
        "max_length": LENGTH,
    }


PATTERNS = (
    Pattern(
        name="keras-imdb-bilstm",
        title="Keras: bidirectional LSTM on IMDB",
        corpus="imdb",
        model=MODEL,
        train=_imdb,
        serve=lambda folder: _serve(folder, IMDB_INDEX),
        options=_options(IMDB_INDEX),
        wrong=(
            Wrong("truncation of the other side", {"truncating": "post"}),
            Wrong("padding of the other side", {"padding": "post"}),
        ),
    ),
    Pattern(
        name="keras-reuters-lstm",
        title="LSTM on the ids of keras.datasets, as for Reuters",
        corpus="agnews",
        model=MODEL,
        train=_reuters,
        serve=lambda folder: _serve(folder, REUTERS_INDEX),
        options=_options(REUTERS_INDEX),
        wrong=(
            Wrong("padding of the other side", {"padding": "post"}),
            Wrong("without --padding", {"padding": None}),
        ),
    ),
)
