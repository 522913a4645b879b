"""The tokenizer: text to token ids.

`docs/tokenizer.md` specifies two contracts. `edgernn-tokenizer/1` gives the ids of Keras's
TextVectorization. Like TensorFlow's string kernels it works on UTF-8 bytes: lower-casing,
punctuation and white space are ASCII only. `edgernn-tokenizer/2` has Unicode rules, for languages
other than English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from edgernn_runtime.errors import BundleFormatError, TextError
from edgernn_runtime.unicode_rules import unicode_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAD_ID = 0
OUT_OF_VOCABULARY_ID = 1
MAX_TEXT_BYTES = 1 << 20
#: The longest text that a limit can name, in ids, and the most widths of n-grams.
MAX_LENGTH, MAX_NGRAMS = 2**31 - 1, 64
#: The longest padding. The model runs a text of one word for as many steps, so that this bounds the
#: time that a file can ask for.
MAX_PADDING = 1 << 16

Standardize = Literal["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]
Split = Literal["whitespace", "character", "none"]
Truncate = Literal["head", "head+tail"]
Rules = Literal["keras", "unicode"]

STANDARDIZE: tuple[Standardize, ...] = (
    "lower_and_strip_punctuation",
    "lower",
    "strip_punctuation",
    "none",
)
SPLIT: tuple[Split, ...] = ("whitespace", "character", "none")
TRUNCATE: tuple[Truncate, ...] = ("head", "head+tail")
RULES: tuple[Rules, ...] = ("keras", "unicode")

_CONTRACTS: dict[Rules, str] = {"keras": "edgernn-tokenizer/1", "unicode": "edgernn-tokenizer/2"}

_PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"


@dataclass(frozen=True)
class TokenizerSpec:
    """The rules of a tokenizer, without its vocabulary.

    Attributes:
        standardize: how the text is normalized first; used by the rules `keras` only.
        split: how the text is split into tokens; used by the rules `keras` only.
        ngrams: widths of the n-grams, in the order in which they are emitted; () for no n-grams.
        max_length: the maximum number of ids of a text, or None for no limit.
        truncate: the ids that remain of a longer text: `head` keeps the first `max_length`,
            `head+tail` the first and the last half of them, the first half being the larger one.
        rules: `keras` for the rules of Keras's TextVectorization, `unicode` for case folding and
            word boundaries beyond ASCII.
    """

    standardize: Standardize = "lower_and_strip_punctuation"
    split: Split = "whitespace"
    ngrams: tuple[int, ...] = ()
    max_length: int | None = None
    truncate: Truncate = "head"
    rules: Rules = "keras"

    def to_json(self) -> dict[str, Any]:
        """Return the spec as it is written in the manifest, with the contract's name."""
        has_options = self.rules == "keras"
        return {
            "contract": _CONTRACTS[self.rules],
            **({"standardize": self.standardize, "split": self.split} if has_options else {}),
            "ngrams": list(self.ngrams),
            "max_length": self.max_length,
            "truncate": self.truncate,
        }

    @classmethod
    def from_json(cls, value: object) -> TokenizerSpec:
        """Return the spec that `to_json` wrote.

        Raises:
            BundleFormatError: a field is missing, of the wrong type or outside the contract.
        """
        if not isinstance(value, dict):
            raise BundleFormatError(
                "the tokenizer is not a JSON object", expected="a JSON object", found=repr(value)
            )
        _require_one_of("contract", value.get("contract"), tuple(_CONTRACTS.values()))
        rules = next(name for name in RULES if _CONTRACTS[name] == value["contract"])
        if rules == "keras":
            _require_one_of("standardize", value.get("standardize"), STANDARDIZE)
            _require_one_of("split", value.get("split"), SPLIT)
        _require_one_of("truncate", value.get("truncate"), TRUNCATE)
        ngrams, max_length = _widths(value.get("ngrams")), value.get("max_length")
        if max_length is not None and not _is_positive(max_length):
            raise BundleFormatError(
                "tokenizer.max_length is not a length",
                expected="null or an integer of at least 1",
                found=repr(max_length),
            )
        others = {"ngrams": ngrams, "max_length": max_length, "truncate": value["truncate"]}
        if rules == "unicode":
            return cls(**others, rules=rules)
        return cls(standardize=value["standardize"], split=value["split"], **others)


