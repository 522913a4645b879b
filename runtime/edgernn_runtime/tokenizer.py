"""The tokenizer: text to token ids.

`docs/tokenizer.md` specifies three contracts. `edgernn-tokenizer/1` gives the ids of Keras's
TextVectorization. Like TensorFlow's string kernels it works on UTF-8 bytes: lower-casing,
punctuation and white space are ASCII only. `edgernn-tokenizer/2` has Unicode rules, for languages
other than English. `edgernn-tokenizer/3` has a list of steps, and gives the ids of Keras's
Tokenizer and of TextVectorization with a function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from edgernn_runtime.errors import TextError
from edgernn_runtime.steps import apply_steps, split_at
from edgernn_runtime.tokenizer_spec import (
    MAX_LENGTH,
    MAX_NGRAMS,
    OUT_OF_VOCABULARY_ID,
    PAD_ID,
    SPLIT,
    STANDARDIZE,
    STEPS,
    TRUNCATE,
    Rules,
    Split,
    Standardize,
    Step,
    TokenizerSpec,
    Truncate,
    check_ids,
)
from edgernn_runtime.unicode_rules import unicode_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MAX_LENGTH",
    "MAX_NGRAMS",
    "OUT_OF_VOCABULARY_ID",
    "PAD_ID",
    "SPLIT",
    "STANDARDIZE",
    "STEPS",
    "TRUNCATE",
    "PadSide",
    "Rules",
    "Split",
    "Standardize",
    "Step",
    "Tokenizer",
    "TokenizerSpec",
    "Truncate",
    "encode_text",
    "with_padding",
]

MAX_TEXT_BYTES = 1 << 20
#: The longest padding. The model runs a text of one word for as many steps, so that this bounds the
#: time that a file can ask for.
MAX_PADDING = 1 << 16
#: The side of the ids on which the padding is.
PadSide = Literal["post", "pre"]

_PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"


class Tokenizer:
    """A tokenizer: text to ids. It is immutable, so threads may share it."""

    def __init__(self, spec: TokenizerSpec, vocabulary: Sequence[bytes]) -> None:
        """Build the look-up table.

        Args:
            spec: the rules.
            vocabulary: V tokens of UTF-8, the index being the id. 0 is the padding, 1 is OOV (out
                of vocabulary); neither is found by its spelling. With the rules `steps`, every
                token from 1 on is.

        Raises:
            BundleFormatError: the OOV id or the start id is outside the vocabulary.
        """
        self.spec = spec
        self.vocabulary = tuple(vocabulary)
        check_ids(spec, len(self.vocabulary))
        first = 1 if spec.rules == "steps" else OUT_OF_VOCABULARY_ID + 1
        self._id_of = {token: i for i, token in enumerate(self.vocabulary) if i >= first}
        self._id_of[b""] = PAD_ID

    def tokens(self, text: str | bytes) -> list[bytes]:
        """Return the tokens of a text, truncated to `max_length`.

        Args:
            text: str, or bytes of UTF-8.

        Returns:
            T tokens of UTF-8, OOV tokens included if they have an id. The first one is the spelling
            of the start id if there is one.

        Raises:
            TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
        """
        encoded = encode_text(text)
        spec = self.spec
        if spec.rules == "unicode":
            pieces = unicode_tokens(encoded)
        elif spec.rules == "steps":
            pieces = _split_steps(encoded, spec)
        else:
            pieces = _split(_standardize(encoded, spec.standardize), spec.split)
        if spec.ngrams:
            pieces = _ngrams(pieces, spec.ngrams)
        if spec.oov is None:
            pieces = [piece for piece in pieces if piece in self._id_of]
        if spec.start is not None:
            pieces.insert(0, self.vocabulary[spec.start])
        return _truncated(pieces, spec.max_length, spec.truncate)

    def ids(self, text: str | bytes) -> NDArray[np.int32]:
        """Return the ids of a text without padding: int32 [T], T from 0 to `max_length`.

        Args:
            text: str, or bytes of UTF-8.

        Raises:
            TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
        """
        return self.look_up(self.tokens(text))

    def has_known_token(self, text: str | bytes) -> bool:
        """Return whether a token of the text is in the vocabulary, the start id aside.

        Args:
            text: str, or bytes of UTF-8.

        Raises:
            TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
        """
        oov = self.spec.oov
        unknown = (PAD_ID, oov, self.spec.start)
        return any(self._id_of.get(token, oov) not in unknown for token in self.tokens(text))

    def look_up(self, tokens: Sequence[bytes]) -> NDArray[np.int32]:
        """Return the ids of T tokens of UTF-8: int32 [T].

        A token that is OOV has the id `spec.oov`; if that is None, it is left out.
        """
        import numpy as np

        id_of, oov = self._id_of, self.spec.oov
        found = [id_of.get(token, oov) for token in tokens]
        return np.asarray([i for i in found if i is not None], dtype=np.int32)


def encode_text(text: str | bytes) -> bytes:
    """Return the UTF-8 of a text.

    Raises:
        TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
    """
    if isinstance(text, str):
        encoded = _encode(text)
    elif isinstance(text, bytes):
        encoded = text
    else:
        raise TextError(
            "the text is not a string",
            expected="str, or bytes of UTF-8",
            found=type(text).__name__,
        )
    if len(encoded) > MAX_TEXT_BYTES:
        raise TextError(
            "the text is too long",
            expected=f"at most {MAX_TEXT_BYTES:,} bytes of UTF-8",
            found=f"{len(encoded):,} bytes",
            hint="split it into parts and classify each",
        )
    return encoded


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # UTF-8 cannot encode a lone surrogate; like a browser's TextEncoder, replace it by U+FFFD.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _standardize(text: bytes, standardize: Standardize) -> bytes:
    if standardize in ("lower", "lower_and_strip_punctuation"):
        text = text.lower()
    if standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
        text = text.translate(None, _PUNCTUATION)
    return text


def _split(text: bytes, split: Split) -> list[bytes]:
    if split == "whitespace":
        return text.split()
    if split == "character":
        return [character.encode() for character in text.decode("utf-8", "replace")]
    return [text]


def _split_steps(text: bytes, spec: TokenizerSpec) -> list[bytes]:
    changed = apply_steps(text.decode("utf-8", "replace"), spec.steps)
    if spec.split == "separators":
        return [token.encode() for token in split_at(changed, spec.separators)]
    return _split(changed.encode(), spec.split)


def _truncated(tokens: list[bytes], length: int | None, truncate: Truncate) -> list[bytes]:
    if length is None or len(tokens) <= length:
        return tokens
    if truncate == "head":
        return tokens[:length]
    tail = length if truncate == "tail" else length // 2
    return tokens[: length - tail] + tokens[len(tokens) - tail :]


def _ngrams(tokens: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    return [
        b" ".join(tokens[start : start + width])
        for width in widths
        for start in range(len(tokens) - width + 1)
    ]


def with_padding(
    ids: NDArray[np.int32], pad_to: int | None, pad_side: PadSide = "post"
) -> NDArray[np.int32]:
    """Return the ids of a text with the padding that a model expects, int32 [L].

    Args:
        ids: int32 [T].
        pad_to: L, to which ids are truncated or padded with `PAD_ID`; None for no padding, where
            every `PAD_ID` is removed. A longer text keeps its first ids.
        pad_side: where the padding is, behind the ids (`post`) or in front of them (`pre`).
    """
    import numpy as np

    if pad_to is None:
        # Keras masks the padding at every position; removing it gives the same output.
        return np.asarray(ids[ids != PAD_ID], dtype=np.int32)
    kept = ids[:pad_to]
    padded = np.full(pad_to, PAD_ID, dtype=np.int32)
    first = pad_to - len(kept) if pad_side == "pre" else 0
    padded[first : first + len(kept)] = kept
    return padded
