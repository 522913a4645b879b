"""Rows of labeled text, and functions that clean, split and index them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgernn.data.multilabel import split_labels
from edgernn.errors import DataError, OptionError
from edgernn_runtime.tokenizer import Tokenizer, TokenizerSpec

#: Separators of several labels in one cell.
_SEPARATORS = ("|", ";", ",")
_BREAK = re.compile(r"<br\s*/?>")


@dataclass(frozen=True)
class Rows:
    """Labeled texts.

    Attributes:
        texts: the texts.
        labels: the label of each text; of multi-label rows all its labels, as
            `edgernn.data.multilabel.join_labels` joins them.
        warnings: one sentence for each kind of skipped row.
        is_multilabel: whether a text may have any number of labels.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    is_multilabel: bool = False

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def label_sets(self) -> tuple[tuple[str, ...], ...]:
        """The labels of each text: one, or any number of multi-label rows."""
        if not self.is_multilabel:
            return tuple((label,) for label in self.labels)
        return tuple(map(split_labels, self.labels))

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
        name: the value of `--data`.
        train: the training rows.
        validation: the official validation rows, or None.
        test: the rows of an official test set, or None.
        source: one sentence on the content and origin of the rows, or None.
        note: a caveat about scores on the data, or None.
    """

    name: str
    train: Rows
    validation: Rows | None = None
    test: Rows | None = None
    source: str | None = None
    note: str | None = None


def clean_breaks(text: str) -> str:
    """Return the text with HTML line breaks replaced by spaces.

    Otherwise, stripping punctuation joins `br` with the words beside it.
    """
    return _BREAK.sub(" ", text)


def without_duplicates(rows: Rows) -> Rows:
    """Return the rows without duplicate texts; the first row of each text is kept."""
    first = {text: i for i, text in reversed(list(enumerate(rows.texts)))}
    return rows.take(sorted(first.values()))


def with_tokens(rows: Rows) -> Rows:
    """Return the rows whose text has a token, with a warning about the others.

    Raises:
        DataError: no text has a token.
    """
    tokenizer = Tokenizer(TokenizerSpec(), (b"", b"[UNK]"))
    kept = [i for i, text in enumerate(rows.texts) if tokenizer.tokens(text)]
    if len(kept) == len(rows):
        return rows
    if not kept:
        raise DataError(
            "no training text or no validation text contains a word",
            expected="texts with words",
            found=f"{len(rows)} texts without words",
            hint="add rows, or validate on a table with --validation",
        )
    skipped = len(rows) - len(kept)
    warning = f"skipped {skipped} text{'s' if skipped > 1 else ''} without words"
    return replace(rows.take(kept), warnings=(*rows.warnings, warning))


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Shuffle the rows and split them in two.

    Args:
        rows: at least two rows.
        share: the share of the second part, between 0 and 1; each part has at least one row.
        seed: the seed of the shuffle.
    """
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    held_out = min(max(round(len(rows) * share), 1), len(rows) - 1)
    rest, part = rows.take(order[held_out:]), rows.take(order[:held_out])
    return rest, replace(part, warnings=())


def sample(rows: Rows, limit: int) -> Rows:
    """Return at most `limit` rows in order, a uniform random sample with a fixed seed."""
    drawn = random.Random(0).sample(range(len(rows)), min(len(rows), limit))
    return rows.take(sorted(drawn))


def count_rows(rows: Rows) -> str:
    """Return the number of rows as text, such as `1 row`."""
    return f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"


def find_joined_labels(rows: Rows) -> tuple[str, ...]:
    """Return a warning if labels look like several labels in one, such as `a|b` or `['a']`."""
    if rows.is_multilabel:
        return ()
    labels = sorted(set(rows.labels))
    joined = [label for label in labels if _is_joined(label, frozenset(labels))]
    if not joined:
        return ()
    subject = f"{len(joined)} labels look" if len(joined) > 1 else "1 label looks"
    example = f"such as {joined[0]!r}"
    warning = (
        f"{subject} like several labels in one, {example}: each distinct value is one class; "
        "--label-delimiter splits them"
    )
    return (warning,)


def _is_joined(label: str, labels: frozenset[str]) -> bool:
    if label.startswith("[") and label.endswith("]"):
        return True
    for separator in _SEPARATORS:
        parts = [part.strip() for part in label.split(separator)]
        # Commas and semicolons also occur in ordinary labels, such as "health, beauty".
        if len(parts) > 1 and all(parts) and (separator == "|" or labels.issuperset(parts)):
            return True
    return False


def label_names(rows: Rows, path: str) -> tuple[str, ...]:
    """Return the distinct labels in sorted order.

    Raises:
        DataError: there are fewer than two, or each text has one of several labels.
    """
    counts = Counter(label for labels in rows.label_sets for label in labels)
    everywhere = [label for label, count in counts.items() if count == len(rows)]
    if rows.is_multilabel and everywhere:
        raise DataError(
            "each text has the same label",
            path=path,
            expected="labels that some of the texts have",
            found=f"{count_rows(rows)}, all with {everywhere[0]!r}",
            hint="leave out this label",
        )
    if len(counts) < 2:
        raise DataError(
            "the data must have at least two classes",
            path=path,
            expected="rows with at least two different labels",
            found=count_rows(rows) + (f", all labeled {next(iter(counts))!r}" if counts else ""),
            hint="check --label-column",
        )
    return tuple(sorted(counts))


def label_indices(rows: Rows, names: tuple[str, ...], path: str) -> tuple[int, ...]:
    """Return the index of each row's label among the names; the rows have one label each.

    Raises:
        OptionError: a label is not among the names, or the rows are multi-label.
    """
    if rows.is_multilabel:
        raise OptionError(
            "the texts have several labels each, and the model predicts one",
            path=path,
            expected="one label per text",
            found="lists of labels, --label-delimiter or --label-columns",
            hint="use the data that the model was made for",
        )
    return tuple(labels[0] for labels in label_set_indices(rows, names, path))


def label_set_indices(rows: Rows, names: tuple[str, ...], path: str) -> tuple[tuple[int, ...], ...]:
    """Return the indices of each row's labels among the names.

    Raises:
        OptionError: a label is not among the names.
    """
    index_of = {name: i for i, name in enumerate(names)}
    unknown = sorted({label for labels in rows.label_sets for label in labels} - set(names))
    if unknown:
        raise OptionError(
            "the data contains labels that are not classes of the model",
            path=path,
            expected=", ".join(names),
            found=", ".join(unknown[:10]),
            hint="rename the labels in the data, or check --label-column",
        )
    return tuple(tuple(index_of[label] for label in labels) for labels in rows.label_sets)
