"""Rows as ids and targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn.data.rows import Rows, label_set_indices
from edgernn.training.batches import EncodedTexts, balanced_weights
from edgernn.training.keras_builder import KerasLayer
from edgernn.training.targets import encode_targets


def encode(
    tokenizer: Sequence[KerasLayer], rows: Rows, labels: tuple[str, ...], *, balanced: bool
) -> EncodedTexts:
    """Return rows as ids and targets.

    Args:
        tokenizer: the layers from text to ids.
        rows: the rows.
        labels: the names of the classes.
        balanced: weigh the texts so that each class has the same total.
    """
    truth = label_set_indices(rows, labels, "the data")
    targets = encode_targets(truth, len(labels), is_multilabel=rows.is_multilabel)
    ones = np.ones(len(targets), dtype=np.float32)
    weights = balanced_weights(targets, len(labels)) if balanced else ones
    return EncodedTexts(to_ids(tokenizer, rows.texts), targets, weights)


def to_ids(tokenizer: Sequence[KerasLayer], texts: Sequence[str]) -> NDArray[np.int32]:
    """Return the ids of texts, int32 [N, T], padded with 0."""
    parts = [np.zeros((0, 0), dtype=np.int32)]
    for start in range(0, len(texts), 1024):
        values = np.asarray(texts[start : start + 1024], dtype=object)
        for layer in tokenizer:
            values = layer(values)
        parts.append(np.asarray(values, dtype=np.int32))
    return np.concatenate(parts[1:] or parts)
