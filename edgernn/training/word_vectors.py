"""Word vectors from the user's own texts, for the embedding to start from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.ir import Array

#: Deviation of the vectors' values, about what a trained embedding has.
_DEVIATION = 0.3
_WINDOW = 5


def skip_gram(
    texts: Sequence[NDArray[np.int32]], words: int, size: int, epochs: int, seed: int
) -> Array:
    """Return a vector for each word, float32 [V, size], by skip-gram with negative sampling.

    Args:
        texts: the ids of each text, without padding.
        words: V; a word that no text has gets a vector of zeros.
        size: the length of a vector.
        epochs: passes over the texts.
        seed: the same seed gives the same vectors; it needs a single thread.

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
