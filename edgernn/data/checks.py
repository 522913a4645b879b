"""Checks of labeled texts before a training: what is suspicious is counted, never dropped."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from edgernn.data.rows import Rows

#: Names of the findings that are warnings.
SHARED, CONTRADICTORY = "in both parts", "contradictory"
#: Texts with fewer words are almost empty.
_FEWEST_WORDS = 2
#: The share of the letters that makes a second script of a text a mixture.
_MIXED = 0.2
_EXAMPLES = 5
#: The characters of a text whose scripts are counted.
_BEGINNING = 200
#: A word, or a character of a script without spaces: Thai, Chinese, Japanese, Korean.
_WORD = re.compile("[\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af]|\\w+")
_LONGEST_EXAMPLE = 120
#: Names of characters begin with those of their scripts; some scripts are written together.
_TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}


@dataclass(frozen=True)
class Finding:
    """Suspicious texts of one kind.

    Attributes:
        name: a short name.
        count: the number of texts.
        total: the number of texts that were checked.
        meaning: what follows the number of texts in a sentence.
        examples: some of the texts, shortened.
    """

    name: str
    count: int
    total: int
    meaning: str
    examples: tuple[str, ...]


def check_rows(training: Rows, validation: Rows) -> tuple[Finding, ...]:
    """Return what is suspicious about the texts, without kinds that do not occur.

    Args:
        training: the training rows.
        validation: the validation rows.
    """
    keys = tuple(map(_normalized, training.texts))
    found = (
        _shared(keys, validation),
        _repeated(training, keys),
        _contradicted(training, keys),
        _empty(training, keys),
        *_scripts(training),
    )
    return tuple(one for one in found if one.count)


def describe(finding: Finding) -> str:
    """Return a finding as a sentence."""
    return f"{finding.count:,} of {finding.total:,} {finding.meaning}"


def finding(name: str, texts: Sequence[str], total: int, meaning: str) -> Finding:
    """Return a finding with examples.

    Args:
        name: a short name.
        texts: the suspicious texts.
        total: the number of texts that were checked.
        meaning: what follows the number of texts in a sentence.
    """
    return Finding(name, len(texts), total, meaning, tuple(map(_short, texts[:_EXAMPLES])))


def _normalized(text: str) -> str:
    """Return the text without case, punctuation and spaces, which do not make another text."""
    return " ".join(_WORD.findall(text.casefold()))


def _shared(keys: Sequence[str], validation: Rows) -> Finding:
    known = set(keys)
    texts = [text for text in validation.texts if _normalized(text) in known]
    meaning = "validation texts are also training texts: the validation scores are too high"
    return finding(SHARED, texts, len(validation), meaning)


def _repeated(rows: Rows, keys: Sequence[str]) -> Finding:
    seen: set[str] = set()
    texts = []
    for text, key in zip(rows.texts, keys, strict=True):
        if key in seen:
            texts.append(text)
        seen.add(key)
    return finding("repeated", texts, len(rows), "training texts repeat another one")


def _contradicted(rows: Rows, keys: Sequence[str]) -> Finding:
    labels: dict[str, set[str]] = {}
    for key, label in zip(keys, rows.labels, strict=True):
        labels.setdefault(key, set()).add(label)
    texts = [text for text, key in zip(rows.texts, keys, strict=True) if len(labels[key]) > 1]
    return finding(CONTRADICTORY, texts, len(rows), "training texts occur with different labels")


def _empty(rows: Rows, keys: Sequence[str]) -> Finding:
    places = [i for i, key in enumerate(keys) if key.count(" ") + 1 < _FEWEST_WORDS]
    meaning = f"training texts have fewer than {_FEWEST_WORDS} words"
    return finding("almost empty", [rows.texts[i] for i in places], len(rows), meaning)


def _scripts(rows: Rows) -> Iterator[Finding]:
    """Yield texts in a rarer script, and texts that mix scripts."""
    counts = [_count_scripts(text[:_BEGINNING]) for text in rows.texts]
    main = [one.most_common(1)[0][0] if one else None for one in counts]
    common = Counter(one for one in main if one).most_common(1)
    if not common:
        return
    usual = common[0][0]
    other = [text for text, one in zip(rows.texts, main, strict=True) if one not in (None, usual)]
    names = sorted({one for one in main if one not in (None, usual)} - {None}, key=str)
    written = ", ".join(map(str, names[:4]))
    meaning = f"training texts are in {written} letters, most others in {usual}"
    yield finding("another script", other, len(rows), meaning)
    mixed = [
        text for text, one in zip(rows.texts, counts, strict=True) if _second_share(one) >= _MIXED
    ]
    yield finding("mixed scripts", mixed, len(rows), "training texts mix letters of two scripts")


def _count_scripts(text: str) -> Counter[str]:
    return Counter(script for script in map(_script, text) if script)


@cache
def _script(character: str) -> str | None:
    """Return the script of a letter; None for another character."""
    if not character.isalpha():
        return None
    name = unicodedata.name(character, "").split(" ")[0].split("-")[0]
    return _TOGETHER.get(name, name) or None


def _second_share(scripts: Counter[str]) -> float:
    most: Iterable[tuple[str, int]] = scripts.most_common(2)
    counts = [count for _, count in most]
    return counts[1] / scripts.total() if len(counts) > 1 else 0.0


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_EXAMPLE else line[: _LONGEST_EXAMPLE - 1] + "…"
