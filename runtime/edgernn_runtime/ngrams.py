"""Hashed n-grams of token ids, in integers that cannot overflow; see `docs/wide.md`.

V is the number of words, B the number of buckets, T the number of a text's ids.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.ir import CHECKSUMS, Pattern

#: Factors of the ids at t, t + 1 and t + 2, and a constant. The factors are primes of xxHash. Ids
#: are below 2**24, so sums are below 2**58.
COEFFICIENTS: dict[Pattern, tuple[int, int, int, int]] = {
    "bigram": (2654435761, 2246822519, 0, 0),
    "trigram": (2654435761, 2246822519, 3266489917, 0),
    "skip": (2246822519, 0, 3266489917, 12345),
}


def hashes(
    ids: NDArray[np.integer], patterns: tuple[Pattern, ...], buckets: int
) -> NDArray[np.int64]:
    """Return the hash of each n-gram of a text, int64 [P * T] for P patterns.

    Args:
        ids: integers [T]; ids behind the end count as 0, the padding.
        patterns: the n-grams to hash.
        buckets: B; hashes are below 256 * B.
    """
    here = np.asarray(ids, dtype=np.int64)
    after = np.append(here[1:], 0)[: len(here)]
    second = np.append(after[1:], 0)[: len(here)]
    found = []
    for pattern in patterns:
        a, b, c, start = COEFFICIENTS[pattern]
        found.append((here * a + after * b + second * c + start) % (CHECKSUMS * buckets))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def keys(
    ids: NDArray[np.integer], words: int, patterns: tuple[Pattern, ...], buckets: int
) -> NDArray[np.int64]:
    """Return the distinct keys of a text's words and n-grams in ascending order, int64 [K].

    A key is 256 times a row of the weights plus a checksum, which is 0 for a word. Padding (id 0)
    and n-grams that start with it have no key.

    Args:
        ids: integers [T].
        words: V.
        patterns: the n-grams to hash.
        buckets: B.
    """
    ids = np.asarray(ids, dtype=np.int64)
    starts = np.tile(ids != 0, len(patterns))
    of_ngrams = CHECKSUMS * words + hashes(ids, patterns, buckets)[starts]
    return np.unique(np.concatenate([CHECKSUMS * ids[ids != 0], of_ngrams]))
