"""Lower-casing of `edgernn-tokenizer/3`: that of `str.lower` with Unicode 14, in every Python."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from edgernn_runtime.unicode_tables import CASE_RUNS, FOLD_RUNS, LOWER_RUNS

_CAPITAL_SIGMA, _SIGMA, _FINAL_SIGMA = "\u03a3", "\u03c3", "\u03c2"
#: The one capital letter whose lower case has two code points, İ.
_DOTTED_CAPITAL_I = 0x130


def unicode_lower(text: str) -> str:
    """Return a text in lower case.

    A capital sigma becomes a final one behind a letter with case and not in front of one; code
    points that ignore case do not count there.
    """
    if text.isascii():
        return text.lower()
    if _CAPITAL_SIGMA in text:
        text = _with_small_sigmas(text)
    return text.translate(_lower_map())


def _with_small_sigmas(text: str) -> str:
    parts = list(text)
    place = text.find(_CAPITAL_SIGMA)
    while place >= 0:
        is_final = _is_cased(text, place, -1) and not _is_cased(text, place, 1)
        parts[place] = _FINAL_SIGMA if is_final else _SIGMA
        place = text.find(_CAPITAL_SIGMA, place + 1)
    return "".join(parts)


def _is_cased(text: str, place: int, step: int) -> bool:
    """Return whether the next code point that is not ignored, in one direction, is cased."""
    starts, classes = case_classes()
    place += step
    while 0 <= place < len(text):
        name = classes[bisect_right(starts, ord(text[place])) - 1]
        if name != "I":
            return name == "C"
        place += step
    return False


@cache
def case_classes() -> tuple[list[int], str]:
    """Return the first code point of each run of a class of case, and the classes."""
    starts, classes, start = [], [], 0
    for run in CASE_RUNS.split():
        starts.append(start)
        classes.append(run[-1])
        start += int(run[:-1], 16)
    return starts, "".join(classes)


@cache
def _lower_map() -> dict[int, int | str]:
    """Return the lower case of each code point that has one."""
    lowered: dict[int, int | str] = {}
    for run in (FOLD_RUNS + LOWER_RUNS).split():
        first, count, step, added = run.split(",")
        for i in range(int(count)):
            code_point = int(first, 16) + i * int(step)
            lowered[code_point] = code_point + int(added)
    return {**lowered, _DOTTED_CAPITAL_I: "i\u0307"}
