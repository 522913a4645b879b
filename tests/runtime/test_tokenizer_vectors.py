"""The tokenizer gives the recorded ids of the Keras layer, and each rule matters."""

from __future__ import annotations

import base64
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from edgernn_runtime import tokenizer as module
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

_LINES = (Path(__file__).parent / "vectors" / "tokenizer.jsonl").read_text().splitlines()
VOCABULARY = [token.encode() for token in json.loads(_LINES[0])["vocabulary"]]
CASES = [json.loads(line) for line in _LINES[1:]]
GROUPS = sorted({case["group"] for case in CASES})


def failures(group):
    """Return the cases of a group that the tokenizer gets wrong."""
    wrong = []
    for case in CASES:
        if case["group"] == group:
            spec = TokenizerSpec.from_json(case["spec"])
            ids = Tokenizer(spec, VOCABULARY).ids(base64.b64decode(case["text"]))
            if np.trim_zeros(ids, "b").tolist() != case["ids"]:
                wrong.append(case)
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_the_ids_are_those_of_keras(group):
    assert failures(group) == []


def test_there_are_enough_cases():
    assert len(CASES) >= 1000
    assert sum(case["group"] in ("hostile", "character") for case in CASES) >= 200


def _unicode_split(text, split):
    if split == "whitespace":
        return [word.encode() for word in text.decode("utf-8", "replace").split()]
    return _SPLIT(text, split)


def _unicode_lower(text, standardize):
    if standardize.startswith("lower"):
        text = text.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")
    return _STANDARDIZE(text, standardize)


def _normalized(text):
    text = _UTF8(text).decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogateescape")


def _bytes_for_characters(text, split):
    if split == "character":
        return [bytes([byte]) for byte in text]
    return _SPLIT(text, split)


def _stripped_whole(text, split):
    return [text.strip().lower()] if split == "none" else _SPLIT(text, split)


def _interleaved_ngrams(tokens, widths):
    starts = range(len(tokens))
    found = [tokens[i : i + width] for i in starts for width in widths if i + width <= len(tokens)]
    return [b" ".join(words) for words in found]


def _tail(self, text):
    spec = self.spec
    pieces = _SPLIT(_STANDARDIZE(_UTF8(text), spec.standardize), spec.split)
    return pieces[-spec.max_length :] if spec.max_length else pieces


_SPLIT, _STANDARDIZE, _UTF8 = module._split, module._standardize, module.encode_text

#: A broken rule and the group that must notice.
MUTANTS = [
    ("whitespace", "_split", _unicode_split),
    ("hostile", "_split", _unicode_split),
    ("case", "_standardize", _unicode_lower),
    ("hostile", "_standardize", _unicode_lower),
    ("hostile", "encode_text", _normalized),
    ("character", "_split", _bytes_for_characters),
    ("split_none", "_split", _stripped_whole),
    ("ngrams", "_ngrams", _interleaved_ngrams),
    *(
        ("punctuation", "_PUNCTUATION", module._PUNCTUATION.replace(bytes([mark]), b""))
        for mark in module._PUNCTUATION
    ),
]


@pytest.mark.parametrize(
    ("group", "name", "mutant"),
    MUTANTS,
    ids=[f"{g}-{n}-{i}" for i, (g, n, _) in enumerate(MUTANTS)],
)
def test_a_broken_rule_is_noticed(group, name, mutant, monkeypatch):
    monkeypatch.setattr(module, name, mutant)
    assert failures(group)


def test_a_kept_tail_is_noticed(monkeypatch):
    monkeypatch.setattr(Tokenizer, "tokens", _tail)
    assert failures("max_length")
