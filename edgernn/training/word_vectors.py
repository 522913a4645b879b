"""Word vectors of the training texts, which initialize the embedding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.ir import Array

#: Standard deviation of the values, similar to that of a trained embedding.
_DEVIATION = 0.3
_WINDOW = 5


def skip_gram(
    texts: Sequence[NDArray[np.int32]], words: int, size: int, epochs: int, seed: int
) -> Array:
    """Return word vectors, float32 [V, size], by skip-gram with negative sampling.

    Args:
        texts: the ids of each text, int32 [T], without padding.
        words: the vocabulary size V; a word that does not occur has a vector of zeros.
        size: the length of a vector.
        epochs: the number of passes over the texts.
        seed: the seed; the vectors are reproducible because one thread is used.

    Source: Mikolov et al., "Distributed representations of words and phrases", 2013.
    """
    from gensim.models import Word2Vec

    sentences = [[str(token) for token in ids] for ids in texts]
    model = Word2Vec(
        sentences,
        vector_size=size,
        window=_WINDOW,
        min_count=1,
        sg=1,
        epochs=epochs,
        seed=seed,
        workers=1,
    )
    table = np.zeros((words, size), dtype=np.float32)
    for word, place in model.wv.key_to_index.items():
        table[int(word)] = model.wv.vectors[place]
    return np.asarray(table * (_DEVIATION / table.std()), dtype=np.float32)
