"""Builders of the Keras models that tests export, seeded and small."""

from __future__ import annotations

import keras
import numpy as np

from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_runtime.ngrams import hashes
from tests.conftest import make_texts, make_tokenizer

layers = keras.layers


def text_model(
    *stack, max_length=None, mask=True, scale=2.0, seed=0, tokenizer=None, embedding_dim=6
):
    """Return a model of strings: tokenizer, embedding, the stack; `scale` spreads its outputs."""
    tokenizer = tokenizer or make_tokenizer(output_sequence_length=max_length)
    embedding = layers.Embedding(tokenizer.vocabulary_size(), embedding_dim, mask_zero=mask)
    text = keras.Input((1,), dtype="string")
    return spread(keras.Sequential([text, tokenizer, embedding, *stack]), scale, seed)


def spread(model, scale=2.0, seed=0):
    """Return the model with new random weights: Keras's uniform ones times `scale`, plus noise."""
    draw = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        shape = variable.shape
        if len(shape) == 0:
            continue
        limit = np.sqrt(6 / (shape[0] + shape[-1])) * (len(shape) > 1)
        noise = draw.normal(0, 0.3, shape)
        variable.assign(draw.uniform(-limit, limit, shape) * scale + noise)
    return model


def centre(model, texts):
    """Move a model's last bias so that it predicts several labels on the texts."""
    last = model.trainable_variables[-1]
    if len(last.shape) == 1:
        source = read_source(model)
        outputs = np.clip(keras_outputs(source, texts), 1e-6, 1 - 1e-6)
        odds = outputs if source.task.head == "multiclass" else outputs / (1 - outputs)
        last.assign(last - np.median(np.log(odds), axis=0))


def dense(outputs=1, activation="sigmoid"):
    return layers.Dense(outputs, activation=activation)


def cell(kind, units=5, **options):
    return getattr(layers, kind)(units, **options)


def sequences(kind, units=5, **options):
    return cell(kind, units, return_sequences=True, **options)


def both(layer, **options):
    return layers.Bidirectional(layer, **options)


def functional():
    tokenizer = make_tokenizer()
    text = keras.Input((1,), dtype="string", name="some text")
    x = layers.Embedding(tokenizer.vocabulary_size(), 6, mask_zero=True)(tokenizer(text))
    x = layers.SpatialDropout1D(0.2)(x)
    x = both(sequences("LSTM"), name="upper_part")(x)
    x = layers.GaussianNoise(0.1)(x)
    x = both(cell("LSTM", 4))(x)
    return spread(keras.Model(text, layers.Dense(3, activation="softmax", name="out")(x)))


def nested(max_length=None):
    tokenizer = make_tokenizer(output_sequence_length=max_length)
    core = keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            layers.Embedding(tokenizer.vocabulary_size(), 6, mask_zero=True),
            keras.Sequential([both(cell("LSTM")), layers.Dropout(0.5)], name="inner"),
            dense(),
        ]
    )
    text = keras.Input((1,), dtype="string")
    return spread(keras.Model(text, core(tokenizer(text))))


def joined_poolings(max_length=None, order=("max", "average"), mask=True, units=5):
    """Return a model that concatenates several poolings of its sequence."""
    tokenizer = make_tokenizer(output_sequence_length=max_length)
    text = keras.Input((1,), dtype="string")
    size = tokenizer.vocabulary_size()
    x = layers.Embedding(size, 6, mask_zero=mask)(tokenizer(text))
    x = both(sequences("LSTM", units))(x)
    return spread(keras.Model(text, dense(3, "softmax")(_pooled(x, order))))


def wide_model(
    outputs=1,
    max_length=None,
    rank=None,
    alone=False,
    mask=True,
    order=("max", "average"),
    patterns=("bigram", "skip"),
):
    """Return a model with a wide path of hashed n-grams, with or without a recurrent one."""
    tokenizer = make_tokenizer(output_sequence_length=max_length)
    text = keras.Input((1,), dtype="string")
    ids, size = tokenizer(text), tokenizer.vocabulary_size()
    wide = HashedNgrams(size, 64, outputs, patterns, rank)
    logits = wide(ids)
    if not alone:
        x = layers.Embedding(size, 6, mask_zero=mask)(ids)
        x = layers.SpatialDropout1D(0.5)(x)
        x = _pooled(both(sequences("LSTM"))(x), order)
        logits = layers.Add()([layers.Dense(outputs)(layers.Dropout(0.5)(x)), logits])
    activation = "sigmoid" if outputs == 1 else "softmax"
    model = spread(keras.Model(text, layers.Activation(activation)(logits)), 1.0)
    know(wide, tokenizer, make_texts(20, seed=5, longest=60))
    return model


def know(wide, tokenizer, texts):
    """Give each bucket of a HashedNgrams layer the checksum of an n-gram of the texts, if any."""
    rows = np.asarray(tokenizer(np.array(texts, dtype=object)))
    known = np.concatenate([hashes(ids, wide.patterns, wide.buckets) for ids in rows])
    checksums = np.zeros(wide.buckets, dtype=np.uint8)
    checksums[known // 256] = known % 256
    wide.checksums.assign(checksums)


def _pooled(x, order):
    kinds = {"max": layers.GlobalMaxPooling1D, "average": layers.GlobalAveragePooling1D}
    return layers.Concatenate()([kinds[one]()(x) for one in order])
