"""The rules `steps` give the recorded ids of Keras, in Python and in C; and each rule matters."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgernn_runtime import steps as module
from edgernn_runtime.tokenizer import STEPS, Tokenizer, TokenizerSpec, with_padding
from tests.runtime.test_native_c import ids_in_c, tokenize

__all__ = ["tokenize"]
KINDS = {"keras_tokenizer": 487, "keras_datasets": 361, "standardize": 481}
CASES, VOCABULARY = {}, {}
for _kind in KINDS:
    _path = Path(__file__).parent / "vectors" / f"{_kind}.jsonl"
    _first, *_lines = _path.read_text().splitlines()
    VOCABULARY[_kind] = [token.encode() for token in json.loads(_first)["vocabulary"]]
    CASES[_kind] = [json.loads(line) for line in _lines]


def padded_ids(case, tokenizer):
    """Return the ids of a case as its vector has them."""
    ids = tokenizer.ids(base64.b64decode(case["text"]))
    if "padding" in case:
        return with_padding(ids, *case["padding"]).tolist()
    return np.trim_zeros(ids, "b").tolist()


def failures(kind):
    """Return the cases of a kind that the tokenizer gets wrong."""
    wrong = []
    for case in CASES[kind]:
        spec = TokenizerSpec.from_json(case["spec"])
        if padded_ids(case, Tokenizer(spec, VOCABULARY[kind][: case.get("tokens")])) != case["ids"]:
            wrong.append(case)
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_the_ids_are_those_of_keras(kind):
    assert len(CASES[kind]) == KINDS[kind] - 1 >= 300
    assert failures(kind) == []


@pytest.mark.parametrize("step", STEPS)
def test_each_step_matters(step, monkeypatch):
    monkeypatch.setitem(module._CHANGES, step, lambda text: text)
    assert len(failures("standardize")) >= 5


def test_another_lower_case_is_noticed(monkeypatch):
    monkeypatch.setitem(module._CHANGES, "unicode_lower", lambda text: text.casefold())
    assert len(failures("keras_tokenizer")) >= 5
    sigmas = str.maketrans("ς", "σ")
    monkeypatch.setitem(module._CHANGES, "unicode_lower", lambda s: s.lower().translate(sigmas))
    assert len(failures("keras_tokenizer")) >= 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_ids_in_c_are_those_of_keras(kind, tokenize, tmp_path):
    groups = {}
    for case in CASES[kind]:
        key = json.dumps([case["spec"], case.get("tokens"), case.get("padding")])
        groups.setdefault(key, []).append(case)
    for key, cases in groups.items():
        spec, tokens, padding = json.loads(key)
        texts = [base64.b64decode(case["text"]) for case in cases]
        spec = TokenizerSpec.from_json(spec)
        found = ids_in_c(tokenize, tmp_path, spec, VOCABULARY[kind][:tokens], texts, *padding or ())
        for case, ids in zip(cases, found, strict=True):
            # Without padding, ids contain no 0.
            assert ids == (case["ids"] if padding else [i for i in case["ids"] if i]), case


SPLITS = ["whitespace", "character", "none", "separators"]
TEXTS = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
        st.text("aAbB1 <>/br.!'ΣσİȺé\u0301\u00ad\u2028文𐐀\t\0", max_size=40).map(str.encode),
        st.lists(st.sampled_from([b"<br />", b"Ab", b" ", b"\xff", b"<", b"1"])).map(b"".join),
    ),
    min_size=1,
    max_size=20,
)


@given(
    TEXTS,
    st.lists(st.sampled_from(STEPS), max_size=5),
    st.sampled_from(SPLITS),
    st.text("a. \n\0é文𐐀\ufffd", min_size=1, max_size=6),
    st.sampled_from([None, 0, 1, 3]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([(), (1, 2), (2,), (3, 1)]),
    st.sampled_from([(None, "head"), (1, "tail"), (3, "head"), (4, "head+tail"), (5, "tail")]),
    st.sampled_from([(None, "post"), (4, "post"), (4, "pre"), (9, "pre")]),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_steps_in_c_are_those_in_python(
    tokenize,
    tmp_path,
    texts,
    steps,
    split,
    separators,
    oov,
    start,
    ngrams,
    limit,
    padding,
):
    spec = TokenizerSpec(
        rules="steps", steps=tuple(steps), split=split, oov=oov, start=start, ngrams=ngrams,
        separators=separators if split == "separators" else "",
        max_length=limit[0], truncate=limit[1],
    )  # fmt: skip
    whole = TokenizerSpec(**{**vars(spec), "oov": 1, "start": None, "max_length": None})
    pieces = Tokenizer(whole, [b"", b"x"]).tokens(b" ".join(texts))
    # Every other token is in the vocabulary, so that each is seen in whole.
    others = [piece for piece in dict.fromkeys(pieces) if piece not in (b"", b"x", b"y", b"z")]
    vocabulary = [
        b"",
        b"x",
        b"y",
        b"z",
        *(piece.decode("utf-8", "ignore").encode() for piece in others[::2]),
    ]
    vocabulary = list(dict.fromkeys(vocabulary))
    python = Tokenizer(spec, vocabulary)
    expected = [with_padding(python.ids(text), *padding).tolist() for text in texts]
    assert ids_in_c(tokenize, tmp_path, spec, vocabulary, texts, *padding) == expected


@pytest.mark.parametrize(
    "character", [b"\xff", "İ".encode(), "Ⱥ".encode(), b"a ", b"<", "Σ".encode()]
)
@pytest.mark.parametrize("split", SPLITS)
def test_the_longest_texts_have_room(tokenize, tmp_path, character, split):
    """The sanitizers watch the scratch. An invalid byte becomes three bytes; İ and Ⱥ grow too."""
    texts = [character * n for n in (1, 2, 63, 64, 999)]
    texts += [b"\xff" * 500 + character * 500, character * 500 + b"\xff" * 500]
    steps = ("unicode_lower", "strip_html", "unicode_lower")
    separators = " " if split == "separators" else ""
    spec = TokenizerSpec(rules="steps", steps=steps, split=split, separators=separators)
    found = Tokenizer(spec, [b"", b"x"])
    pieces = dict.fromkeys(piece for text in texts for piece in found.tokens(text))
    vocabulary = [b"", b"x", *(piece for piece in pieces if piece)]
    python = Tokenizer(spec, vocabulary)
    expected = [python.ids(text).tolist() for text in texts]
    bare = [[i for i in ids if i] for ids in expected]
    assert ids_in_c(tokenize, tmp_path, spec, vocabulary, texts) == bare
