"""Write the vectors of the rules `steps`: texts with the ids that Keras itself gives them.

python -m tests.runtime.vectors.make_steps

`keras_tokenizer.jsonl` has those of Tokenizer, `keras_datasets.jsonl` those of its word splitter with
the numbers of `keras.datasets`, `standardize.jsonl` those of TextVectorization with a function. Lines
are those of `tokenizer.jsonl`, and may have two fields more: how many tokens of the vocabulary there
are, and the padding, which the ids then contain.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing import text as legacy
from keras.utils import pad_sequences

from edgernn_runtime.tokenizer import STEPS, TokenizerSpec

HERE = Path(__file__).parent
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
#: Words in every state of case and punctuation, so that each step decides which one is found.
_WORDS = """
good film bad plot the a br not don't dont n't 10 1 3d FILM Film Good GOOD it's its İ i̇ i ı é É é
straße ẞ ß ς σ Σ οδος οδοσ ΟΔΟΣ όσος σας привет Привет ＦＩＬＭ ｆｉｌｍ 映画 映 画 𐐀 𐐨 ⱥ Ⱥ ' - .
goodfilm film10 x-ray xray film. <br /> b i / > o a b c e f g l m film12 badfilm 3
"""
WORDS = list(dict.fromkeys([*_WORDS.split(), " ", "good film", "film bad", "g o"]))
PIECES = [
    *WORDS, "<br />", "<br/>", "<BR />", "<b class='x'>", "</b>", "<", ">", "<<a>", "ΟΔΌΣ", "ΣΑΣ", "Σ'",
    "ΑΣ.", "ΑΣΑ", "aΣ\u0301", "\u00adΣ", "aΣ\u00ad", "\n", "\t", "\r", "\u00a0", "\u2028", "\u0085", "…", "’",
    "«film»", "!", "...", "?!", "12", "3", "٣", "zzz", "unknown", "\ufffd", "\0", "😀", "\u200b", "~", "`", "^",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A vector without its ids."""

    group: str
    spec: TokenizerSpec
    text: str
    tokens: int
    pad_to: int | None = None
    pad_side: str = "post"


def texts(draw: random.Random, most: int = 14) -> str:
    pieces = draw.choices(PIECES, k=draw.randint(0, most))
    return "".join(piece + draw.choice([" ", " ", " ", "", "  "]) for piece in pieces)


TOKENIZER = TokenizerSpec(
    rules="steps", steps=("unicode_lower",), split="separators", separators=FILTERS + " ", oov=None
)
_TOKENIZER_VOCABULARY = ["", "<OOV>", *WORDS]


def tokenizer_cases() -> Iterator[Case]:
    draw = random.Random(15)
    everything = len(_TOKENIZER_VOCABULARY)
    for _ in range(60):
        yield Case("default", TOKENIZER, texts(draw), everything)
        yield Case("oov", replace(TOKENIZER, oov=1), texts(draw), everything)
        yield Case("lower", replace(TOKENIZER, steps=()), texts(draw), everything)
        separators = draw.choice([" ", "-", ".,", "ao", "Σ", "é ", "\u00a0\n"])
        yield Case("filters", replace(TOKENIZER, separators=separators), texts(draw), everything)
        oov = draw.choice([None, 1])
        yield Case("num_words", replace(TOKENIZER, oov=oov), texts(draw), draw.randint(2, 30))
        steps = draw.choice([(), ("unicode_lower",)])
        characters = replace(TOKENIZER, steps=steps, split="character", separators="", oov=oov)
        yield Case("char_level", characters, texts(draw, 6), everything)
        sigma = "".join(draw.choices("ΣΣΟοΑa' .-\u0301\u00adİıʰ", k=draw.randint(1, 12)))
        yield Case("sigma", replace(characters, steps=("unicode_lower",)), sigma, everything)
        length = draw.randint(1, 12)
        truncate, side = draw.choice(["head", "tail"]), draw.choice(["post", "pre"])
        spec = replace(TOKENIZER, oov=oov, max_length=length, truncate=truncate)
        yield Case("padding", spec, texts(draw, 20), everything, length, side)
    for _ in range(6):
        spec = replace(TOKENIZER, max_length=50, truncate=draw.choice(["head", "tail"]))
        yield Case("long", spec, texts(draw, 1500), everything, 50, "pre")


def padded(case: Case, ids: list[int]) -> list[int]:
    """Return the ids after pad_sequences, or all of them without a length."""
    length = case.spec.max_length
    truncating = "pre" if case.spec.truncate == "tail" else "post"
    if length is None:
        return ids
    row = pad_sequences([ids], length, padding=case.pad_side, truncating=truncating)[0].tolist()
    return row if case.pad_to else [i for i in row if i]


def tokenizer_ids(cases: list[Case]) -> list[list[int]]:
    found = []
    for case in cases:
        spec = case.spec
        tokenizer = legacy.Tokenizer(
            num_words=case.tokens if case.tokens < len(_TOKENIZER_VOCABULARY) else None,
            filters=spec.separators[:-1],
            split=spec.separators[-1:] or " ",
            lower=bool(spec.steps),
            char_level=spec.split == "character",
            oov_token=None if spec.oov is None else "<OOV>",
        )
        tokenizer.word_index = {word: i for i, word in enumerate(_TOKENIZER_VOCABULARY) if i}
        found.append(padded(case, tokenizer.texts_to_sequences([case.text])[0]))
    return found


_DATASETS_VOCABULARY = ["", "<START>", "<OOV>", "<UNUSED>", *WORDS]
DATASETS = replace(TOKENIZER, oov=2, start=1)


