"""Write `tokenizer.jsonl`: texts with the ids that Keras's TextVectorization itself gives them.

python -m tests.runtime.vectors.make

Each line: the group, which names the rule that it is about; the tokenizer's spec; the text in base64
of its bytes; the ids. The first line is the vocabulary.
"""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from edgernn_runtime.tokenizer import TokenizerSpec

HERE = Path(__file__).parent
#: Words of all kinds, some that can never be met: capitals or punctuation survive no lower-casing.
VOCABULARY = [
    "a",
    "b",
    "ab",
    "i",
    "film",
    "plot",
    "good",
    "bad",
    "the",
    "of",
    "was",
    "not",
    "dont",
    "don't",
    "br",
    "unk",
    "FILM",
    "Film",
    "film.",
    ",",
    ".",
    "!",
    "''",
    "1",
    "12",
    "é",
    "É",
    "é",
    "straße",
    "strasse",
    "ß",
    "ſ",
    "İ",
    "ı",
    "i̇",
    "ς",
    "σ",
    "Σ",
    "ﬁ",
    "ａ",
    "ｂ",
    "東",
    "京",
    "東京",
    "映画",
    "👩",
    "👩\u200d💻",
    "💻",
    "naïve",
    "café",
] + ["\xa0", "a\xa0b", "x\u2028y", "\u0085", "film\u0085", "\ufeff", "\ufefffilm"]
VOCABULARY += ["\u200b", "�", "a b", "b a", "good film", "not good", "a\u001cb", "\u001c", "a b ab"]

DEFAULT = TokenizerSpec()
_HOSTILE = [
    *["", " ", "   ", "\t", "\n", "\v", "\f", "\r", "\r\n", " \t\n\v\f\r ", "\0", "a\0b", "\0 a"],
    *["\ufeff", "\ufefffilm", "film\ufeff", "a\r\nb", "a\rb", "e\u0301", "é", "É", "E\u0301"],
    *["İ", "ı", "I", "i\u0307", "Straße", "STRASSE", "ß", "ẞ", "ſ", "Σ", "ς", "σ", "ΣΑΣ", "ﬁlm"],
    *[
        "ａ",
        "Ａ",
        "ＡＢ",
        "東京",
        "東 京",
        "映画。",
        "東\u3000京",
        "👩\u200d💻",
        "👩💻",
        "👩\u200d 💻",
        "🏳️\u200d🌈",
    ],
    *["a\xa0b", "\xa0", "a\u2028b", "x\u2028y", "a\u2029b", "a\u0085b", "film\u0085", "a\u001cb"],
    *[
        "a\u001db",
        "a\u001eb",
        "a\u001fb",
        "a\u1680b",
        "a\u2003b",
        "a\u200bb",
        "a\u3000b",
        "a\u180eb",
    ],
    *[
        "[UNK]",
        "[unk]",
        "unk",
        "UNK",
        "[ UNK ]",
        "''",
        "'",
        "don't",
        "DON'T",
        "dont",
        "film.",
        "FILM",
    ],
    *[
        "<br />",
        "good<br />film",
        "good<br/>film",
        "a.b",
        "a-b",
        "a_b",
        "a/b",
        "...",
        ".a.",
        "!!!",
        "$1",
    ],
    *[
        "1,2",
        "12",
        "1 2",
        "a" * 2000,
        "a " * 300,
        "é" * 500,
        "\\",
        "\\n",
        "a\\b",
        '"',
        "`a`",
        "~",
        "^a",
    ],
]
_HOSTILE_BYTES = [
    *[
        b"\xff",
        b"\xfe\xff",
        b"a\xffb",
        b"\xc3",
        b"\xc3 a",
        b"\xc3(",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\x80",
    ],
    *[
        b"film\xff",
        b"\xf0\x9f\x92",
        b"\xf8\x88\x80\x80\x80",
        b"\xc0\x80",
        b"\xc0\xaf",
        b"a\xe6\x9d b",
    ],
    *[b"\xef\xbb\xbffilm", b"\xf4\x90\x80\x80", b"\xed\xb0\x80x", b"\xe0\x80\x80", b"\xff\xfe\xfd"],
]


def groups() -> Iterator[tuple[str, TokenizerSpec, bytes]]:
    """Yield every case: the rule that it is about, the spec and the text."""
    for text in [*(text.encode() for text in _HOSTILE), *_HOSTILE_BYTES]:
        yield "hostile", DEFAULT, text
        yield "character", TokenizerSpec(split="character"), text[:40]
    for separator in " \t\n\v\f\r\u001c\u001d\u001e\u001f\u0085\xa0\u1680\u2028\u3000":
        yield "whitespace", DEFAULT, f"a{separator}film{separator}{separator}b".encode()
    for mark in "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'":
        for standardize in ("lower_and_strip_punctuation", "strip_punctuation", "lower"):
            spec = TokenizerSpec(standardize=standardize)
            yield "punctuation", spec, f"fi{mark}lm {mark} good{mark}".encode()
    draw = random.Random(0)
    for _ in range(140):
        words = draw.choices(VOCABULARY, k=draw.randint(1, 12))
        text = " ".join(word.upper() if draw.random() < 0.3 else word for word in words).encode()
        for standardize in ("lower", "none"):
            yield "case", TokenizerSpec(standardize=standardize), text
        yield "split_none", TokenizerSpec(standardize="none", split="none"), words[0].encode()
        yield "ngrams", TokenizerSpec(ngrams=draw.choice([(1, 2), (2,), (2, 1), (3, 1)])), text
        yield "max_length", TokenizerSpec(max_length=draw.randint(1, 5)), text


def keras_ids(spec: TokenizerSpec, texts: list[bytes]) -> list[list[int]]:
    layer = keras.layers.TextVectorization(
        standardize=None if spec.standardize == "none" else spec.standardize,
        split=None if spec.split == "none" else spec.split,
        ngrams=spec.ngrams or None,
        output_sequence_length=spec.max_length,
        vocabulary=VOCABULARY,
    )
    rows = []
    for text in texts:
        # Beside another text: Keras fails on an empty one alone.
        row = layer(tf.constant([[text], [b"a a a"]])).numpy()[0]
        rows.append([int(i) for i in np.trim_zeros(row, "b")])
    return rows


def main() -> None:
    cases = list(groups())
    by_spec: dict[TokenizerSpec, list[int]] = {}
    for i, (_, spec, _) in enumerate(cases):
        by_spec.setdefault(spec, []).append(i)
    found: dict[int, list[int]] = {}
    for spec, numbers in by_spec.items():
        found.update(zip(numbers, keras_ids(spec, [cases[i][2] for i in numbers]), strict=True))
    lines = [json.dumps({"vocabulary": ["", "[UNK]", *VOCABULARY]})]
    for i, (group, spec, text) in enumerate(cases):
        encoded = base64.b64encode(text).decode()
        row = {"group": group, "spec": spec.to_json(), "text": encoded, "ids": found[i]}
        lines.append(json.dumps(row))
    (HERE / "tokenizer.jsonl").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
