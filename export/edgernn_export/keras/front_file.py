"""The files that contain the tokenizer of a model that takes ids."""

from __future__ import annotations

from pathlib import Path

from edgernn_export.errors import OptionError
from edgernn_export.keras.layer_chain import VECTORIZERS, KerasModel, all_layers
from edgernn_export.keras.text_front import TextFront
from edgernn_export.keras.text_vectorization import load_vectorizer
from edgernn_export.keras.tokenizer_file import load_tokenizer
from edgernn_export.keras.trusted_code import TrustedCode
from edgernn_export.keras.word_index import load_word_index
from edgernn_runtime.tokenizer_spec import Step


def load_front(
    model: KerasModel,
    tokenizer: Path | None,
    vocabulary: Path | None,
    steps: tuple[Step, ...],
    trusted: TrustedCode | None = None,
) -> TextFront | None:
    """Return the tokenizer in a file, None if no file is given.

    Args:
        model: the model that takes its ids.
        tokenizer: the JSON file of a Keras Tokenizer.
        vocabulary: a `.keras` file with a TextVectorization layer, a vocabulary of one token a
            line, or the word index of a data set of Keras, JSON.
        steps: what the user's code does to a text before the tokenizer.
        trusted: the classes and functions of a module that the user trusts, for a `.keras` file.

    Raises:
        OptionError: both files are given.
        ModelFileError: a file cannot be read.
        UnsupportedModelError: the tokenizer contract does not cover a setting.
    """
    if tokenizer is not None and vocabulary is not None:
        raise OptionError(
            "--tokenizer and --vocabulary exclude each other",
            expected="one of them",
            found="both",
            hint="--tokenizer for a Keras Tokenizer, --vocabulary for everything else",
        )
    if tokenizer is not None:
        return load_tokenizer(tokenizer, steps)
    if vocabulary is None:
        return None
    if vocabulary.suffix == ".json":
        return load_word_index(vocabulary, _embedding_rows(model), steps)
    return load_vectorizer(vocabulary, steps, trusted)


def has_vectorizer(model: KerasModel) -> bool:
    """Return whether a model contains its tokenizer."""
    return any(type(layer).__name__ in VECTORIZERS for layer in all_layers(model))


def _embedding_rows(model: KerasModel) -> int | None:
    """Return the number of ids that every Embedding of a model takes."""
    rows = [int(x.input_dim) for x in all_layers(model) if type(x).__name__ == "Embedding"]
    return min(rows, default=None)
