"""Character n-grams of the words: features of the wide path, and the network's first vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edgernn_runtime.ir import Array

Matrix = Any  # Sparse matrices of SciPy have no type annotations.

_LENGTHS = range(3, 6)
#: The padding token and the OOV token are no words.
_SPECIAL_TOKENS = 2
#: The largest element of a random vector, that of Keras's Embedding.
_SIZE = 0.05


def subword_matrix(vocabulary: Sequence[str]) -> Matrix:
    """Return the character n-grams of each word, a sparse float32 [V, S] with rows of norm 1.

    An n-gram of a single word is left out, because it says no more than the word.

    Args:
        vocabulary: the tokens by id; the first two are padding and OOV.

    Source: Bojanowski et al., "Enriching word vectors with subword information", 2017, for the
    n-grams of a word with its boundaries.
    """
    import scipy.sparse

    columns: dict[str, int] = {}
    rows, places = [], []
    for word in range(_SPECIAL_TOKENS, len(vocabulary)):
        for ngram in set(character_ngrams(vocabulary[word])):
            rows.append(word)
            places.append(columns.setdefault(ngram, len(columns)))
    ones = np.ones(len(rows), dtype=np.float32)
    shape = (len(vocabulary), len(columns))
    matrix = scipy.sparse.csr_matrix((ones, (rows, places)), shape=shape)
    matrix = matrix[:, np.asarray(matrix.sum(axis=0)).ravel() > 1]
    lengths = np.sqrt(np.asarray(matrix.sum(axis=1)).ravel())
    return scipy.sparse.diags(1 / np.maximum(lengths, 1), dtype=np.float32) @ matrix


def subword_vectors(vocabulary: Sequence[str], size: int, seed: int) -> Array:
    """Return random vectors, float32 [V, size], that are alike for words of like characters.

    A vector is the sum of one of the word and those of its n-grams, which together are as long.

    Args:
        vocabulary: the tokens by id; the first two are padding and OOV.
        size: the size of a vector.
        seed: the seed of the random numbers.
    """
    draw = np.random.default_rng(seed)
    ngrams = subword_matrix(vocabulary)
    of_ngrams = draw.normal(0, _SIZE / np.sqrt(3), (ngrams.shape[1], size))
    own = draw.uniform(-_SIZE, _SIZE, (len(vocabulary), size))
    return np.asarray(own + ngrams @ of_ngrams, dtype=np.float32)


def character_ngrams(word: str) -> Iterator[str]:
    """Yield the runs of three to five characters of a word between `<` and `>`."""
    marked = f"<{word}>"
    for length in _LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]
