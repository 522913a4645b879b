"""Generated intents: texts of many classes, some rare, and small models trained on them."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from tests.models import both, cell, sequences

layers = keras.layers

#: Words with a signal, each of several classes; and neutral words.
_KEYS = [f"key{i}" for i in range(160)]
_OTHERS = [f"word{i}" for i in range(240)]


@dataclass(frozen=True)
class Intents:
    """A trained model with texts that it was not trained on, and their classes."""

    model: keras.Model
    texts: tuple[str, ...]
    labels: tuple[int, ...]


def make_intents(count: int, classes: int, seed: int) -> tuple[list[str], list[int]]:
    """Return texts and classes; the last class is eight times as rare as the first."""
    shares = np.geomspace(8, 1, classes)
    keys = [np.random.default_rng(i).choice(_KEYS, 4, replace=False) for i in range(classes)]
    draw = np.random.default_rng(seed)
    labels = draw.choice(classes, count, p=shares / shares.sum()).tolist()
    texts = []
    for label in labels:
        # One key word of any class, so that some texts are near ties.
        words = [*draw.choice(keys[label], 2, replace=False), draw.choice(_KEYS)]
        words += draw.choice(_OTHERS, 5).tolist()
        texts.append(" ".join(draw.permutation(words)))
    return texts, labels


STACKS = {
    "bilstm": lambda: (both(cell("LSTM", 24)),),
    "bilstm_pooled": lambda: (both(sequences("LSTM", 24)), layers.GlobalMaxPooling1D()),
    "bilstm_stack": lambda: (both(sequences("LSTM", 16)), both(cell("LSTM", 16))),
    "gru": lambda: (cell("GRU", 32),),
    "bag": lambda: (layers.GlobalAveragePooling1D(), layers.Dense(48, activation="relu")),
}


def train_intents(classes: int, stack: str, epochs: int, held_out: int = 1000) -> Intents:
    """Return a model trained for some seconds; two classes are one sigmoid."""
    keras.utils.set_random_seed(0)
    texts, labels = make_intents(8000, classes, seed=1)
    tokenizer = layers.TextVectorization()
    tokenizer.adapt(np.array(texts, dtype=object))
    head = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            tokenizer,
            layers.Embedding(tokenizer.vocabulary_size(), 24, mask_zero=True),
            *STACKS[stack](),
            layers.Dense(head[0], activation=head[1]),
        ]
    )
    ids = tokenizer(np.array(texts, dtype=object))
    core = keras.Sequential(model.layers[1:])
    loss = "binary_crossentropy" if classes == 2 else "sparse_categorical_crossentropy"
    core.compile(keras.optimizers.Adam(0.01), loss)
    core.fit(ids, np.array(labels), batch_size=128, epochs=epochs, verbose=0)
    others, truth = make_intents(held_out, classes, seed=2)
    return Intents(model, tuple(others), tuple(truth))
