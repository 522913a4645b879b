"""Recall of a rare class: SMS spam cut to 2 %, with and without weights for the classes.

python benchmarks/imbalance.py DATA [--seeds 1,2,3] [--methods NAME,...]

Of each seed, 70 % of the ham and as many spam texts that they are 2 % are the training texts. All
other texts are the test texts; a spam text counts so much that spam is 2 % of them, too, which
estimates the recall from 600 texts instead of 30. The recall is the highest one at which the
precision is at least 0.9. A method is a preset and what it does about the imbalance: `none`,
`balanced` weights, or spam `repeated` until it is a fifth of the texts. The baseline is a logistic
regression on tf-idf of words and bigrams with balanced weights. Prints Markdown.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from presets import read_rows

from edgernn.data.rows import Rows, split, with_tokens, without_duplicates
from edgernn.tensorflow_import import import_tensorflow
from edgernn.training.options import PRESETS

_SHARE, _PRECISION = 0.02, 0.9
_LABELS = ("ham", "spam")
_BASELINE = "logistic-balanced"
_METHODS = (_BASELINE, "bag-none", "bag-balanced", "small-none", "small-balanced", "small-repeated")
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
    rows = without_duplicates(read_rows(options.data / "sms_spam" / "all.csv"))
    rows = with_tokens(rows)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    print("| method | seeds | recall at precision 0.9, mean | by seed |")
    print("|---|---:|---:|---|")
    for method in options.methods.split(","):
        found = [_recall(method, rows, seed) for seed in seeds]
        by_seed = ", ".join(f"{100 * value:.1f}" for value in found)
        print(f"| {method} | {len(seeds)} | {100 * np.mean(found):.1f} | {by_seed} |", flush=True)


def _recall(method: str, rows: Rows, seed: int) -> float:
    """Return the recall of spam of a method with a seed."""
    draw = random.Random(seed)
    ham, spam = ([i for i, one in enumerate(rows.labels) if one == label] for label in _LABELS)
    draw.shuffle(ham)
    draw.shuffle(spam)
    kept = round(0.7 * len(ham))
    rare = round(kept * _SHARE / (1 - _SHARE))
    training, test = (
        rows.take(sorted(part)) for part in (ham[:kept] + spam[:rare], ham[kept:] + spam[rare:])
    )
    is_spam = np.asarray([label == "spam" for label in test.labels], dtype=np.float64)
    weight = (len(ham) - kept) * _SHARE / (1 - _SHARE) / is_spam.sum()
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

    name, kind = method.split("-")
    rest, validation = split(training, 0.1, seed)
    preset = PRESETS[name]
    options = replace(preset.training, seed=seed, balance_classes=kind == "balanced")
    if kind == "repeated":
        rest = _repeated(rest)
    trained = train(rest, validation, _LABELS, replace(preset, training=options), lambda _: None)
    return np.asarray(keras_probabilities(trained.model, test.texts)[:, 1], dtype=np.float64)


def _repeated(rows: Rows) -> Rows:
    spam = [i for i, label in enumerate(rows.labels) if label == "spam"]
    times = round(_REPEATED / (1 - _REPEATED) * (len(rows) - len(spam)) / len(spam))
    return rows.take([*range(len(rows)), *spam * (times - 1)])


if __name__ == "__main__":
    main()
