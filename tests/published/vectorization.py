"""Published models that contain TextVectorization, saved by Keras 3."""

from __future__ import annotations

import re
import shutil
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.published import custom_standardization as user_code
from tests.published.corpus import Corpus
from tests.published.pattern import File, Pattern, Pipeline, Wrong
from tests.published.training import fit, predict, sigmoid

MODEL = "model.keras"
MODULE = "custom_standardization.py"
#: The reviews, and the words of each, that the recurrent models are trained on, which saves time.
#: The pipelines are compared on whole reviews.
_REVIEWS, _WORDS = 1500, 50


def _strings(texts: Sequence[str]) -> Any:
    import tensorflow as tf

    return tf.constant(list(texts))


def _short(corpus: Corpus) -> tuple[list[str], Any]:
    texts = [" ".join(text.split()[:_WORDS]) for text in corpus.texts[:_REVIEWS]]
    return texts, corpus.targets[:_REVIEWS]


def _recurrent(corpus: Corpus, folder: Path, *, stacked: bool) -> None:
    import keras

    layers = keras.layers
    texts, targets = _short(corpus)
    encoder = layers.TextVectorization(max_tokens=1000)
    encoder.adapt(_strings(texts))
    if stacked:
        recurrent = [
            layers.Bidirectional(layers.LSTM(16, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(8)),
        ]
    else:
        recurrent = [layers.Bidirectional(layers.LSTM(16))]
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            encoder,
            layers.Embedding(len(encoder.get_vocabulary()), 16, mask_zero=True),
            *recurrent,
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    fit(model, _strings(texts), targets, rate=1.5e-2, epochs=4)
    model.save(folder / MODEL)


def _rnn(corpus: Corpus, folder: Path) -> None:
    _recurrent(corpus, folder, stacked=False)


def _stacked_rnn(corpus: Corpus, folder: Path) -> None:
    _recurrent(corpus, folder, stacked=True)


def _serve_logits(folder: Path) -> Pipeline:
    import keras

    model = keras.models.load_model(folder / MODEL)
    return lambda texts: sigmoid(predict(model, _strings(texts)))


def _serve_without_breaks(folder: Path) -> Pipeline:
    # The tutorial's author replaces the line breaks in the texts, in front of the model.
    pipeline = _serve_logits(folder)
    return lambda texts: pipeline([text.replace("<br />", " ") for text in texts])


def custom_standardization(input_data):
    """Do as Keras's example: lower-case, line breaks to spaces, no punctuation."""
    import tensorflow as tf

    lowercase = tf.strings.lower(input_data)
    without_breaks = tf.strings.regex_replace(lowercase, "<br />", " ")
    return tf.strings.regex_replace(without_breaks, f"[{re.escape(string.punctuation)}]", "")


def _from_scratch(corpus: Corpus, folder: Path) -> None:
    import keras

    layers = keras.layers
    vectorize = layers.TextVectorization(
        standardize=custom_standardization,
        max_tokens=2000,
        output_mode="int",
        output_sequence_length=150,
    )
    vectorize.adapt(_strings(corpus.texts))
    inputs = keras.Input((None,), dtype="int64")
    x = layers.Embedding(2000, 16)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(16, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(16, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(16, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    model = keras.Model(inputs, predictions)
    fit(model, np.asarray(vectorize(_strings(corpus.texts))), corpus.targets, rate=3e-3, epochs=6)
    # The end-to-end model of the example's last section.
    text = keras.Input((1,), dtype="string")
    keras.Model(text, model(vectorize(text))).save(folder / MODEL)


def _serve_from_scratch(folder: Path) -> Pipeline:
    import keras

    functions = {"custom_standardization": custom_standardization}
    model = keras.models.load_model(folder / MODEL, custom_objects=functions)
    return lambda texts: predict(model, _strings(texts))


def _basic(corpus: Corpus, folder: Path) -> None:
    import keras

    layers = keras.layers
    vectorize = layers.TextVectorization(
        standardize=user_code.custom_standardization,
        max_tokens=2000,
        output_mode="int",
        output_sequence_length=150,
    )
    vectorize.adapt(_strings(corpus.texts))
    model = keras.Sequential(
        [
            layers.Embedding(2000, 16),
            layers.Dropout(0.2),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    fit(model, np.asarray(vectorize(_strings(corpus.texts))), corpus.targets, rate=2e-2, epochs=4)
    keras.Sequential([keras.Input((1,), dtype="string"), vectorize, model]).save(folder / MODEL)
    shutil.copy(str(user_code.__file__), folder / MODULE)


def _serve_basic(folder: Path) -> Pipeline:
    import keras

    model = keras.models.load_model(folder / MODEL)
    return lambda texts: predict(model, _strings(texts))


def _spam(corpus: Corpus, folder: Path) -> None:
    import keras

    layers = keras.layers
    vectorize = layers.TextVectorization(
        max_tokens=3000,
        standardize="lower",
        split="character",
        ngrams=(3,),
        output_sequence_length=160,
    )
    vectorize.adapt(_strings(corpus.texts))
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(vectorize.vocabulary_size(), 12),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    fit(model, _strings(corpus.texts), corpus.targets, rate=1e-2)
    model.save(folder / MODEL)


PATTERNS = (
    Pattern(
        name="tf-rnn",
        title="TensorFlow: text classification with an RNN",
        corpus="imdb",
        model=MODEL,
        train=_rnn,
        serve=_serve_logits,
        wrong=(Wrong("a step that the model does not have", {"standardize": ("br_to_space",)}),),
    ),
    Pattern(
        name="tf-rnn-stacked",
        title="the same with two LSTM layers, and line breaks replaced in front of the model",
        corpus="imdb",
        model=MODEL,
        train=_stacked_rnn,
        serve=_serve_without_breaks,
        options={"standardize": ("br_to_space",)},
        wrong=(Wrong("without --standardize", {"standardize": None}),),
    ),
    Pattern(
        name="keras-from-scratch",
        title="Keras: text classification from scratch",
        corpus="imdb",
        model=MODEL,
        train=_from_scratch,
        serve=_serve_from_scratch,
        options={"standardize": ("lower", "br_to_space", "strip_punctuation")},
        wrong=(
            Wrong("without br_to_space", {"standardize": ("lower", "strip_punctuation")}),
            Wrong("without --standardize", {"standardize": None}),
        ),
    ),
    Pattern(
        name="tf-basic",
        title="TensorFlow: basic text classification",
        corpus="imdb",
        model=MODEL,
        train=_basic,
        serve=_serve_basic,
        options={
            "trust_code": File(MODULE),
            "standardize": ("lower", "br_to_space", "strip_punctuation"),
        },
        wrong=(Wrong("without br_to_space", {"standardize": ("lower", "strip_punctuation")}),),
    ),
    Pattern(
        name="spam-characters",
        title="spam detector on n-grams of characters",
        corpus="sms_spam",
        model=MODEL,
        train=_spam,
        serve=_serve_basic,
        wrong=(Wrong("another length", {"max_length": 80}),),
    ),
)
