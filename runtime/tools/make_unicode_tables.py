"""Write the tables of `edgernn-tokenizer/2` and `/3`, for Python and C, from Python's database.

python3.11 runtime/tools/make_unicode_tables.py

It writes `edgernn_runtime/unicode_tables.py` and `libedgernn/src/unicode_tables.inc`, and needs a
Python whose `unicodedata` is of the contract's version. `class_of`, `fold_of`, `lower_of` and
`case_class_of` are the rules.
"""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

UNICODE_VERSION = "14.0.0"
CODE_POINTS = 0x110000
RUNTIME = Path(__file__).resolve().parent.parent
PYTHON_TABLES = RUNTIME / "edgernn_runtime" / "unicode_tables.py"
C_TABLES = RUNTIME / "libedgernn" / "src" / "unicode_tables.inc"

#: The classes, by the letter that stands for each in the tables; a class's number is its place.
CLASSES = "SXWAM"
SEPARATOR, DROPPED, WORD, ALONE, MARK = CLASSES
#: The classes of the context of a capital sigma: neither, cased, ignored.
CASE_CLASSES = "NCI"
CAPITAL_SIGMA, FINAL_SIGMA = "\u03a3", "\u03c2"

#: The planes 2 and 3 are for ideographs; those behind them are for no characters of texts.
LAST_IDEOGRAPH = 0x3FFFF
#: Blocks of scripts that are written without spaces between words.
UNSPACED_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3000, 0x312F),  # CJK punctuation, Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo Extended
    (0x31F0, 0x31FF),  # Katakana Phonetic Extensions
    (0x3400, 0x4DBF),  # CJK Extension A
    (0x4E00, 0x9FFF),  # CJK Unified Ideographs
    (0xA9E0, 0xA9FF),  # Myanmar Extended-B
    (0xAA60, 0xAADF),  # Myanmar Extended-A, Tai Viet
    (0xF900, 0xFAFF),  # CJK Compatibility Ideographs
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x16FE0, 0x18D7F),  # Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # Kana Extended and Supplement, Nushu
    (0x20000, LAST_IDEOGRAPH),
)
#: Unicode reserves what is unassigned here for pictographs and ideographs.
RESERVED_BLOCKS = ((0x1F000, 0x1FAFF), (0x20000, LAST_IDEOGRAPH))
#: Marks inside a word: apostrophes, Catalan's middle dot, Hebrew's geresh and gershayim.
INNER_PUNCTUATION = frozenset({0x27, 0xB7, 0x5F3, 0x5F4, 0x2019})
#: Marks that are not seen: the grapheme joiner and variation selectors.
INVISIBLE_MARKS = (
    (0x34F, 0x34F),
    (0x180B, 0x180D),
    (0x180F, 0x180F),
    (0xFE00, 0xFE0F),
    (0xE0100, 0xE01EF),
)
ZERO_WIDTH_SPACE, REPLACEMENT_CHARACTER = 0x200B, 0xFFFD
FULL_WIDTH = (0xFF01, 0xFF5E)
FULL_WIDTH_OFFSET = 0xFF01 - 0x21
DOTTED_CAPITAL_I = 0x130


def is_within(code_point: int, blocks: Iterable[tuple[int, int]]) -> bool:
    """Return whether a code point is in one of some blocks."""
    return any(first <= code_point <= last for first, last in blocks)


def class_of(code_point: int) -> str | None:
    """Return the class of a code point, or None where it is that of the one before it."""
    if code_point in (ZERO_WIDTH_SPACE, REPLACEMENT_CHARACTER):
        return SEPARATOR
    if code_point in INNER_PUNCTUATION or is_within(code_point, INVISIBLE_MARKS):
        return DROPPED
    category = unicodedata.category(chr(code_point))
    if category == "Cn":
        return _class_of_unassigned(code_point)
    is_unspaced = is_within(code_point, UNSPACED_BLOCKS)
    letter = ALONE if is_unspaced else WORD
    mark = MARK if is_unspaced else WORD
    by_category = {"Cf": DROPPED, "So": ALONE, "Nd": WORD, "No": WORD}
    by_group = {"L": letter, "N": letter, "M": mark}
    return by_category.get(category) or by_group.get(category[0], SEPARATOR)