class Tokenizer:
    """A tokenizer: text to ids. It is immutable, so threads may share it."""

    def __init__(self, spec: TokenizerSpec, vocabulary: Sequence[bytes]) -> None:
        """Build the look-up table.

        Args:
            spec: the rules.
            vocabulary: V tokens of UTF-8, the index being the id. 0 is the padding, 1 is OOV (out
                of vocabulary); neither is found by its spelling.
        """
        self.spec = spec
        self.vocabulary = tuple(vocabulary)
        self._id_of = {token: i for i, token in enumerate(self.vocabulary) if i > 1}
        self._id_of[b""] = PAD_ID

    def tokens(self, text: str | bytes) -> list[bytes]:
        """Return the tokens of a text, truncated to `max_length`.

        Args:
            text: str, or bytes of UTF-8.

        Returns:
            T tokens of UTF-8, OOV tokens included.

        Raises:
            TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
        """
        encoded = encode_text(text)
        if self.spec.rules == "unicode":
            pieces = unicode_tokens(encoded)
        else:
            pieces = _split(_standardize(encoded, self.spec.standardize), self.spec.split)
        if self.spec.ngrams:
            pieces = _ngrams(pieces, self.spec.ngrams)
        return _truncated(pieces, self.spec.max_length, self.spec.truncate)

    def ids(self, text: str | bytes) -> NDArray[np.int32]:
        """Return the ids of a text without padding: int32 [T], T from 0 to `max_length`.

        Args:
            text: str, or bytes of UTF-8.

        Raises:
            TextError: the text is neither str nor bytes, or is over `MAX_TEXT_BYTES` of UTF-8.
        """
        return self.look_up(self.tokens(text))

    def look_up(self, tokens: Sequence[bytes]) -> NDArray[np.int32]:
        """Return the ids of T tokens of UTF-8: int32 [T]; 1 for a token that is OOV."""
        import numpy as np

        id_of = self._id_of
        found = [id_of.get(token, OUT_OF_VOCABULARY_ID) for token in tokens]
        return np.asarray(found, dtype=np.int32)


def _require_one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BundleFormatError(
            f"tokenizer.{name} is outside the contract",
            expected=" | ".join(allowed),
            found=repr(value),
        )


def _widths(value: object) -> tuple[int, ...]:
    """Return the widths of n-grams in a manifest."""
    if isinstance(value, list) and len(value) <= MAX_NGRAMS and all(map(_is_positive, value)):
        return tuple(value)
    raise BundleFormatError(
        "tokenizer.ngrams is not a list of widths",
        expected=f"a list of at most {MAX_NGRAMS} integers of at least 1",
        found=repr(value)[:200],
    )


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_LENGTH


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


def _truncated(tokens: list[bytes], length: int | None, truncate: Truncate) -> list[bytes]:
    if length is None or len(tokens) <= length:
        return tokens
    if truncate == "head":
        return tokens[:length]
    tail = length // 2
    return tokens[: length - tail] + tokens[len(tokens) - tail :]


def _ngrams(tokens: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    return [
        b" ".join(tokens[start : start + width])
        for width in widths
        for start in range(len(tokens) - width + 1)
    ]


def with_padding(ids: NDArray[np.int32], pad_to: int | None) -> NDArray[np.int32]:
    """Return the ids of a text with the padding that a model expects, int32 [L].

    Args:
        ids: int32 [T].
        pad_to: L, to which ids are truncated or padded with `PAD_ID`; None for no padding, where
            every `PAD_ID` is removed.
    """
    import numpy as np

    if pad_to is None:
        # Keras masks the padding at every position; removing it gives the same output.
        return np.asarray(ids[ids != PAD_ID], dtype=np.int32)
    padded = np.full(pad_to, PAD_ID, dtype=np.int32)
    padded[: min(len(ids), pad_to)] = ids[:pad_to]
    return padded
