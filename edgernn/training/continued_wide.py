"""Continues the wide path of a trained model on new texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgernn.training.batches import EncodedTexts
from edgernn.training.path_sum import accuracy
from edgernn.training.subwords import Matrix
from edgernn.training.wide import (
    Keys,
    WidePath,
    feature_matrix,
    rarity,
    rounded,
    unpadded,
)
from edgernn_runtime.ir import CHECKSUMS, Array, Pattern
from edgernn_runtime.ngrams import keys

#: Inverse strengths of the regularization; the one with the best validation accuracy is used.
_STRENGTHS = (0.1, 1.0, 10.0)


def continue_wide(
    start: WidePath,
    training: EncodedTexts,
    validation: EncodedTexts,
    patterns: tuple[Pattern, ...],
) -> WidePath:
    """Return a wide path whose weights are changed by new texts.

    The change of the weights is a logistic regression for each label against the rest, with the
    old logits as offset. Its regularization pulls the weights to the old ones instead of to 0, so
    words that the new texts do not contain keep their weights. New n-grams get the buckets that
    no n-gram uses.

    Args:
        start: the trained wide path, with a column for each label.
        training: the new texts.
        validation: the texts that select the strength of the regularization.
        patterns: the kinds of hashed n-grams.
    """
    buckets = len(start.checksums)
    words = len(start.weights) - buckets
    found, held_out = (
        [keys(row, words, patterns, buckets) for row in unpadded(part)]
        for part in (training, validation)
    )
    features, checksums = _features(found, start, words)
    x, held_out_x = feature_matrix(found, features), feature_matrix(held_out, features)
    texts = np.asarray(x.sum(axis=0)).ravel()
    scale = np.asarray(rarity(x.shape[0], texts), dtype=np.float32)
    before = start.logits(training, patterns), start.logits(validation, patterns)
    best, best_score = start, -1.0
    for strength in _STRENGTHS:
        change, shift = _fitted(x, scale, before[0], training, strength)
        score = accuracy(before[1] + held_out_x @ change + shift, validation.targets)
        if score > best_score:
            weights = start.weights.copy()
            weights[features // CHECKSUMS] += change
            best_score = score
            best = replace(
                start,
                weights=rounded(weights),
                checksums=checksums,
                bias=np.asarray(start.bias + shift, dtype=np.float32),
                strength=strength,
            )
    return replace(best, validation=best.logits(validation, patterns))


def _features(found: list[Keys], start: WidePath, words: int) -> tuple[Keys, NDArray[np.uint8]]:
    """Return the features of the texts that have a row in the table, and the new checksums."""
    features, texts = np.unique(np.concatenate(found), return_counts=True)
    rows = features // CHECKSUMS
    is_word = rows < words
    buckets = np.where(is_word, 0, rows - words)
    is_used = np.abs(start.weights[words:]).max(axis=1) > 0
    is_own = is_used[buckets] & (start.checksums[buckets] == features % CHECKSUMS)
    # A bucket that no n-gram uses goes to the most frequent new n-gram.
    order = np.argsort(-texts, kind="stable")
    order = order[~is_word[order] & ~is_used[buckets[order]]]
    _, first = np.unique(buckets[order], return_index=True)
    is_new = np.zeros(len(features), dtype=bool)
    is_new[order[first]] = True
    checksums = start.checksums.copy()
    checksums[buckets[is_new]] = features[is_new] % CHECKSUMS
    return features[is_word | is_own | is_new], checksums


def _fitted(
    x: Matrix, scale: Array, before: Array, training: EncodedTexts, strength: float
) -> tuple[Array, Array]:
    """Return the change of the weights [F, C] and of the bias [C]."""
    from scipy.optimize import minimize

    scaled = x.multiply(scale).tocsr()
    changes, shifts = [], []
    for label in range(before.shape[1]):
        is_label = training.targets == (label if before.shape[1] > 1 else 1)
        signs = np.where(is_label, 1.0, -1.0)

        def loss(
            values: NDArray[np.float64], signs: NDArray[np.float64] = signs, label: int = label
        ) -> tuple[float, NDArray[np.float64]]:
            margins = signs * (before[:, label] + scaled @ values[:-1] + values[-1])
            losses = training.weights * np.logaddexp(0, -margins)
            slope = -signs * training.weights * np.exp(-np.logaddexp(0, margins))
            penalty = float(values[:-1] @ values[:-1]) / (2 * strength)
            gradient = np.append(scaled.T @ slope + values[:-1] / strength, slope.sum())
            return float(losses.sum()) + penalty, gradient

        start = np.zeros(scaled.shape[1] + 1)
        result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
        changes.append(result.x[:-1] * scale)
        shifts.append(result.x[-1])
    return np.stack(changes, axis=1).astype(np.float32), np.asarray(shifts, dtype=np.float32)
