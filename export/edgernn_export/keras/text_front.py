"""How the texts of a model that takes ids become ids, by Keras's own classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import OptionError
from edgernn_export.lookup import find
from edgernn_runtime.steps import apply_steps
from edgernn_runtime.tokenizer import PadSide
from edgernn_runtime.tokenizer_spec import (
    MAX_STEPS,
    STEPS,
    Step,
    TokenizerSpec,
    Truncate,
)

Ids = NDArray[np.int64]
#: Which ids of a longer text are removed, in the words of Keras's `pad_sequences`, or the middle.
Truncating = Literal["pre", "post", "head+tail"]

#: A tokenizer adds up to two steps to those that are declared.
_MAX_DECLARED = MAX_STEPS - 2
#: The ids that remain of a longer text.
REMAINING: dict[Truncating, Truncate] = {"pre": "tail", "post": "head", "head+tail": "head+tail"}


@dataclass(frozen=True)
class TextFront:
    """A tokenizer in front of a model that takes ids.

    Attributes:
        name: what it is, for messages.
        reference: what ids the model is given for its reference outputs, for reports.
        spec: its rules on the device, truncation included.
        vocabulary: V tokens of UTF-8, the index being the id.
        look_up: from N texts to their ids in Keras, int64 [T] each, not truncated and not padded.
        length: the length to which ids are truncated and padded, or None.
        pad_side: where they are padded.
        truncates_itself: whether the tokenizer's class truncates, always to the head.
    """

    name: str
    reference: str
    spec: TokenizerSpec
    vocabulary: tuple[bytes, ...]
    look_up: Callable[[Sequence[str]], list[Ids]]
    length: int | None = None
    pad_side: PadSide = "post"
    truncates_itself: bool = False

    def with_length(
        self, length: int | None, truncating: Truncating | None, pad_side: PadSide
    ) -> TextFront:
        """Return the front with a length, what is removed of a longer text, and a padded side."""
        truncate = REMAINING[truncating or "post"] if length is not None else "head"
        spec = replace(self.spec, max_length=length, truncate=truncate)
        return replace(self, spec=spec, length=length, pad_side=pad_side)

    def batch(self, texts: Sequence[str]) -> Ids:
        """Return the ids of N texts as the model takes them, int64 [N, L].

        L is the front's length, or without one that of the longest text, at least 1.
        """
        from keras.utils import pad_sequences

        rows = self.look_up(texts)
        width = self.length or max(1, *map(len, rows))
        if self.spec.truncate == "head+tail":
            rows = [_both_ends(row, width) for row in rows]
        side = "pre" if self.spec.truncate == "tail" else "post"
        return np.asarray(
            pad_sequences(rows, width, dtype="int64", padding=self.pad_side, truncating=side)
        )


def check_steps(steps: Sequence[str]) -> None:
    """Check the names of declared steps.

    Raises:
        OptionError: a name is unknown, or there are too many.
    """
    for name in steps:
        find({step: step for step in STEPS}, name, "step", "--standardize")
    if len(steps) > _MAX_DECLARED:
        raise OptionError(
            "there are too many steps",
            expected=f"--standardize of at most {_MAX_DECLARED}",
            found=f"{len(steps)}",
            hint="leave out steps that change nothing",
        )


def decoded(text: str | bytes) -> str:
    """Return a text as Keras's Python classes take it."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def standardized(steps: Sequence[Step], texts: Sequence[str | bytes]) -> list[str]:
    """Return texts after the steps that their user declared."""
    return [apply_steps(decoded(text), steps) for text in texts]


def _both_ends(row: Ids, length: int) -> Ids:
    tail = length // 2
    return row if len(row) <= length else np.concatenate((row[: length - tail], row[-tail:][:tail]))
