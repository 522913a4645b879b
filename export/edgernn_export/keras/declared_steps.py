"""The check that declared steps do what a Python function does, on texts that distinguish them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgernn_export.errors import OptionError
from edgernn_export.keras.ids_model import text_layers
from edgernn_export.keras.reader import Source
from edgernn_export.keras.text_vectorization import has_function
from edgernn_runtime.tokenizer import Tokenizer
from edgernn_runtime.tokenizer_spec import Step

#: What the steps change, between words of the vocabulary.
_BETWEEN = (
    " {} ",
    "<br />{}",
    "<br/>{}<br>",
    " <i>{}</i> ",
    "!{}?!",
    "'{}'s",
    "-{}-",
    "_{}_",
    "(#{}@)",
    "7{}42",
    " 3.14 {}",
    "é{}É",
    "\u00a0{}\t\r\n",
    "<{}",
)


def check_declared(source: Source, steps: Sequence[Step], texts: Sequence[str]) -> None:
    """Check declared steps against the function of the model's own TextVectorization layer.

    Args:
        source: the model; without such a function there is nothing to compare.
        steps: the declared steps.
        texts: texts to compare on, beside those made for the purpose.

    Raises:
        OptionError: the function gives a text other ids than the steps.
    """
    import tensorflow as tf

    if source.vectorizer is None or not has_function(source.vectorizer):
        return
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    compared = [*_texts(source.task.vocabulary), *texts]
    ids = tf.constant(compared)
    for layer in text_layers(source):
        ids = layer(ids)
    for text, row in zip(compared, np.asarray(ids), strict=True):
        of_function = np.trim_zeros(row, "b").tolist()
        of_steps = tokenizer.ids(text).tolist()
        if of_function != of_steps:
            raise OptionError(
                "--standardize does not do what the function of the model does",
                expected=f"the ids {_shown(of_function)} for the text {text[:200]!r}",
                found=f"{_shown(of_steps)} with --standardize {','.join(steps)}",
                hint="declare every step of the function, in its order; docs/tokenizer.md has them",
            )


def _texts(vocabulary: Sequence[bytes]) -> list[str]:
    """Return texts of words of the vocabulary, with each pattern around one of them."""
    words = [token.decode("utf-8", "replace") for token in vocabulary[2:42]] or ["a"]
    return [
        f"{words[i % len(words)]} {pattern.format(words[(2 * i + 1) % len(words)].upper())} a"
        for i, pattern in enumerate(_BETWEEN)
    ]


def _shown(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")
