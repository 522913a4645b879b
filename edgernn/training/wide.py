"""Fits the wide path: a linear classifier of words and n-grams.

A logistic regression is fitted on scaled features, one label against the rest. The weights of
character n-grams are added to those of the words that contain them. The n-grams of words with the
largest weights get a bucket each. The weights are rounded to 255 levels, so int8 is exact.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn.training.batches import EncodedTexts
from edgernn.training.options import WideOptions
from edgernn.training.path_sum import cross_validated_log_loss
from edgernn.training.subwords import Matrix, subword_matrix
from edgernn_runtime.ir import CHECKSUMS, Array, HashedNgrams, Pattern
from edgernn_runtime.ngrams import keys
from edgernn_runtime.reference import run_wide

Scaling = Literal["ratio", "idf"]
Keys = NDArray[np.int64]

#: Scaling of the features and inverse strength of the regularization. Log-count ratios suit two
#: classes and long texts, IDF suits many classes, short texts, and a rare class.
CANDIDATES: tuple[tuple[Scaling, float], ...] = (("ratio", 0.3), ("ratio", 3.0), ("idf", 3.0))
#: The scale of character n-grams beside that of words and n-grams.
_SUBWORD_SCALE = 2.0
#: With more words in all texts together, most have enough texts of their own.
_MOST_WORDS_WITH_SUBWORDS = 400_000
#: Of two labels, one is rare with a smaller share of the texts. Too few of the validation texts
#: have it to select a candidate by their log loss.
_RARE = 0.1
#: The folds of the cross-validation that selects a candidate for a rare label.
_FOLDS = 3
#: Larger weights are clipped to this quantile, which makes the levels of the others finer.
_CLIP_QUANTILE = 0.9999
_LEVELS = 127
_FEWEST_BUCKETS = 1024


@dataclass(frozen=True)
class WidePath:
    """A fitted wide path.

    Attributes:
        weights: float32 [V + B, C], multiples of one step, from -127 to 127 steps.
        checksums: uint8 [B].
        bias: float32 [C].
        scaling: the scaling of the features.
        strength: the inverse strength of the regularization.
        validation: the logits of the validation texts, float32 [N, C]; C is 1 for two classes of
            which one applies.
    """

    weights: Array
    checksums: NDArray[np.uint8]
    bias: Array
    scaling: Scaling
    strength: float
    validation: Array

    def logits(self, encoded: EncodedTexts, patterns: tuple[Pattern, ...]) -> Array:
        """Return the logits of texts, float32 [N, C]."""
        wide = HashedNgrams("", patterns, self.weights, self.checksums, None, self.bias)
        return np.stack([run_wide(wide, row) for row in unpadded(encoded)])


def fit_wide(
    training: EncodedTexts,
    validation: EncodedTexts,
    vocabulary: Sequence[str],
    classes: int,
    options: WideOptions,
) -> WidePath:
    """Return the wide path of the best of `CANDIDATES`.

    The best one has the lowest log loss on the validation texts, or if one of two labels is rare,
    by cross-validation on the training texts.

    Args:
        training: the training texts.
        validation: the validation texts.
        vocabulary: the tokens by id, [V]; the first two are padding and OOV.
        classes: the number of classes.
        options: the sizes.

    Source: Wang and Manning, "Baselines and bigrams", 2012, for the log-count ratios.
    """
    words = len(vocabulary)
    buckets = _bucket_count(training, words, classes, options)
    find = _finder(words, options, buckets)
    keys_by_text, held_out = (
        [find(row) for row in unpadded(part)] for part in (training, validation)
    )
    problem = _problem(keys_by_text, training, classes, vocabulary, options.fewest)
    scaling, strength, weights = _best_fit(problem, held_out, validation)
    importance = np.abs(weights).max(axis=1) * np.sqrt(problem.texts)
    problem = problem.take(_selected(problem.features, importance, words))
    weights, bias = _fit(problem, scaling, strength)
    weights = rounded(weights)
    table, checksums = _tables(problem.features, weights, words, buckets)
    logits = feature_matrix(held_out, problem.features) @ weights + bias
    return WidePath(
        weights=table,
        checksums=checksums,
        bias=bias,
        scaling=scaling,
        strength=strength,
        validation=np.asarray(logits, dtype=np.float32),
    )


@dataclass(frozen=True)
class _Problem:
    """The training data of a linear classifier.

    Attributes:
        features: the keys of the features, int64 [F], ascending.
        texts: the number of texts with each feature, int64 [F].
        x: the features of each text, sparse float32 [N, F] of ones.
        subwords: the character n-grams of each feature that is a word, sparse float32 [F, S].
        training: the texts, with their classes and weights.
        classes: the number of classes.
    """

    features: Keys
    texts: NDArray[np.int64]
    x: Matrix
    subwords: Matrix
    training: EncodedTexts
    classes: int

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Whether each text has the label of each logit, bool [N, C]."""
        targets = self.training.targets
        if targets.ndim == 2:
            return np.asarray(targets > 0.5)
        labels = [1] if self.classes == 2 else range(self.classes)
        return np.asarray(targets[:, np.newaxis] == np.asarray(labels))

    def take(self, places: NDArray[np.intp]) -> _Problem:
        """Return the problem with a subset of its features."""
        return replace(
            self,
            features=self.features[places],
            texts=self.texts[places],
            x=self.x[:, places],
            subwords=self.subwords[places],
        )

    def take_texts(self, rows: NDArray[np.intp]) -> _Problem:
        """Return the problem with a subset of its texts."""
        every, x = self.training, self.x[rows]
        return replace(
            self,
            texts=np.asarray(x.sum(axis=0), dtype=np.int64).ravel(),
            x=x,
            training=EncodedTexts(every.ids[rows], every.targets[rows], every.weights[rows]),
        )


