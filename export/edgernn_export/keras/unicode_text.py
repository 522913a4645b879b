"""A Keras layer from strings to ids by the Unicode rules of the tokenizer contract.

Importing the module registers the layer and imports Keras.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES

_SPECIAL = ("", "[UNK]")


@keras.saving.register_keras_serializable("edgernn")
class UnicodeTextVectorization(keras.layers.Layer):  # type: ignore[misc]
    """Maps strings [N] or [N, 1] to ids int64 [N, T], like TextVectorization, by Unicode rules.

    The rules are `edgernn-tokenizer/2` of `docs/tokenizer.md`. The layer calls the runtime's own
    tokenizer, so its ids are those of the device. A SavedModel cannot contain its Python code.

    Example:
        layer = UnicodeTextVectorization(max_tokens=10_000, output_sequence_length=200)
        layer.adapt(["Хороший фильм", "плохой фильм"])
        layer(["ФИЛЬМ"])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        ngrams: int | Sequence[int] | None = None,
        output_sequence_length: int | None = None,
        vocabulary: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        """Create the layer; the options are those of TextVectorization.

        Args:
            max_tokens: the largest number of tokens that `adapt` keeps, with padding and OOV.
            ngrams: 2 for words and pairs of words, (2,) for pairs alone; None for words.
            output_sequence_length: the length to truncate and pad to, or None to pad each batch to
                its longest text.
            vocabulary: the tokens in id order, with or without padding and OOV at the start.
            options: those of every Keras layer.
        """
        super().__init__(**options)
        self.max_tokens, self.ngrams = max_tokens, ngrams
        self.output_sequence_length = output_sequence_length
        self.set_vocabulary(vocabulary or ())
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False

    @property
    def spec(self) -> TokenizerSpec:
        """The rules."""
        widths: Sequence[int] = ()
        if self.ngrams is not None:
            is_number = isinstance(self.ngrams, int)
            widths = range(1, self.ngrams + 1) if is_number else self.ngrams  # type: ignore[assignment,operator]
        return TokenizerSpec(
            ngrams=tuple(widths), max_length=self.output_sequence_length, rules="unicode"
        )

    def adapt(self, texts: Iterable[str]) -> None:
        """Learn the vocabulary: the most frequent tokens of the texts first.

        Equally frequent tokens are in descending order of their UTF-8, as in TextVectorization.
        Tokens that are too long for a `vocab.txt` are left out.
        """
        tokenizer = Tokenizer(TokenizerSpec(ngrams=self.spec.ngrams, rules="unicode"), ())
        counts = Counter(token for text in texts for token in tokenizer.tokens(text))
        ordered = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        kept = [token.decode() for token in ordered if len(token) <= MAX_TOKEN_BYTES]
        most = None if self.max_tokens is None else self.max_tokens - len(_SPECIAL)
        self.set_vocabulary(kept[:most])

    def set_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Set the tokens in id order, with or without padding and OOV at the start."""
        tokens = tuple(vocabulary)
        if tokens[: len(_SPECIAL)] != _SPECIAL:
            tokens = (*_SPECIAL, *tokens)
        self._tokenizer = Tokenizer(self.spec, [token.encode() for token in tokens])

    def get_vocabulary(self) -> list[str]:
        """Return the tokens in id order, padding and OOV first."""
        return [token.decode() for token in self._tokenizer.vocabulary]

    def vocabulary_size(self) -> int:
        """Return the number of tokens, with padding and OOV."""
        return len(self._tokenizer.vocabulary)

    def call(self, texts: Any) -> Any:
        """Return the ids int64 [N, T] of strings [N] or [N, 1], padded with 0 behind the text."""
        flat = tf.reshape(tf.convert_to_tensor(texts, dtype=tf.string), [-1])
        ids = tf.numpy_function(self._ids, [flat], tf.int64, stateful=False)
        return tf.ensure_shape(ids, (flat.shape[0], self.output_sequence_length))

    def _ids(self, texts: NDArray[np.object_]) -> NDArray[np.int64]:
        rows = [self._tokenizer.ids(text) for text in texts]
        length = self.output_sequence_length
        if length is None:
            length = max(map(len, rows), default=0)
        ids = np.zeros((len(rows), length), dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
        return ids

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, int | None]:
        """Return (N, T)."""
        return shape[0], self.output_sequence_length

    def compute_output_spec(self, texts: Any) -> Any:
        """Return the symbolic ids."""
        return keras.KerasTensor(self.compute_output_shape(texts.shape), dtype="int64")

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that `model.save` writes, with the vocabulary."""
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "ngrams": self.ngrams,
            "output_sequence_length": self.output_sequence_length,
            "vocabulary": self.get_vocabulary(),
        }