def _class_of_unassigned(code_point: int) -> str | None:
    if code_point > LAST_IDEOGRAPH:
        return SEPARATOR
    return ALONE if is_within(code_point, RESERVED_BLOCKS) else None


def classes() -> list[str]:
    """Return the class of every code point; an unassigned one has that of the one before it."""
    found: list[str] = []
    for code_point in range(CODE_POINTS):
        found.append(class_of(code_point) or found[-1])
    return found


def fold_of(code_point: int) -> int:
    """Return what a code point is folded to: simple case folding, and full-width forms narrowed."""
    if code_point == DOTTED_CAPITAL_I:
        return ord("i")
    if is_within(code_point, [FULL_WIDTH]):
        return fold_of(code_point - FULL_WIDTH_OFFSET)
    character = chr(code_point)
    # CaseFolding.txt: one character is status C; status S, where full folding needs several, is the
    # simple lower case where that differs.
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return ord(folded)
    return code_point


def lower_of(code_point: int) -> int:
    """Return the lower case of a code point; that of U+0130 is longer and not in the tables."""
    lowered = chr(code_point).lower()
    return ord(lowered) if len(lowered) == 1 else fold_of(code_point)


def case_class_of(code_point: int) -> str:
    """Return the effect of a code point on a capital sigma behind it."""
    neither, cased, ignored = CASE_CLASSES
    if (chr(code_point) + CAPITAL_SIGMA).lower().endswith(FINAL_SIGMA):
        return cased
    is_ignored = ("a" + chr(code_point) + CAPITAL_SIGMA).lower().endswith(FINAL_SIGMA)
    return ignored if is_ignored else neither


def runs_of(found: Iterable[str]) -> list[tuple[int, str]]:
    """Return the start and the class of each run of code points of one class."""
    runs: list[tuple[int, str]] = []
    for code_point, name in enumerate(found):
        if not runs or runs[-1][1] != name:
            runs.append((code_point, name))
    return runs


def class_runs() -> list[tuple[int, str]]:
    """Return the runs of the classes of tokens."""
    return runs_of(classes())


def case_runs() -> list[tuple[int, str]]:
    """Return the runs of the classes around a sigma."""
    return runs_of(map(case_class_of, range(CODE_POINTS)))


