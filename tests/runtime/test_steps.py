"""The contract `edgernn-tokenizer/3`: its steps, its splits and its form in a manifest."""

from __future__ import annotations

import pytest

from edgernn_runtime.errors import BundleFormatError
from edgernn_runtime.steps import apply_steps
from edgernn_runtime.timing import cut_texts
from edgernn_runtime.tokenizer import STEPS, Tokenizer, TokenizerSpec, with_padding

SPEC = TokenizerSpec(
    rules="steps", steps=("lower", "br_to_space"), split="separators", separators=" ."
)
VOCABULARY = [b"", b"<OOV>", b"good", b"film", b"good film"]


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("lower", "ABZ ÉΣ", "abz ÉΣ"),
        ("unicode_lower", "ABZ ÉΟΔΟΣ", "abz éοδος"),
        ("br_to_space", "a<br />b<br/>", "a b<br/>"),
        ("html_to_space", "a<b\n>c<<d>e<f", "a c e<f"),
        ("strip_html", "a<b\n>c<<d>e<f", "ace<f"),
        ("strip_punctuation", "a!b~c`d…", "abcd…"),
        ("punctuation_to_space", "a!b~c`d…", "a b c d…"),
        ("strip_digits", "a0b9c٣", "abc٣"),
        ("digits_to_space", "a0b9c٣", "a b c٣"),
        ("letters_only", "aZ09é\n", "aZ    "),
        ("letters_digits_only", "aZ09é\n", "aZ09  "),
    ],
)
def test_a_step(step, text, expected):
    assert apply_steps(text, [step]) == expected


def test_steps_act_in_their_order():
    assert apply_steps("a<br />b", ["strip_punctuation", "br_to_space"]) == "abr b"
    assert apply_steps("a<br />b", ["br_to_space", "strip_punctuation"]) == "a b"


def test_tags_of_a_long_text_take_linear_time():
    text = "<" * 1_000_000
    assert apply_steps(text, ["strip_html", "html_to_space"]) == text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [2, 3, 1, 2]),
        ({"oov": None}, [2, 3, 2]),
        ({"oov": 3}, [2, 3, 3, 2]),
        ({"start": 1}, [1, 2, 3, 1, 2]),
        ({"oov": None, "max_length": 2, "truncate": "tail"}, [3, 2]),
        ({"start": 1, "max_length": 2, "truncate": "tail"}, [1, 2]),
        ({"start": 1, "max_length": 2}, [1, 2]),
        ({"start": 1, "max_length": 3, "truncate": "head+tail"}, [1, 2, 2]),
        ({"ngrams": (1, 2), "oov": None}, [2, 3, 2, 4]),
        ({"split": "none", "separators": ""}, [1]),
        ({"split": "character", "separators": "", "oov": None}, []),
    ],
)
def test_ids(changes, expected):
    tokenizer = Tokenizer(TokenizerSpec(**{**vars(SPEC), **changes}), VOCABULARY)
    text = "Good..film bad<br />GOOD"
    assert tokenizer.ids(text).tolist() == expected
    assert tokenizer.look_up(tokenizer.tokens(text)).tolist() == expected


def test_a_text_without_known_tokens_has_only_the_start_and_the_padding():
    vanishing = Tokenizer(TokenizerSpec(**{**vars(SPEC), "oov": None}), VOCABULARY)
    assert vanishing.tokens("bad") == []
    starting = Tokenizer(TokenizerSpec(**{**vars(SPEC), "oov": None, "start": 1}), VOCABULARY)
    assert starting.tokens("bad") == [b"<OOV>"]
    assert with_padding(starting.ids("bad"), 3, "pre").tolist() == [0, 0, 1]
    assert with_padding(starting.ids("good good"), 2, "pre").tolist() == [1, 2]


def test_an_invalid_byte_is_a_replacement_character():
    spec = TokenizerSpec(rules="steps", split="separators", separators="\ufffd")
    assert Tokenizer(spec, VOCABULARY).ids(b"good\xfffilm").tolist() == [2, 3]


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        TokenizerSpec(rules="steps", steps=STEPS, oov=None, start=4, truncate="tail", max_length=9),
        TokenizerSpec(rules="steps", split="character", oov=0, ngrams=(2,)),
        TokenizerSpec(truncate="tail", max_length=3),
    ],
)
def test_the_json_form_is_read_back(spec):
    assert TokenizerSpec.from_json(spec.to_json()) == spec


def test_the_order_of_separators_has_no_effect():
    assert TokenizerSpec(separators="b ab") == TokenizerSpec(separators=" ab")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", ["lower"] * 17),
        ("steps", ["upper"]),
        ("steps", [["lower"]]),
        ("steps", "lower"),
        ("split", "words"),
        ("split", "whitespace"),
        ("separators", ""),
        ("separators", None),
        ("separators", "aa"),
        ("separators", "\ud800"),
        ("separators", "".join(map(chr, range(32, 32 + 257)))),
        ("oov", -1),
        ("oov", True),
        ("oov", 1_000_000),
        ("start", 0),
        ("start", "1"),
    ],
)
def test_a_spec_outside_the_contract_is_refused(field, value):
    name = "separators" if value == "whitespace" else field
    with pytest.raises(BundleFormatError, match=f"tokenizer.{name}"):
        TokenizerSpec.from_json({**SPEC.to_json(), field: value})


@pytest.mark.parametrize(
    "field", ["steps", "split", "separators", "oov", "start", "ngrams", "max_length"]
)
def test_a_missing_field_is_refused(field):
    value = SPEC.to_json()
    del value[field]
    with pytest.raises(BundleFormatError, match=f"tokenizer.{field}"):
        TokenizerSpec.from_json(value)


def test_texts_of_a_length_are_cut_with_separators():
    spec = TokenizerSpec(rules="steps", split="separators", separators=".", start=1)
    texts = cut_texts(Tokenizer(spec, VOCABULARY), ["good.film", "x.good"], 3)
    assert texts == ("good.film.x",)


@pytest.mark.parametrize("field", ["oov", "start"])
def test_an_id_outside_the_vocabulary_is_refused(field):
    with pytest.raises(BundleFormatError, match=f"tokenizer.{field}"):
        Tokenizer(TokenizerSpec(**{**vars(SPEC), field: 5}), VOCABULARY)
