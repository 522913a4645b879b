"""What a training shows at its start: an encoded text, and the layers of the network."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from edgernn.training.keras_builder import KerasLayer
from edgernn_export.keras.layer_chain import KerasModel

#: Tokens that fit on a line.
_TOKENS = 10
_WIDTH = 80


def describe_encoding(tokenizer: Sequence[KerasLayer], text: str) -> str:
    """Return the beginning of a text, its ids, and the tokens of these ids.

    A token outside of the vocabulary is decoded as `[UNK]`.
    """
    ids = np.asarray([text], dtype=object)
    for layer in tokenizer:
        ids = layer(ids)
    real = [int(i) for i in np.asarray(ids)[0] if i]
    vocabulary = tokenizer[0].get_vocabulary()
    rows = {
        "text": text,
        "ids": " ".join(map(str, real[:_TOKENS])),
        "tokens": " ".join(vocabulary[i] for i in real[:_TOKENS]),
    }
    lines = [f"  {name:<8}{_on_a_line(value)}" for name, value in rows.items()]
    return "\n".join([f"vocabulary of {len(vocabulary):,} tokens; the first text:", *lines])


def describe_layers(model: KerasModel) -> str:
    """Return the layers of a model with output shapes and parameters; dropout is left out."""
    rows = [
        (_kind(layer), _shape(layer), f"{layer.count_params():,}")
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer) and "Dropout" not in _kind(layer)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"  {kind:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
        for kind, shape, count in rows
    ]
    return "\n".join([f"network of {model.count_params():,} parameters:", *lines])


def _kind(layer: KerasLayer) -> str:
    inner = getattr(layer, "forward_layer", None)
    name = type(layer).__name__
    return name if inner is None else f"{name}({_kind(inner)})"


def _shape(layer: KerasLayer) -> str:
    size = ["N", *("T" if n is None else str(n) for n in layer.output.shape[1:])]
    return f"[{', '.join(size)}]"


def _on_a_line(text: str) -> str:
    """Return a text without line breaks and control characters, cut to the width of a screen."""
    line = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(line.split())
    width = _WIDTH - 10
    return line if len(line) <= width else line[: width - 1] + "…"
