"""The Unicode rules, `edgernn-tokenizer/2`: case folding, word boundaries, unspaced scripts.

`docs/tokenizer.md` specifies them; the tables are in `unicode_tables`.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from edgernn_runtime.unicode_tables import CLASS_RUNS, FOLD_RUNS

#: The replacement of a code point before the split, by its class: a separator becomes a space, a
#: line feed ends a token, a NUL removes a line feed before it. The three are separators themselves,
#: so the replaced text contains them nowhere else.
_TEMPLATES = {"S": " ", "X": "", "W": "{}", "A": " {}\n", "M": "\0{}\n"}
#: Bounds the memory of `_Map`.
_MAX_ENTRIES = 1 << 16


def unicode_tokens(text: bytes) -> list[bytes]:
    """Return the tokens of a text, as UTF-8.

    Args:
        text: UTF-8; each invalid sequence counts as U+FFFD.
    """
    marked = text.decode("utf-8", "replace").translate(_map())
    return marked.replace("\n\0", "").replace("\0", "").encode().split()


class _Map(dict[int, str]):
    """The replacements of code points, computed at their first use."""

    def __init__(self) -> None:
        super().__init__()
        self._starts, self._classes = _class_runs()
        self._folds = _folds()

    def __missing__(self, code_point: int) -> str:
        folded = self._folds.get(code_point, code_point)
        name = self._classes[bisect_right(self._starts, folded) - 1]
        found = _TEMPLATES[name].format(chr(folded))
        if len(self) >= _MAX_ENTRIES:
            self.clear()
        self[code_point] = found
        return found


@cache
def _map() -> _Map:
    return _Map()


def _class_runs() -> tuple[list[int], list[str]]:
    """Return the first code point of each run of a class, and its class."""
    starts, classes, start = [], [], 0
    for run in CLASS_RUNS.split():
        starts.append(start)
        classes.append(run[-1])
        start += int(run[:-1], 16)
    return starts, classes


def _folds() -> dict[int, int]:
    """Return the folded form of each code point that has one."""
    folds = {}
    for run in FOLD_RUNS.split():
        first, count, step, added = run.split(",")
        for i in range(int(count)):
            code_point = int(first, 16) + i * int(step)
            folds[code_point] = code_point + int(added)
    return folds
