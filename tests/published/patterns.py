"""All published models by name."""

from __future__ import annotations

from tests.published import keras_2, tokenizer, vectorization, word_index
from tests.published.pattern import Pattern

PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for module in (vectorization, word_index, tokenizer, keras_2)
    for pattern in module.PATTERNS
}
