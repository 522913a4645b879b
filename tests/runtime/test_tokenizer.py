"""The tokenizer gives the ids of Keras's TextVectorization for every text."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn_runtime.errors import BundleFormatError, TextError
from edgernn_runtime.tokenizer import MAX_TEXT_BYTES, SPLIT, STANDARDIZE, Tokenizer, TokenizerSpec

VOCABULARY = [
    "a",
    "b",
    "ab",
    "film",
    "FILM",
    "don't",
    "dont",
    "br",
    "é",
    "É",
    "straße",
    "ß",
    "strasse",
    "ſ",
    "i",
    "İ",
    "ı",
    "東",
    "京",
    "東京",
    "ａ",
    "film\x85",
    "\xa0",
    "x\u2028y",
    "á",
    "👩\u200d💻",
    "!",
    ".",
    ",",
    "''",
    "unk",
    "1",
    "12",
] + ["a b", "b a", "a film", "\u001c", "a\u001cb"]


def _keras(spec: TokenizerSpec):
    return keras.layers.TextVectorization(
        standardize=None if spec.standardize == "none" else spec.standardize,
        split=None if spec.split == "none" else spec.split,
        ngrams=spec.ngrams or None,
        output_sequence_length=spec.max_length,
        vocabulary=VOCABULARY,
    )


SPECS = [
    *(TokenizerSpec(standardize=one, split=two) for one in STANDARDIZE for two in SPLIT),
    TokenizerSpec(ngrams=(1, 2)),
    TokenizerSpec(ngrams=(2,)),
    TokenizerSpec(ngrams=(2, 1, 3)),
    TokenizerSpec(max_length=3),
    TokenizerSpec(ngrams=(1, 2), max_length=4),
]
LAYERS = {spec: _keras(spec) for spec in SPECS}

ALPHABET = st.sampled_from(
    [*"abAB fil.m'!,<>\t\n\v\f\r\0éßİı東ａ\u0085\u00a0\u1680\u2028\u3000\u0301\u200d💻\x1c\ufeff"]
)
TEXTS = st.one_of(
    st.text(ALPHABET, max_size=30),
    st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join),
    st.text(max_size=20),
)


def keras_ids(spec: TokenizerSpec, text: bytes) -> list[int]:
    # Beside a long text, so that Keras pads this one: alone, it fails on an empty text.
    row = LAYERS[spec](tf.constant([[text], [b"a a a a"]])).numpy()[0]
    return np.trim_zeros(row, "b").tolist()


def our_ids(spec: TokenizerSpec, text: str | bytes) -> list[int]:
    vocabulary = [b"", b"[UNK]", *(token.encode() for token in VOCABULARY)]
    ids = Tokenizer(spec, vocabulary).ids(text)
    assert ids.dtype == np.int32
    return np.trim_zeros(ids, "b").tolist()


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=60)
@given(text=TEXTS)
def test_equal_to_keras_for_any_text(spec, text):
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = text.encode("utf-8", "replace")
        text = encoded.decode()
    assert our_ids(spec, text) == keras_ids(spec, encoded)
    assert our_ids(spec, encoded) == keras_ids(spec, encoded)


@pytest.mark.parametrize(
    "separator", ["\u00a0", "\u0085", "\u001c", "\u2028", "\u3000", "\u1680", "\ufeff", "\0"]
)
def test_only_ascii_white_space_separates(separator):
    assert len(our_ids(TokenizerSpec(), f"a{separator}b")) == 1
    assert our_ids(TokenizerSpec(), f"a{separator}b") == keras_ids(
        TokenizerSpec(), f"a{separator}b".encode()
    )


@pytest.mark.parametrize("separator", " \t\n\v\f\r")
def test_all_ascii_white_space_separates(separator):
    assert len(our_ids(TokenizerSpec(), f"a{separator}b")) == 2


def test_lower_casing_is_ascii_only():
    ids = our_ids(TokenizerSpec(), "É é FILM film")
    assert ids[0] != ids[1]
    assert ids[2] == ids[3]


def test_a_lone_surrogate_is_read_as_the_replacement_character():
    spec = TokenizerSpec(split="character")
    assert our_ids(spec, "a\ud800b") == our_ids(spec, "a\ufffdb")


def test_a_longer_text_keeps_its_head():
    assert our_ids(TokenizerSpec(max_length=3), "a b a b a b") == our_ids(TokenizerSpec(), "a b a")


@pytest.mark.parametrize(
    ("length", "kept"),
    [(1, "a"), (2, "af"), (3, "abf"), (4, "abef"), (5, "abcef"), (6, "abcdef"), (7, "abcdef")],
)
def test_both_ends_of_a_longer_text_are_kept(length, kept):
    spec = TokenizerSpec(split="character", max_length=length, truncate="head+tail")
    tokens = Tokenizer(spec, [b"", b"[UNK]"]).tokens("abcdef")
    assert b"".join(tokens).decode() == kept


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        (TokenizerSpec(), "a film", True),
        (TokenizerSpec(), "another Film", True),
        (TokenizerSpec(), "another", False),
        (TokenizerSpec(), "", False),
        (TokenizerSpec(rules="steps", oov=None), "another", False),
        (TokenizerSpec(rules="steps", oov=3), "film b", True),
        (TokenizerSpec(rules="steps", oov=3, start=2), "b another", False),
    ],
)
def test_a_text_has_a_known_token_or_none(spec, text, expected):
    tokenizer = Tokenizer(spec, [b"", b"[UNK]", b"a", b"b", b"film"])
    assert tokenizer.has_known_token(text) is expected


@pytest.mark.parametrize("text", [None, 3, ["a"], 1.5])
def test_a_text_of_another_type_is_refused(text):
    with pytest.raises(TextError, match="the text is not a string"):
        Tokenizer(TokenizerSpec(), [b"", b"[UNK]"]).ids(text)


def test_the_longest_text_is_read_and_a_longer_one_is_refused():
    tokenizer = Tokenizer(TokenizerSpec(), [b"", b"[UNK]"])
    assert len(tokenizer.ids(b"a" * MAX_TEXT_BYTES)) == 1
    with pytest.raises(TextError, match="1,048,577 bytes"):
        tokenizer.ids(b"a" * (MAX_TEXT_BYTES + 1))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_spec_survives_json(spec):
    assert TokenizerSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contract", "edgernn-tokenizer/4"),
        ("standardize", "upper"),
        ("split", "words"),
        ("truncate", "middle"),
        ("ngrams", [0]),
        ("ngrams", "2"),
        ("max_length", 0),
        ("max_length", True),
        ("max_length", "10"),
    ],
)
def test_a_spec_outside_the_contract_is_refused(field, value):
    with pytest.raises(BundleFormatError, match=f"tokenizer.{field}"):
        TokenizerSpec.from_json({**TokenizerSpec().to_json(), field: value})


def test_a_spec_that_is_not_an_object_is_refused():
    with pytest.raises(BundleFormatError, match="not a JSON object"):
        TokenizerSpec.from_json([])
