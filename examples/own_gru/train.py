"""A Keras model as your own code may train it: python train.py mine.keras.

No line of it is edgernn's: a GRU on the questions of `examples/support`, saved by Keras.
"""

import csv
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

TABLE = Path(__file__).parents[1] / "support" / "questions.csv"


def main(path: str) -> None:
    """Train the model and save it."""
    keras.utils.set_random_seed(1)
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row["label"] for row in rows})
    texts = np.array([row["text"] for row in rows], dtype=object)
    targets = np.array([labels.index(row["label"]) for row in rows])

    tokenizer = keras.layers.TextVectorization(max_tokens=1000)
    tokenizer.adapt(texts)
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            tokenizer,
            keras.layers.Embedding(tokenizer.vocabulary_size(), 32, mask_zero=True),
            keras.layers.GRU(32),
            keras.layers.Dense(len(labels), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(tf.constant(texts[:, None]), targets, epochs=25, batch_size=8, verbose=0)
    model.save(path)
    print("labels:", ",".join(labels))


if __name__ == "__main__":
    main(sys.argv[1])
