"""Random texts of a vocabulary, for a model without texts to verify on."""

from __future__ import annotations

import random

from edgernn_export.comparison import Examples
from edgernn_runtime.ir import Task

COUNT = 300
_LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)
#: Longer tokens are not drawn, so that texts and test vectors stay small.
_MAX_TOKEN_BYTES = 256


def synthetic_examples(task: Task, seed: int = 0) -> Examples:
    """Return texts of random words of the vocabulary, at lengths from 1 to 144 words."""
    short = [token for token in task.vocabulary[2:] if len(token) <= _MAX_TOKEN_BYTES]
    words = [token.decode("utf-8", "replace") for token in short] or ["a"]
    draw = random.Random(seed)
    texts = (" ".join(draw.choices(words, k=draw.choice(_LENGTHS))) for _ in range(COUNT))
    return Examples(texts=tuple(texts), labels=None, source="synthetic")
