"""The Unicode rules, `edgernn-tokenizer/2`: case folding, word boundaries, unspaced scripts.

They are described in `docs/tokenizer.md`; the tables are in `unicode_tables`.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from edgernn_runtime.unicode_tables import CLASS_RUNS, FOLD_RUNS

#: What a code point becomes in front of the split, by its class: separators are spaces, a line
#: feed ends a token, and a NUL withdraws a line feed in front of it. All three are separators
#: themselves, so that no text can hold them.
_TEMPLATES = {"S": " ", "X": "", "W": "{}", "A": " {}\n", "M": "\0{}\n"}
#: The memory of `_Map` is bounded, whatever the texts.
_MAX_ENTRIES = 1 << 16


def unicode_tokens(text: bytes) -> list[bytes]:
    """Return the tokens of a text of UTF-8, each invalid sequence being U+FFFD."""
    marked = text.decode("utf-8", "replace").translate(_map())
    return marked.replace("\n\0", "").replace("\0", "").encode().split()


class _Map(dict[int, str]):
    """What code points become, worked out when they are first met."""

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
    """Return the first code points of the runs of one class, and their classes."""
    starts, classes, start = [], [], 0
    for run in CLASS_RUNS.split():
        starts.append(start)
        classes.append(run[-1])
        start += int(run[:-1], 16)
    return starts, classes


def _folds() -> dict[int, int]:
    """Return what each code point that is folded becomes."""
    folds = {}
    for run in FOLD_RUNS.split():
        first, count, step, added = run.split(",")
        for i in range(int(count)):
            code_point = int(first, 16) + i * int(step)
            folds[code_point] = code_point + int(added)
    return folds
