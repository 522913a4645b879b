"""Accuracy, size and latency of simpler classifiers beside a BiLSTM.

python benchmarks/baselines.py DATA TRAINED [--only NAME]

DATA and TRAINED are those of `trained.py`, which trains the BiLSTMs. The others are trained here:
tf-idf of words and bigrams with logistic regression, and NBSVM on the same (Wang and Manning,
"Baselines and bigrams", 2012), both by scikit-learn (the extra `benchmarks`); and an average of
embeddings in the manner of fastText, trained in Keras and exported by edgernn to int8. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from trained import DATA_SETS, read_rows

from edgernn.data.rows import Rows, label_indices, label_names, split
from edgernn.metrics import wilson_interval
from edgernn.tensorflow_import import import_tensorflow
from edgernn_export import Options, export
from edgernn_runtime import load

_TIMED = 200
Predict = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True)
class Found:
    """A trained classifier.

    Attributes:
        name: what it is.
        size: its file in bytes.
        predict: texts to classes.
    """

    name: str
    size: int
    predict: Predict


def main() -> None:
    """Print a row for each classifier on each data set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--only", choices=DATA_SETS)
    options = parser.parse_args()
    import_tensorflow()
    print("| data | classifier | accuracy | 95 % | file MB | p50 ms |")
    print("|---|---|---:|---:|---:|---:|")
    for name, data_set in DATA_SETS.items():
        if options.only not in (None, name):
            continue
        train, test = (read_rows(options.data / path) for path in (data_set.train, data_set.test))
        labels = label_names(train, name)
        truth = np.asarray(label_indices(test, labels, name))
        for found in _classifiers(train, labels, options.trained / name):
            right = int((np.asarray(found.predict(test.texts)) == truth).sum())
            low, high = wilson_interval(right, len(truth))
            cells = (
                *(name, found.name, f"{right / len(truth):.2%}", f"{low:.2%} to {high:.2%}"),
                *(f"{found.size / 1e6:.2f}", f"{_milliseconds(found.predict, test.texts):.3f}"),
            )
            print("| " + " | ".join(cells) + " |", flush=True)


def _milliseconds(predict: Predict, texts: Sequence[str]) -> float:
    """Return the p50 of one text in ms."""
    samples = []
    for text in texts[:_TIMED]:
        start = time.perf_counter()
        predict([text])
        samples.append(1e3 * (time.perf_counter() - start))
    return float(np.median(samples))


def _classifiers(train: Rows, labels: tuple[str, ...], trained: Path) -> Iterator[Found]:
    targets = np.asarray(label_indices(train, labels, "train"))
    yield logistic(train.texts, targets)
    yield nbsvm(train.texts, targets, len(labels))
    yield _average(train, labels)
    for form in ("onnx-int8", "tflite-int8"):
        yield _bundle(f"BiLSTM, {form}", trained / f"{form}.edgernn", labels)


def logistic(texts: Sequence[str], targets: NDArray[np.intp]) -> Found:
    """Return tf-idf of words and bigrams with logistic regression."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=200).fit(vectorizer.fit_transform(texts), targets)
    size = len(pickle.dumps((vectorizer, model)))
    name = "tf-idf of words and bigrams, logistic regression"
    return Found(name, size, lambda some: model.predict(vectorizer.transform(some)).tolist())


def nbsvm(texts: Sequence[str], targets: NDArray[np.intp], classes: int) -> Found:
    """Return NBSVM on words and bigrams, one label against the rest."""
    vectorizer = CountVectorizer(ngram_range=(1, 2), min_df=2, binary=True)
    counts = vectorizer.fit_transform(texts)
    parts = []
    for c in range(classes):
        inside = targets == c
        p, q = (np.asarray(counts[rows].sum(axis=0)).ravel() + 1.0 for rows in (inside, ~inside))
        ratio = np.log((p / p.sum()) / (q / q.sum()))
        model = LinearSVC(C=1.0).fit(counts.multiply(ratio).tocsr(), inside)
        weights = model.coef_[0]
        # The paper's interpolation: a quarter of the weights' own, the rest their mean magnitude,
        # which alone would be naive Bayes.
        weights = 0.75 * np.abs(weights).mean() + 0.25 * weights
        parts.append((weights * ratio, float(model.intercept_[0])))
    matrix = np.stack([weights for weights, _ in parts], axis=1).astype(np.float32)
    bias = np.asarray([intercept for _, intercept in parts])
    size = len(pickle.dumps((vectorizer, matrix, bias)))

    def predict(some: Sequence[str]) -> Sequence[int]:
        scores = vectorizer.transform(some) @ matrix + bias
        return np.asarray(scores).argmax(axis=1).tolist()

    return Found("NBSVM on words and bigrams", size, predict)


def _average(train: Rows, labels: tuple[str, ...]) -> Found:
    """Train an average of embeddings, and export it."""
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    fit, held_out = split(train, 0.1, 1)
    vectorizer = layers.TextVectorization(max_tokens=20_000, output_sequence_length=400)
    vectorizer.adapt(np.asarray(fit.texts, dtype=object), batch_size=1024)
    body = keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            layers.Embedding(vectorizer.vocabulary_size(), 32, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.3),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )
    body.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    parts = []
    for rows in (fit, held_out):
        ids = np.asarray(vectorizer(np.asarray(rows.texts, dtype=object)))
        # A text without a token has a masked mean of NaN, which makes the weights NaN.
        kept = ids.any(axis=1)
        parts.append((ids[kept], np.asarray(label_indices(rows, labels, "train"))[kept]))
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    body.fit(*parts[0], 64, 30, 0, [stopping], validation_data=parts[1])
    words = layers.TextVectorization(
        output_sequence_length=400, vocabulary=vectorizer.get_vocabulary()
    )
    model = keras.Sequential([keras.Input((1,), dtype="string"), words, *body.layers])
    with tempfile.TemporaryDirectory() as folder:
        file, bundle = Path(folder) / "average.keras", Path(folder) / "average.edgernn"
        model.save(file)
        export(file, bundle, Options("onnx", "int8", labels=labels))
        return _bundle("average of embeddings, onnx-int8", bundle, labels)


def _bundle(name: str, path: Path, labels: tuple[str, ...]) -> Found:
    classifier = load(path)
    places = [labels.index(label) for label in classifier.labels]
    size = path.stat().st_size

    def predict(texts: Sequence[str]) -> Sequence[int]:
        best = [
            int(np.argmax(list(p.probabilities.values()))) for p in map(classifier.predict, texts)
        ]
        return [places[i] for i in best]

    return Found(name, size, predict)


if __name__ == "__main__":
    main()
