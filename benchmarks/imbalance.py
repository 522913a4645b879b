"""Recall of a rare class: SMS spam cut to 2 %, with and without weights for the classes.

python benchmarks/imbalance.py DATA [--seeds 1,2,3] [--methods NAME,...]

The training texts of a seed are the ham of the training table and as many of its spam texts that
they are 2 %. The test table is classified once; a spam text counts so much that spam is 2 % of it,
too, which estimates the recall from more texts. The recall is the highest one at which the
precision is at least 0.9. A method is a preset and changes of it: `balanced` weights, spam
`repeated` until it is a fifth of the texts, or the tokenizer `unicode`. The baseline is a logistic
regression on tf-idf of words and bigrams with balanced weights. Prints Markdown.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from presets import DATA_SETS, read_rows

from edgernn.data.rows import Rows, split, with_tokens, without_duplicates
from edgernn.tensorflow_import import import_tensorflow
from edgernn.training.options import PRESETS

#: The ratio of spam to ham, and the precision of the recall.
_ODDS, _PRECISION = 0.02 / 0.98, 0.9
_LABELS = ("ham", "spam")
_BASELINE = "logistic-balanced"
_METHODS = (_BASELINE, "bag", "bag-balanced", "bag-repeated", "bag-unicode")
#: The most that repeated spam becomes of the training texts.
_REPEATED = 0.2
Floats = NDArray[np.float64]


def main() -> None:
    """Print a row for each method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--methods", default=",".join(_METHODS))
    options = parser.parse_args()
    import_tensorflow()
    training, test = (
        with_tokens(without_duplicates(read_rows(options.data / part)))
        for part in DATA_SETS["sms_spam"]
    )
    known = frozenset(training.texts)
    test = test.take([i for i, text in enumerate(test.texts) if text not in known])
    seeds = [int(seed) for seed in options.seeds.split(",")]
    print("| method | seeds | recall at precision 0.9, mean | by seed |")
    print("|---|---:|---:|---|")
    for method in options.methods.split(","):
        found = [_recall(method, training, test, seed) for seed in seeds]
        by_seed = ", ".join(f"{100 * value:.1f}" for value in found)
        print(f"| {method} | {len(seeds)} | {100 * np.mean(found):.1f} | {by_seed} |", flush=True)


def _recall(method: str, training: Rows, test: Rows, seed: int) -> float:
    """Return the recall of spam of a method with a seed."""
    ham, spam = ([i for i, one in enumerate(training.labels) if one == label] for label in _LABELS)
    random.Random(seed).shuffle(spam)
    training = training.take(sorted(ham + spam[: round(len(ham) * _ODDS)]))
    is_spam = np.asarray([label == "spam" for label in test.labels], dtype=np.float64)
    weight = (1 - is_spam).sum() * _ODDS / is_spam.sum()
    if method == _BASELINE:
        probabilities = _logistic(training, test, seed)
    else:
        probabilities = _edgernn(method, training, test, seed)
    return highest_recall(probabilities, is_spam, weight)


def highest_recall(probabilities: Floats, is_spam: Floats, weight: float) -> float:
    """Return the highest recall of spam at which its precision is at least 0.9.

    Args:
        probabilities: of spam, [N].
        is_spam: 1 or 0, [N].
        weight: of each spam text, where a ham text has 1.
    """
    order = np.argsort(-probabilities, kind="stable")
    right, wrong = np.cumsum(is_spam[order] * weight), np.cumsum(1 - is_spam[order])
    places = np.flatnonzero(right / (right + wrong) >= _PRECISION)
    return float(right[places[-1]] / right[-1]) if len(places) else 0.0


def _logistic(training: Rows, test: Rows, seed: int) -> Floats:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=500, class_weight="balanced", random_state=seed)
    model.fit(vectorizer.fit_transform(training.texts), np.asarray(training.labels) == "spam")
    return np.asarray(model.predict_proba(vectorizer.transform(test.texts))[:, 1])


def _edgernn(method: str, training: Rows, test: Rows, seed: int) -> Floats:
    from edgernn.scoring import keras_probabilities
    from edgernn.training.trainer import train

    name, *changes = method.split("-")
    rest, validation = split(training, 0.1, seed)
    preset = PRESETS[name]
    options = replace(preset.training, seed=seed, balance_classes="balanced" in changes)
    text = replace(preset.text, tokenizer="unicode" if "unicode" in changes else "keras")
    preset = replace(preset, training=options, text=text)
    if "repeated" in changes:
        rest = _repeated(rest)
    trained = train(rest, validation, _LABELS, preset, lambda _: None)
    return np.asarray(keras_probabilities(trained.model, test.texts)[:, 1], dtype=np.float64)


def _repeated(rows: Rows) -> Rows:
    spam = [i for i, label in enumerate(rows.labels) if label == "spam"]
    times = round(_REPEATED / (1 - _REPEATED) * (len(rows) - len(spam)) / len(spam))
    return rows.take([*range(len(rows)), *spam * (times - 1)])


if __name__ == "__main__":
    main()
