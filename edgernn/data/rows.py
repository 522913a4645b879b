"""Rows of labeled text, and pure functions that clean, split and index them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgernn.errors import DataError, OptionError
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

_BREAK = re.compile(r"<br\s*/?>")


@dataclass(frozen=True)
class Rows:
    """Labeled texts.

    Attributes:
        texts: the texts.
        labels: each text's label, as many as there are texts.
        warnings: what was skipped while they were read, a sentence each.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> Rows:
        """Return the rows at the indices, in their order."""
        return replace(
            self,
            texts=tuple(self.texts[i] for i in indices),
            labels=tuple(self.labels[i] for i in indices),
        )


@dataclass(frozen=True)
class Corpus:
    """A data set.

    Attributes:
        name: what `--data` called it.
        train: the rows to learn from.
        validation: rows that were set aside for validation, or None.
        test: rows of an official test set, or None.
        source: what the rows are and where they come from, a sentence, or None.
        note: what to keep in mind when a score on it is read, or None.
    """

    name: str
    train: Rows
    validation: Rows | None = None
    test: Rows | None = None
    source: str | None = None
    note: str | None = None


def clean_breaks(text: str) -> str:
    """Return the text with HTML line breaks as spaces.

    Left in, a break becomes the word `br` glued to its neighbours once punctuation is stripped.
    """
    return _BREAK.sub(" ", text)


def without_duplicates(rows: Rows) -> Rows:
    """Return the rows with each text once, the first one kept."""
    first = {text: i for i, text in reversed(list(enumerate(rows.texts)))}
    return rows.take(sorted(first.values()))


def with_tokens(rows: Rows) -> Rows:
    """Return the rows whose text has a token, with a warning about the others.

    Raises:
        DataError: there is none.
    """
    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))
    kept = [i for i, text in enumerate(rows.texts) if tokenizer.tokens(text)]
    if len(kept) == len(rows):
        return rows
    if not kept:
        raise DataError(
            "no text to train or to validate on has a word",
            expected="texts with words",
            found=f"{len(rows)} without any",
            hint="give more rows, or a file to validate on with --validation",
        )
    left_out = len(rows) - len(kept)
    warning = f"{left_out} text{'s' if left_out > 1 else ''} without a word left out"
    return replace(rows.take(kept), warnings=(*rows.warnings, warning))


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Return the rows shuffled and cut in two, the second part holding the share.

    Args:
        rows: at least two.
        share: more than 0 and less than 1; each part gets a row at least.
        seed: the same seed gives the same parts.
    """
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    held_out = min(max(round(len(rows) * share), 1), len(rows) - 1)
    rest, part = rows.take(order[held_out:]), rows.take(order[:held_out])
    return rest, replace(part, warnings=())


def sample(rows: Rows, most: int) -> Rows:
    """Return at most so many rows, drawn evenly at random by a fixed seed, in their order."""
    drawn = random.Random(0).sample(range(len(rows)), min(len(rows), most))
    return rows.take(sorted(drawn))


def label_names(rows: Rows, path: str) -> tuple[str, ...]:
    """Return the different labels, sorted.

    Raises:
        DataError: there are none, or one only.
    """
    counts = Counter(rows.labels)
    if len(counts) < 2:
        raise DataError(
            "the data must have at least two classes",
            path=path,
            expected="rows of two labels or more",
            found=f"{len(rows)} rows, " + (f"all labeled {next(iter(counts))!r}" if counts else ""),
            hint="check --label-column",
        )
    return tuple(sorted(counts))


def label_indices(rows: Rows, names: tuple[str, ...], path: str) -> tuple[int, ...]:
    """Return the index of each row's label among the names.

    Raises:
        OptionError: a label is not one of the names.
    """
    index_of = {name: i for i, name in enumerate(names)}
    unknown = sorted(set(rows.labels) - set(names))
    if unknown:
        raise OptionError(
            "the data has labels that the model does not know",
            path=path,
            expected=", ".join(names),
            found=", ".join(unknown[:10]),
            hint="rename them in the data, or check --label-column",
        )
    return tuple(index_of[label] for label in rows.labels)
