"""The user's own predictions, which a file is compared with too."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgernn_export.errors import OptionError
from edgernn_runtime.ir import Array

_TEXT = "text"
_HINT = "write the texts and your pipeline's probabilities as CSV: text, then one column per output"


@dataclass(frozen=True)
class ReferencePredictions:
    """Texts, and the outputs of the user's own pipeline for them.

    Attributes:
        texts: N texts.
        outputs: float32 [N, C], probabilities.
    """

    texts: tuple[str, ...]
    outputs: Array


def read_reference(path: Path, outputs: int, labels: tuple[str, ...]) -> ReferencePredictions:
    """Read a CSV file of reference predictions.

    Args:
        path: the file: a header with the column `text` and one column for each output. Columns
            named by the labels are found by their names, others by their order. A model with one
            output has one column, the probability of its second label, or one named by its first
            label.
        outputs: C, the number of the model's outputs.
        labels: the names of the classes.

    Raises:
        OptionError: the file cannot be read, has other columns, or contains a value that is not a
            probability.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        found = str(getattr(error, "strerror", None) or error)
        raise _wrong(path, "CSV with a header", found) from error
    columns = _columns(path, header, outputs, labels)
    text = header.index(_TEXT)
    texts, values = [], []
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise _wrong(path, f"{len(header)} columns", f"{len(row)} in row {number}")
        texts.append(row[text])
        values.append([_probability(path, row[column], number) for column in columns])
    if not texts:
        raise _wrong(path, "at least one text", "a header alone")
    if all(value in (0, 1) for row in values for value in row):
        raise _wrong(path, "probabilities", "0 or 1 in every row, which are labels")
    array = np.asarray(values, dtype=np.float32)
    if outputs == 1 and header[columns[0]] == labels[0]:
        # The output of the model is the probability of the second label.
        array = 1 - array
    return ReferencePredictions(tuple(texts), array)


def _columns(path: Path, header: list[str], outputs: int, labels: tuple[str, ...]) -> list[int]:
    """Return the column of each output."""
    others = [i for i, name in enumerate(header) if name != _TEXT]
    if header.count(_TEXT) == 1:
        named = [header.index(label) for label in labels if header.count(label) == 1]
        if outputs == 1 and named:
            return named[-1:]
        if len(named) == outputs:
            return named
        if len(others) == outputs:
            return others
    raise _wrong(
        path,
        f"a column named {_TEXT}, and {outputs} of probabilities",
        ", ".join(header)[:200] or "no header",
    )


def _probability(path: Path, value: str, row: int) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise _wrong(path, "probabilities from 0 to 1", f"{value!r} in row {row}")
    return number


def _wrong(path: Path, expected: str, found: str) -> OptionError:
    return OptionError(
        "the reference predictions cannot be read",
        path=path,
        expected=expected,
        found=found,
        hint=_HINT,
    )
