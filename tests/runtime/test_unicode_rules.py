"""The Unicode rules: tables, test vectors, and a slow, simple implementation to compare with."""

from __future__ import annotations

import base64
import importlib.util
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn_runtime import tokenizer as tokenizer_module
from edgernn_runtime import unicode_rules as module
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec
from edgernn_runtime.unicode_rules import unicode_tokens
from edgernn_runtime.unicode_tables import UNICODE_VERSION

_LINES = (Path(__file__).parent / "vectors" / "unicode.jsonl").read_text().splitlines()
VOCABULARY = [token.encode() for token in json.loads(_LINES[0])["vocabulary"]]
CASES = [json.loads(line) for line in _LINES[1:]]
GROUPS = sorted({case["group"] for case in CASES})
MAKE = Path(__file__).resolve().parents[2] / "runtime" / "tools" / "make_unicode_tables.py"

of_that_version = pytest.mark.skipif(
    unicodedata.unidata_version != UNICODE_VERSION,
    reason=f"this Python has Unicode {unicodedata.unidata_version}, the tables {UNICODE_VERSION}",
)

# ---- The slow and obvious version -----------------------------------------------------------------

#: Beginnings of the names of letters that are written without spaces between words.
_UNSPACED = (
    *("THAI", "LAO", "MYANMAR", "KHMER", "TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET"),
    *("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "HENTAIGANA", "BOPOMOFO", "CJK UNIFIED"),
    *("CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC", "HANGZHOU", "VERTICAL IDEOGRAPHIC", "MASU"),
    *("TANGUT", "KHITAN", "NUSHU", "OLD CHINESE", "VERTICAL KANA", "COMBINING KATAKANA"),
    "VIETNAMESE ALTERNATE",
)


def slow_fold(character):
    if character == "İ":
        return "i"
    name = unicodedata.name(character, "")
    if "FULLWIDTH" in name and ord(character) <= 0xFF5E:
        character = unicodedata.normalize("NFKC", character)
    if len(character.casefold()) == 1:
        return character.casefold()
    return character.lower() if len(character.lower()) == 1 else character


def slow_class(character):
    code = ord(character)
    while unicodedata.category(chr(code)) == "Cn":
        if 0x1F000 <= code < 0x1FB00 or 0x20000 <= code < 0x40000:
            return "alone"
        if code >= 0x40000:
            return "separator"
        code -= 1
    return slow_class_of_assigned(chr(code))


def slow_class_of_assigned(character):
    code, category = ord(character), unicodedata.category(character)
    name = unicodedata.name(character, "")
    if not name and 0x17000 <= code < 0x18D80:
        # Python does not know the names of this script.
        name = "TANGUT IDEOGRAPH"
    if category == "Cf" or character in "'·׳״’":
        return "separator" if character == "\u200b" else "dropped"
    if "VARIATION SELECTOR" in name or "GRAPHEME JOINER" in name:
        return "dropped"
    if category == "So":
        return "separator" if character == "\ufffd" else "alone"
    # Some marks in the blocks of these scripts serve other scripts too.
    is_unspaced = name.startswith(_UNSPACED) or 0x302A <= code <= 0x302F or code in (0x3099, 0x309A)
    if is_unspaced and category in ("Mn", "Mc", "Me"):
        return "mark"
    if is_unspaced and category in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl"):
        return "alone"
    return "word" if category[0] in "LMN" else "separator"


def slow_tokens(data):
    tokens, before = [], "separator"
    for character in data.decode("utf-8", "replace"):
        folded = slow_fold(character)
        kind = slow_class(folded)
        if kind == "dropped":
            continue
        if (kind == "mark" and before != "separator") or (kind == before == "word"):
            tokens[-1] += folded
        elif kind != "separator":
            tokens.append(folded)
        before = kind
    return [token.encode() for token in tokens]


def slow_ids(spec, data):
    tokens = [token.decode() for token in slow_tokens(data)]
    if spec.ngrams:
        starts = [(i, width) for width in spec.ngrams for i in range(len(tokens))]
        tokens = [" ".join(tokens[i : i + w]) for i, w in starts if i + w <= len(tokens)]
    if spec.max_length is not None and len(tokens) > spec.max_length:
        tail = spec.max_length // 2 if spec.truncate == "head+tail" else 0
        tokens = tokens[: spec.max_length - tail] + tokens[len(tokens) - tail :]
    known = [token.decode() for token in VOCABULARY]
    return [known.index(token) if token in known else 1 for token in tokens]


# ---- The tables -----------------------------------------------------------------------------------


def make():
    spec = importlib.util.spec_from_file_location("make_unicode_tables", MAKE)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def classes():
    """Return the letter of the class of each code point, as the runtime has it."""
    starts, names = module._class_runs()
    ends = [*starts[1:], 0x110000]
    return [name for i, name in enumerate(names) for _ in range(starts[i], ends[i])]


@of_that_version
def test_the_tables_are_what_the_generator_writes():
    tables = make()
    assert {path: path.read_text() for path in tables.TABLES} == {
        path: table() for path, table in tables.TABLES.items()
    }


@of_that_version
def test_every_code_point_matches_unicodedata():
    folds = module._folds()
    names = {"separator": "S", "dropped": "X", "word": "W", "alone": "A", "mark": "M"}
    for code_point, name in enumerate(classes()):
        character = chr(code_point)
        assert name == names[slow_class(character)], hex(code_point)
        assert chr(folds.get(code_point, code_point)) == slow_fold(character), hex(code_point)


def test_a_folded_code_point_is_folded_already_and_at_most_half_as_long_again():
    folds = module._folds()
    assert len(folds) > 1400
    assert not set(folds) & set(folds.values())
    lengths = [(len(chr(x).encode()), len(chr(y).encode())) for x, y in folds.items()]
    assert max(after / before for before, after in lengths) == 1.5


def test_the_memory_of_folded_characters_is_bounded(monkeypatch):
    text = "".join(map(chr, range(0x20000, 0x20000 + 300))) + " Film"
    monkeypatch.setattr(module, "_MAX_ENTRIES", 100)
    module._map.cache_clear()
    tokens = unicode_tokens(text.encode())
    assert len(module._map()) <= 100
    module._map.cache_clear()
    assert tokens == [chr(0x20000 + i).encode() for i in range(300)] + [b"film"]


# ---- The vectors ----------------------------------------------------------------------------------


def failures(group):
    """Return the cases of a group that the tokenizer gets wrong."""
    module._map.cache_clear()
    wrong = []
    for case in CASES:
        if case["group"] == group:
            spec = TokenizerSpec.from_json(case["spec"])
            ids = Tokenizer(spec, VOCABULARY).ids(base64.b64decode(case["text"]))
            if ids.tolist() != case["ids"]:
                wrong.append(case)
    module._map.cache_clear()
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_the_ids_are_those_of_the_vectors(group):
    assert failures(group) == []


def test_the_vectors_are_what_the_slow_version_gives():
    assert len(CASES) >= 300
    for case in CASES:
        spec = TokenizerSpec.from_json(case["spec"])
        assert slow_ids(spec, base64.b64decode(case["text"])) == case["ids"], case


def test_most_tokens_of_the_vectors_are_in_the_vocabulary():
    ids = [i for case in CASES for i in case["ids"]]
    assert sum(i > 1 for i in ids) > 0.6 * len(ids)
    assert len(set(ids)) > 0.8 * len(VOCABULARY)


_TEMPLATES, _FOLDS = module._TEMPLATES, module._folds


def _without(*code_points):
    return lambda: {x: y for x, y in _FOLDS().items() if x not in code_points}


#: A broken rule and the group that must notice.
MUTANTS = [
    ("case", "_folds", dict),
    ("case", "_folds", _without(0x130)),
    ("case", "_folds", _without(0x3C2)),
    ("case", "_folds", _without(0x1E9E)),
    ("case", "_folds", _without(0x10400)),
    ("width", "_folds", _without(*range(0xFF01, 0xFF5F))),
    ("words", "_TEMPLATES", {**_TEMPLATES, "X": " "}),
    ("invisible", "_TEMPLATES", {**_TEMPLATES, "X": " "}),
    ("words", "_TEMPLATES", {**_TEMPLATES, "S": ""}),
    ("unspaced", "_TEMPLATES", {**_TEMPLATES, "A": "{}"}),
    ("unspaced", "_TEMPLATES", {**_TEMPLATES, "M": " {}\n"}),
    ("unspaced", "_TEMPLATES", {**_TEMPLATES, "M": "\0{}"}),
    ("symbols", "_TEMPLATES", {**_TEMPLATES, "A": " "}),
    ("invalid", "_TEMPLATES", {**_TEMPLATES, "S": ""}),
]


@pytest.mark.parametrize(
    ("group", "name", "mutant"),
    MUTANTS,
    ids=[f"{g}-{n}-{i}" for i, (g, n, _) in enumerate(MUTANTS)],
)
def test_a_broken_rule_is_noticed(group, name, mutant, monkeypatch):
    monkeypatch.setattr(module, name, mutant)
    assert failures(group)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_a_normalized_text_is_noticed(form, monkeypatch):
    def normalized(data):
        text = data.decode("utf-8", "replace")
        return unicode_tokens(unicodedata.normalize(form, text).encode())

    monkeypatch.setattr(tokenizer_module, "unicode_tokens", normalized)
    assert failures("words") or failures("unspaced")


# ---- Any text -------------------------------------------------------------------------------------

ALPHABET = st.sampled_from(
    [
        *"aB É ß ς Σ İ ı . ' ’ 中 か ー ｶ ไ ที ๑ ខ ្ 한 😀 ❤ 🏽 ２ Ａ ＇ ² Ⅷ न ि \u0301\u3099\u200b\u200d\ufe0f\u202e\0\n\ufffd"
    ]
)


@given(st.one_of(st.text(ALPHABET, max_size=30).map(str.encode), st.binary(max_size=40)))
def test_any_text_is_cut_as_the_slow_version_cuts_it(data):
    assert unicode_tokens(data) == slow_tokens(data)


@of_that_version
@given(st.text(max_size=20))
def test_any_characters_are_cut_as_the_slow_version_cuts_them(text):
    data = text.encode("utf-8", "replace")
    assert unicode_tokens(data) == slow_tokens(data)


def test_a_lone_surrogate_separates():
    tokenizer = Tokenizer(TokenizerSpec(rules="unicode"), VOCABULARY)
    assert tokenizer.tokens("a\ud800b") == [b"a", b"b"]


def test_a_spec_survives_json_without_options_of_the_other_rules():
    spec = TokenizerSpec(ngrams=(1, 2), max_length=5, truncate="head+tail", rules="unicode")
    value = spec.to_json()
    assert value == {
        "contract": "edgernn-tokenizer/2",
        "ngrams": [1, 2],
        "max_length": 5,
        "truncate": "head+tail",
    }
    assert TokenizerSpec.from_json(value) == spec