def datasets_cases() -> Iterator[Case]:
    draw = random.Random(16)
    everything = len(_DATASETS_VOCABULARY)
    for _ in range(60):
        yield Case("start", DATASETS, texts(draw), everything)
        yield Case("num_words", DATASETS, texts(draw), draw.randint(5, 30))
        yield Case("without_start", replace(DATASETS, start=None), texts(draw), everything)
        yield Case("without_oov", replace(DATASETS, oov=None), texts(draw), everything)
        length = draw.randint(1, 12)
        truncate, side = draw.choice(["head", "tail"]), draw.choice(["post", "pre"])
        spec = replace(DATASETS, max_length=length, truncate=truncate)
        yield Case("padding", spec, texts(draw, 20), everything, length, side)
        yield Case("truncation", spec, texts(draw, 20), everything)


def datasets_ids(cases: list[Case]) -> list[list[int]]:
    """Return the ids as `imdb.load_data` makes them from the ranks of its words."""
    found = []
    rank = {word: i + 1 for i, word in enumerate(WORDS)}
    for case in cases:
        words = legacy.text_to_word_sequence(case.text, filters=FILTERS)
        ids = [] if case.spec.start is None else [case.spec.start]
        ids += [rank[word] + 3 if word in rank else case.tokens for word in words]
        if case.spec.oov is None:
            ids = [i for i in ids if i < case.tokens]
        else:
            ids = [i if i < case.tokens else case.spec.oov for i in ids]
        found.append(padded(case, ids))
    return found


def _replaced(pattern: str, by: str):
    return lambda text: tf.strings.regex_replace(text, pattern, by)


_PUNCTUATION = f"[{re.escape(string.punctuation)}]"
OPERATIONS = {
    "lower": tf.strings.lower,
    "unicode_lower": lambda text: tf.strings.lower(text, encoding="utf-8"),
    "br_to_space": _replaced("<br />", " "),
    "html_to_space": _replaced("<[^>]*>", " "),
    "strip_html": _replaced("<[^>]*>", ""),
    "strip_punctuation": _replaced(_PUNCTUATION, ""),
    "punctuation_to_space": _replaced(_PUNCTUATION, " "),
    "strip_digits": _replaced("[0-9]", ""),
    "digits_to_space": _replaced("[0-9]", " "),
    "letters_only": _replaced("[^a-zA-Z]", " "),
    "letters_digits_only": _replaced("[^a-zA-Z0-9]", " "),
}
_VECTORIZATION_VOCABULARY = ["", "[UNK]", *WORDS]


def standardize_cases() -> Iterator[Case]:
    draw = random.Random(17)
    for i in range(80):
        tutorial = ("lower", "br_to_space", "strip_punctuation")
        yield _vectorized("tutorial", tutorial, texts(draw))
        yield _vectorized("one_step", (STEPS[i % len(STEPS)],), texts(draw))
        steps = tuple(draw.choices(STEPS, k=2 + i % 2))
        yield _vectorized("order", steps, texts(draw))
        length = draw.randint(1, 8)
        yield _vectorized("max_length", steps, texts(draw), max_length=length)
        split = draw.choice(["character", "none"])
        yield _vectorized(split, steps, texts(draw, 3), split=split)
        yield _vectorized("ngrams", steps, texts(draw), ngrams=draw.choice([(1, 2), (2,), (2, 1)]))


def _vectorized(group: str, steps: tuple[str, ...], text: str, **options) -> Case:
    spec = TokenizerSpec(**{"rules": "steps", "steps": steps, "split": "whitespace", **options})
    if "unicode_lower" in steps:
        # TensorFlow's operation for it stops at a NUL.
        text = text.replace("\0", "")
    return Case(group, spec, text, len(_VECTORIZATION_VOCABULARY))


def standardize_ids(cases: list[Case]) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    by_spec: dict[TokenizerSpec, list[int]] = {}
    for i, case in enumerate(cases):
        by_spec.setdefault(case.spec, []).append(i)
    for spec, numbers in by_spec.items():
        # Beside another text: Keras fails on an empty one alone.
        given = tf.constant([[cases[i].text] for i in numbers] + [["a a a"]])
        rows = vectorization(spec)(given).numpy()
        found.update(
            (i, np.trim_zeros(row, "b").tolist()) for i, row in zip(numbers, rows, strict=False)
        )
    return [found[i] for i in range(len(cases))]


def vectorization(spec: TokenizerSpec, vocabulary=_VECTORIZATION_VOCABULARY[2:]):
    """Return the layer of Keras whose function makes the steps of a spec."""

    def standardize(text):
        for step in spec.steps:
            text = OPERATIONS[step](text)
        return text

    return keras.layers.TextVectorization(
        standardize=standardize,
        split=None if spec.split == "none" else spec.split,
        ngrams=spec.ngrams or None,
        output_sequence_length=spec.max_length,
        vocabulary=vocabulary,
    )


KINDS = {
    "keras_tokenizer": (_TOKENIZER_VOCABULARY, tokenizer_cases, tokenizer_ids),
    "keras_datasets": (_DATASETS_VOCABULARY, datasets_cases, datasets_ids),
    "standardize": (_VECTORIZATION_VOCABULARY, standardize_cases, standardize_ids),
}


def main() -> None:
    for name, (vocabulary, make_cases, make_ids) in KINDS.items():
        cases = list(make_cases())
        lines = [json.dumps({"vocabulary": vocabulary})]
        for case, ids in zip(cases, make_ids(cases), strict=True):
            encoded = base64.b64encode(case.text.encode()).decode()
            row = {"group": case.group, "spec": case.spec.to_json(), "text": encoded, "ids": ids}
            if case.tokens < len(vocabulary):
                row["tokens"] = case.tokens
            if case.pad_to:
                row["padding"] = [case.pad_to, case.pad_side]
            lines.append(json.dumps(row))
        (HERE / f"{name}.jsonl").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