def _problem(
    keys_by_text: list[Keys],
    training: EncodedTexts,
    classes: int,
    vocabulary: Sequence[str],
    fewest: int,
) -> _Problem:
    """Return the problem with all words, and the n-grams that occur in enough texts."""
    features, texts = np.unique(np.concatenate(keys_by_text), return_counts=True)
    is_word = features < CHECKSUMS * len(vocabulary)
    has_subwords = texts[is_word].sum() <= _MOST_WORDS_WITH_SUBWORDS
    is_kept = (texts >= fewest) | is_word
    features, texts, is_word = features[is_kept], texts[is_kept], is_word[is_kept]
    # An n-gram of words has the row of the padding token, which has no characters.
    rows = np.where(is_word, features // CHECKSUMS, 0)
    subwords = subword_matrix(vocabulary)[rows]
    subwords = subwords if has_subwords else subwords[:, :0]
    x = feature_matrix(keys_by_text, features)
    return _Problem(features, texts, x, subwords, training, classes)


def _best_fit(
    problem: _Problem, held_out: list[Keys], validation: EncodedTexts
) -> tuple[Scaling, float, Array]:
    """Return the best candidate and its weights [F, C]."""
    if _has_rare_label(problem):
        losses = [_cross_validated_loss(problem, *candidate) for candidate in CANDIDATES]
        scaling, strength = CANDIDATES[int(np.argmin(losses))]
        return scaling, strength, _fit(problem, scaling, strength)[0]
    x = feature_matrix(held_out, problem.features)
    fits = [(*candidate, *_fit(problem, *candidate)) for candidate in CANDIDATES]
    losses = [_calibrated_loss(x @ weights + bias, validation) for *_, weights, bias in fits]
    return fits[int(np.argmin(losses))][:3]


def _calibrated_loss(logits: Array, texts: EncodedTexts) -> float:
    logits = np.asarray(logits, dtype=np.float32)
    return cross_validated_log_loss(logits, np.zeros_like(logits), texts.targets)


def _has_rare_label(problem: _Problem) -> bool:
    """Return whether one of two labels is rare, with at least two texts to train and test on."""
    targets = problem.training.targets
    if problem.classes != 2 or targets.ndim == 2:
        return False
    fewest = int(np.bincount(targets, minlength=2).min())
    return 2 <= fewest < _RARE * len(targets)


def _cross_validated_loss(problem: _Problem, scaling: Scaling, strength: float) -> float:
    """Return the log loss of the calibrated logits of all texts, of two labels, by folds."""
    targets = problem.training.targets
    folds = np.zeros(len(targets), dtype=np.intp)
    for label in (0, 1):
        rows = np.flatnonzero(targets == label)
        folds[rows] = np.arange(len(rows)) % _FOLDS
    logits = np.zeros((len(targets), 1), dtype=np.float32)
    for fold in range(_FOLDS):
        rest, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights, bias = _fit(problem.take_texts(rest), scaling, strength)
        logits[held_out] = problem.x[held_out] @ weights + bias
    return cross_validated_log_loss(logits, np.zeros_like(logits), targets)


def _tables(
    features: Keys, weights: Array, words: int, buckets: int
) -> tuple[Array, NDArray[np.uint8]]:
    """Return the weights by word and bucket, float32 [V + B, C], and the checksums uint8 [B]."""
    table = np.zeros((words + buckets, weights.shape[1]), dtype=np.float32)
    table[features // CHECKSUMS] = weights
    checksums = np.zeros(buckets, dtype=np.uint8)
    is_ngram = features >= CHECKSUMS * words
    checksums[features[is_ngram] // CHECKSUMS - words] = features[is_ngram] % CHECKSUMS
    return table, checksums


def unpadded(encoded: EncodedTexts) -> list[NDArray[np.int32]]:
    """Return the ids of each text without padding, int32 [T]."""
    return [row[:length] for row, length in zip(encoded.ids, encoded.lengths, strict=True)]


def _finder(words: int, options: WideOptions, buckets: int) -> Callable[[Any], Keys]:
    return lambda ids: keys(ids, words, options.patterns, buckets)


def _bucket_count(training: EncodedTexts, words: int, classes: int, options: WideOptions) -> int:
    """Return the number of buckets: a power of two, limited by the number of n-grams."""
    width = 1 if classes == 2 and training.targets.ndim == 1 else classes
    limit = min(options.buckets, max(options.cells // width - words, _FEWEST_BUCKETS))
    find = _finder(words, options, options.buckets)
    every = np.concatenate([find(row) for row in unpadded(training)])
    _, texts = np.unique(every[every >= CHECKSUMS * words], return_counts=True)
    wanted = 2 * max(int((texts >= options.fewest).sum()), _FEWEST_BUCKETS // 2)
    return int(2 ** np.floor(np.log2(min(limit, wanted))))


def feature_matrix(keys_by_text: list[Keys], features: Keys) -> Matrix:
    """Return the features of each text, a sparse float32 [N, F] of ones."""
    import scipy.sparse

    columns, ends = [], [0]
    for text in keys_by_text:
        places = np.searchsorted(features, text)
        places[places == len(features)] = 0
        columns.append(places[features[places] == text])
        ends.append(ends[-1] + len(columns[-1]))
    indices = np.concatenate(columns)
    values = np.ones(len(indices), dtype=np.float32)
    return scipy.sparse.csr_matrix(
        (values, indices, ends), shape=(len(keys_by_text), len(features))
    )


def _fit(problem: _Problem, scaling: Scaling, strength: float) -> tuple[Array, Array]:
    """Return the weights [F, C] and the bias [C] of a logistic regression for each label."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    count = problem.x.shape[0]
    subwords = (problem.x @ problem.subwords).tocsr()
    subword_scale = _SUBWORD_SCALE * rarity(count, subwords.getnnz(axis=0))
    subwords = _scaled(subwords, subword_scale)
    scale = rarity(count, problem.texts)
    x = _joined(_scaled(problem.x, scale), subwords)
    weights, bias = [], []
    for is_label in problem.targets.T:
        if scaling == "ratio":
            scale = _log_count_ratio(problem.x, is_label)
            x = _joined(_scaled(problem.x, scale), subwords)
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=1e-2, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, is_label, sample_weight=problem.training.weights)
        of_features, of_subwords = np.split(model.coef_[0], [len(scale)])
        weights.append(of_features * scale + problem.subwords @ (of_subwords * subword_scale))
        bias.append(model.intercept_[0])
    return np.stack(weights, axis=1).astype(np.float32), np.asarray(bias, dtype=np.float32)


def rarity(count: int, texts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the scale of features that occur in some of all texts."""
    return np.asarray(0.1 * (np.log((1 + count) / (1 + texts)) + 1), dtype=np.float64)


def _scaled(x: Matrix, scale: NDArray[np.float64]) -> Matrix:
    scaled = x.copy()
    scaled.data = (x.data * scale[x.indices]).astype(np.float32)
    return scaled


def _joined(x: Matrix, subwords: Matrix) -> Matrix:
    import scipy.sparse

    return scipy.sparse.hstack([x, subwords], format="csr")


def _log_count_ratio(x: Matrix, is_label: NDArray[np.bool_]) -> NDArray[np.float64]:
    inside, outside = (
        np.asarray(x[rows].sum(axis=0), dtype=np.float64).ravel() + 1
        for rows in (is_label, ~is_label)
    )
    return np.asarray(np.log((inside / inside.sum()) / (outside / outside.sum())))


def _selected(features: Keys, importance: Array, words: int) -> NDArray[np.intp]:
    """Return the indices of the words, and of the most important n-gram of each bucket."""
    is_word = features < CHECKSUMS * words
    order = np.argsort(-importance, kind="stable")
    order = order[~is_word[order]]
    _, first = np.unique(features[order] // CHECKSUMS, return_index=True)
    return np.sort(np.concatenate([np.flatnonzero(is_word), order[first]]))


def rounded(weights: Array) -> Array:
    """Round the weights to multiples of one step, from -127 to 127 steps."""
    sizes = np.abs(weights[weights != 0])
    step = np.float32(np.quantile(sizes, _CLIP_QUANTILE) / _LEVELS) if len(sizes) else 1
    return np.asarray(np.clip(np.rint(weights / step), -_LEVELS, _LEVELS) * step, np.float32)
