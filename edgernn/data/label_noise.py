"""Labels that are probably wrong: the surest mistakes of a linear classifier."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edgernn.data.checks import Finding, finding
from edgernn.data.rows import Rows
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

#: The most texts that are checked, and the parts that are left out in turn.
_MOST_TEXTS, _FOLDS = 5_000, 3
#: The largest probability of a doubtful label, as a share of that of a guess.
_DOUBT = 0.5
_FEATURES = 1 << 18


@dataclass(frozen=True)
class DoubtfulLabel:
    """A text whose label is probably wrong.

    Attributes:
        text: the text.
        label: its label.
        predicted: the label that a classifier of the other texts predicts.
        probability: the probability of the predicted label, 0 to 1.
    """

    text: str
    label: str
    predicted: str
    probability: float


def find_doubtful_labels(rows: Rows) -> tuple[tuple[DoubtfulLabel, ...], int]:
    """Return the doubtful labels, the surest first, and the number of checked texts.

    A logistic regression of words and bigrams is fitted on two thirds of the texts, and predicts
    the labels of the others, three times. A label is doubtful if its probability is at most half
    of that of a guess, and that of another label is at least its mean over the texts with that
    label. At most 5,000 texts are checked, a random sample.

    Source: Northcutt et al., "Confident learning", 2021, for the mean as the threshold.
    """
    order = random.Random(0).sample(range(len(rows)), min(len(rows), _MOST_TEXTS))
    part = rows.take(order)
    counts = Counter(part.labels)
    # A label with fewer texts than folds cannot be learned from the others.
    part = part.take([i for i, label in enumerate(part.labels) if counts[label] >= _FOLDS])
    if len(set(part.labels)) < 2:
        return (), 0
    labels = np.asarray(part.labels)
    names, probabilities = _cross_validated(part)
    predicted = probabilities.argmax(axis=1)
    surest = probabilities.max(axis=1)
    own = np.searchsorted(names, labels)
    usual = np.asarray([probabilities[own == i, i].mean() for i in range(len(names))])
    is_doubtful = probabilities[np.arange(len(own)), own] <= _DOUBT / len(names)
    places = np.flatnonzero(is_doubtful & (surest >= usual[predicted]))
    doubtful = tuple(
        DoubtfulLabel(part.texts[i], part.labels[i], str(names[predicted[i]]), float(surest[i]))
        for i in sorted(places, key=lambda i: -surest[i])
    )
    return doubtful, len(part)


def noise_finding(doubtful: tuple[DoubtfulLabel, ...], checked: int) -> Finding:
    """Return the doubtful labels as a finding."""
    texts = [f"{one.label}, or {one.predicted}? {one.text}" for one in doubtful]
    meaning = "training texts have a label that a classifier of the others surely contradicts"
    return finding("doubtful labels", texts, checked, meaning)


def _cross_validated(rows: Rows) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return the names [C] and the probabilities [N, C] of the held-out texts."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))

    def features(text: str) -> list[str]:
        words = [token.decode("utf-8", "replace") for token in tokenizer.tokens(text)]
        return words + [f"{a} {b}" for a, b in pairwise(words)]

    vectors = HashingVectorizer(
        analyzer=features, n_features=_FEATURES, alternate_sign=False, binary=True, norm=None
    )
    regression = LogisticRegression(C=3.0, solver="liblinear", dual=True, tol=1e-2, random_state=0)
    counts = vectors.transform(rows.texts)
    pipeline = make_pipeline(TfidfTransformer(), OneVsRestClassifier(regression))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probabilities = cross_val_predict(
            pipeline, counts, list(rows.labels), cv=folds, method="predict_proba"
        )
    return np.unique(rows.labels), np.asarray(probabilities)
