"""The rules of a tokenizer as data, and their form in a manifest; `docs/tokenizer.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from edgernn_runtime.errors import BundleFormatError

PAD_ID = 0
OUT_OF_VOCABULARY_ID = 1
#: The longest text that a limit can name, in ids, and the most widths of n-grams.
MAX_LENGTH, MAX_NGRAMS = 2**31 - 1, 64
#: The most steps, code points that separate tokens, and ids.
MAX_STEPS, MAX_SEPARATORS, MAX_IDS = 16, 256, 1_000_000

Standardize = Literal["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]
Split = Literal["whitespace", "character", "none", "separators"]
Truncate = Literal["head", "head+tail", "tail"]
Rules = Literal["keras", "unicode", "steps"]
Step = Literal[
    "lower",
    "unicode_lower",
    "br_to_space",
    "html_to_space",
    "strip_html",
    "strip_punctuation",
    "punctuation_to_space",
    "strip_digits",
    "digits_to_space",
    "letters_only",
    "letters_digits_only",
]

STANDARDIZE: tuple[Standardize, ...] = get_args(Standardize)
#: The splits of the rules `keras`; the rules `steps` also have `separators`.
SPLIT: tuple[Split, ...] = ("whitespace", "character", "none")
STEPS: tuple[Step, ...] = get_args(Step)
#: What training offers.
TRUNCATE: tuple[Truncate, ...] = ("head", "head+tail")

_CONTRACTS: dict[Rules, str] = {
    "keras": "edgernn-tokenizer/1",
    "unicode": "edgernn-tokenizer/2",
    "steps": "edgernn-tokenizer/3",
}


@dataclass(frozen=True)
class TokenizerSpec:
    """The rules of a tokenizer, without its vocabulary.

    Attributes:
        standardize: how the text is normalized first; used by the rules `keras` only.
        split: how the text is split into tokens; used by the rules `keras` and `steps`. Only
            `steps` have `separators`, where empty tokens vanish.
        ngrams: widths of the n-grams, in the order in which they are emitted; () for no n-grams.
        max_length: the maximum number of ids of a text, or None for no limit.
        truncate: the ids that remain of a longer text: `head` keeps the first `max_length`, `tail`
            the last ones, `head+tail` the first and the last half of them, the first half being the
            larger one.
        rules: `keras` for the rules of Keras's TextVectorization, `unicode` for case folding and
            word boundaries beyond ASCII, `steps` for a list of steps.
        steps: what happens to the text before it is split, in order, at most 16; this and the
            following attributes are used by the rules `steps` only.
        separators: the code points that separate tokens, with the split `separators`; they are
            sorted, each once.
        oov: the id of a token that is OOV, or None where such tokens vanish.
        start: the id in front of every text, or None.
    """

    standardize: Standardize = "lower_and_strip_punctuation"
    split: Split = "whitespace"
    ngrams: tuple[int, ...] = ()
    max_length: int | None = None
    truncate: Truncate = "head"
    rules: Rules = "keras"
    steps: tuple[Step, ...] = ()
    separators: str = ""
    oov: int | None = OUT_OF_VOCABULARY_ID
    start: int | None = None

    def __post_init__(self) -> None:
        """Sort the separators, whose order has no effect."""
        object.__setattr__(self, "separators", "".join(sorted(set(self.separators))))

    def to_json(self) -> dict[str, Any]:
        """Return the spec as it is written in the manifest, with the contract's name."""
        options: dict[str, Any] = {}
        if self.rules == "keras":
            options = {"standardize": self.standardize, "split": self.split}
        elif self.rules == "steps":
            options = {
                "steps": list(self.steps),
                "split": self.split,
                "separators": self.separators,
                "oov": self.oov,
                "start": self.start,
            }
        return {
            "contract": _CONTRACTS[self.rules],
            **options,
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
        rules = next(name for name in _CONTRACTS if _CONTRACTS[name] == value["contract"])
        _require_one_of("truncate", value.get("truncate"), get_args(Truncate))
        ngrams = _widths(value.get("ngrams"))
        max_length = value.get("max_length", "a missing field")
        if max_length is not None and not _is_integer(max_length, 1, MAX_LENGTH):
            raise _outside("max_length", "null or an integer of at least 1", max_length)
        others = {"ngrams": ngrams, "max_length": max_length, "truncate": value["truncate"]}
        if rules == "steps":
            return cls(**others, **_step_options(value), rules=rules)
        if rules == "unicode":
            return cls(**others, rules=rules)
        _require_one_of("standardize", value.get("standardize"), STANDARDIZE)
        _require_one_of("split", value.get("split"), SPLIT)
        return cls(standardize=value["standardize"], split=value["split"], **others)


def check_ids(spec: TokenizerSpec, tokens: int) -> None:
    """Check that the OOV id and the start id are in the vocabulary.

    Args:
        spec: the rules.
        tokens: V, the size of the vocabulary.

    Raises:
        BundleFormatError: one of them is not below V.
    """
    for name, found in (("oov", spec.oov), ("start", spec.start)):
        if spec.rules == "steps" and found is not None and found >= tokens:
            raise _outside(name, f"an id below {tokens:,}", found, "MALFORMED_VOCABULARY")


def _step_options(value: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that only the rules `steps` have, checked."""
    steps, separators = value.get("steps"), value.get("separators")
    if not isinstance(steps, list) or len(steps) > MAX_STEPS:
        raise _outside("steps", f"a list of at most {MAX_STEPS} steps", steps)
    for step in steps:
        _require_one_of("steps", step, STEPS)
    _require_one_of("split", value.get("split"), get_args(Split))
    most = MAX_SEPARATORS if value["split"] == "separators" else 0
    if not isinstance(separators, str) or not min(most, 1) <= len(separators) <= most:
        expected = "1 to 256 code points with the split separators, else an empty string"
        raise _outside("separators", expected, separators)
    if len(set(separators)) < len(separators) or any("\ud800" <= c <= "\udfff" for c in separators):
        raise _outside("separators", "code points of UTF-8, each once", separators)
    for name, least in (("oov", 0), ("start", 1)):
        found = value.get(name, "a missing field")
        if found is not None and not _is_integer(found, least, MAX_IDS - 1):
            raise _outside(name, f"null or an id of at least {least}", found)
    names = ("split", "separators", "oov", "start")
    return {"steps": tuple(steps), **{name: value[name] for name in names}}


def _require_one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _outside(name, " | ".join(allowed), value)


def _widths(value: object) -> tuple[int, ...]:
    """Return the widths of n-grams in a manifest."""
    is_list = isinstance(value, list) and len(value) <= MAX_NGRAMS
    if isinstance(value, list) and is_list and all(_is_integer(n, 1, MAX_LENGTH) for n in value):
        return tuple(value)
    raise _outside("ngrams", f"a list of at most {MAX_NGRAMS} integers of at least 1", value)


def _is_integer(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _outside(
    name: str, expected: str, found: object, status: str | None = None
) -> BundleFormatError:
    return BundleFormatError(
        f"tokenizer.{name} is outside the contract",
        expected=expected,
        found=repr(found)[:200],
        status=status,
    )