def _mapping_runs(added: dict[int, int]) -> list[tuple[int, int, int, int]]:
    """Return runs of code points: the first, how many, the step, and what is added.

    No run reaches into the next one, so that a search for the start finds the run.
    """
    runs: list[tuple[int, int, int, int]] = []
    for x, amount in added.items():
        if runs:
            first, count, step, before = runs[-1]
            away = [count * one for one in ((step,) if count > 1 else (1, 2))]
            if amount == before and x - first in away:
                runs[-1] = (first, count + 1, (x - first) // count, amount)
                continue
        runs.append((x, 1, 1, amount))
    assert max(count for _, count, *_ in runs) < 128, "the C table has seven bits for it"
    return runs


def fold_runs() -> list[tuple[int, int, int, int]]:
    """Return the runs of code points that are folded."""
    return _mapping_runs({x: fold_of(x) - x for x in range(CODE_POINTS) if fold_of(x) != x})


def lower_runs() -> list[tuple[int, int, int, int]]:
    """Return the runs of code points whose lower case is not what they are folded to."""
    others = (x for x in range(CODE_POINTS) if lower_of(x) != fold_of(x))
    return _mapping_runs({x: lower_of(x) - x for x in others})


def _wrapped(words: Iterable[str], width: int, indent: str) -> str:
    return textwrap.fill(
        " ".join(words),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _class_words(runs: list[tuple[int, str]]) -> str:
    ends = [start for start, _ in runs[1:]] + [CODE_POINTS]
    lengths = (f"{end - start:x}{name}" for (start, name), end in zip(runs, ends, strict=True))
    return _wrapped(lengths, 98, "")


def _mapping_words(runs: list[tuple[int, int, int, int]]) -> str:
    words = (f"{first:x},{count},{step},{added}" for first, count, step, added in runs)
    return _wrapped(words, 98, "")


def python_tables() -> str:
    """Return the module of data."""
    return f'''"""The tables of `edgernn-tokenizer/2` and `edgernn-tokenizer/3`.

Written by `runtime/tools/make_unicode_tables.py`.
"""

UNICODE_VERSION = "{UNICODE_VERSION}"
#: Runs of code points from 0 on: how many, in hexadecimal, and the letter of their class.
CLASS_RUNS = """
{_class_words(class_runs())}
"""
#: Runs of code points that are folded: the first in hexadecimal, how many, the step, what is added.
FOLD_RUNS = """
{_mapping_words(fold_runs())}
"""
#: Runs of code points whose lower case differs, in the same form; 0 is added where there is none.
LOWER_RUNS = """
{_mapping_words(lower_runs())}
"""
#: Runs of code points around a capital sigma: N neither, C cased, I ignored.
CASE_RUNS = """
{_class_words(case_runs())}
"""
'''


def _c_array(declaration: str, numbers: Iterable[int]) -> str:
    body = _wrapped((f"{number}," for number in numbers), 100, "  ")
    return f"static const {declaration}[] = {{\n{body}\n}};\n"


def _by_plane(runs: list[tuple[int, str]]) -> tuple[list[int], list[str], list[int]]:
    """Return the low 16 bits of each run's start, its class, and where each plane starts."""
    starts: list[int] = []
    names: list[str] = []
    planes: list[int] = []
    for plane in range(CODE_POINTS >> 16):
        planes.append(len(starts))
        before = [name for start, name in runs if start <= plane << 16][-1]
        within = [(start, name) for start, name in runs if start >> 16 == plane and start & 0xFFFF]
        for start, name in [(plane << 16, before), *within]:
            starts.append(start & 0xFFFF)
            names.append(name)
    return starts, names, [*planes, len(starts)]


def _packed(numbers: list[int]) -> Iterable[int]:
    """Return bytes of four numbers of two bits, the first one in the lowest bits."""
    padded = [*numbers, 0, 0, 0]
    for i in range(0, len(numbers), 4):
        yield sum(padded[i + j] << 2 * j for j in range(4))


def _mapping_arrays(name: str, runs: list[tuple[int, int, int, int]]) -> tuple[str, str]:
    keys = (first << 8 | count << 1 | step - 1 for first, count, step, _ in runs)
    return (
        _c_array(f"uint32_t {name}_keys", keys),
        _c_array(f"int32_t {name}_added", (added for *_, added in runs)),
    )


def c_tables() -> str:
    """Return the arrays of C: runs of classes plane by plane, and the folds."""
    starts, names, planes = _by_plane(class_runs())
    folds, lowers = fold_runs(), lower_runs()
    size = len(starts) * 3 + len(planes) * 2 + len(folds) * 8
    case_starts, case_names, case_planes = _by_plane(case_runs())
    cases = list(_packed([CASE_CLASSES.index(name) for name in case_names]))
    runs = len(case_starts)
    case_size = runs * 2 + len(cases) + len(case_planes) * 2 + len(lowers) * 8
    fold_keys, fold_added = _mapping_arrays("fold", folds)
    return "\n".join(
        (
            f"/* Unicode {UNICODE_VERSION}; written by runtime/tools/make_unicode_tables.py.",
            f" * {size:,} bytes: {len(starts)} runs of classes, {len(folds)} of folds.",
            f" * {case_size:,} bytes: {runs} runs of case, {len(lowers)} of lower case. */",
            "/* Runs of one class: the low 16 bits of the first code point, and the class. */",
            _c_array("uint16_t class_starts", starts),
            _c_array("unsigned char class_numbers", map(CLASSES.index, names)),
            "/* The place of each plane's first run, and that behind the last one. */",
            _c_array("uint16_t class_planes", planes),
            "/* Runs of folded code points: the first << 8 | how many << 1 | (step - 1). */",
            fold_keys,
            "/* What is added to each. */",
            fold_added,
            "/* The same for code points whose lower case is not what they are folded to. */",
            *_mapping_arrays("lower", lowers),
            "/* Runs of one class of case, as above; the classes of four runs are one byte. */",
            _c_array("uint16_t case_starts", case_starts),
            _c_array("unsigned char case_numbers", cases),
            _c_array("uint16_t case_planes", case_planes),
        )
    )


TABLES: dict[Path, Callable[[], str]] = {PYTHON_TABLES: python_tables, C_TABLES: c_tables}


def main() -> None:
    """Write both files."""
    if unicodedata.unidata_version != UNICODE_VERSION:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}, not {UNICODE_VERSION}")
    for path, table in TABLES.items():
        path.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
