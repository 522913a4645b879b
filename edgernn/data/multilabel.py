"""Several labels of one text: how a table contains them, and how rows keep them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgernn.errors import DataError, OptionError

#: Between the labels of a text in `Rows.labels`: a control character that no label contains.
SEPARATOR = "\x1f"
_TRUE, _FALSE = {"1", "1.0", "true", "yes"}, {"", "0", "0.0", "false", "no"}


@dataclass(frozen=True)
class LabelFormat:
    """Where a table contains the labels of a text.

    Attributes:
        column: the column with one label, or with several.
        delimiter: what separates several labels in a cell; None for one label. In JSON Lines, the
            cell may be a list of labels in any case.
        columns: instead of `column`, one column for each label, whose cells are 1 or 0.
    """

    column: str = "label"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def is_multilabel(self) -> bool:
        """Whether the options say that a text may have several labels."""
        return self.delimiter is not None or bool(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the table must have."""
        return self.columns or (self.column,)


def check_label_format(labels: LabelFormat) -> None:
    """Check that the options fit together.

    Raises:
        OptionError: both ways are given, or the delimiter is empty.
    """
    if labels.delimiter is not None and (labels.columns or not labels.delimiter):
        both = bool(labels.columns)
        raise OptionError(
            "--label-delimiter and --label-columns exclude each other"
            if both
            else "--label-delimiter is empty",
            expected="a delimiter such as '|', or --label-columns",
            found="both" if both else "''",
            hint="leave out one of them" if both else "pass the text between two labels",
        )


def join_labels(labels: Iterable[str]) -> str:
    """Return the labels of a text as `Rows` keeps them: distinct and sorted, without blanks."""
    return SEPARATOR.join(sorted({label.strip() for label in labels} - {""}))


def split_labels(joined: str) -> tuple[str, ...]:
    """Return the labels that `join_labels` joined."""
    return tuple(joined.split(SEPARATOR)) if joined else ()


def read_labels(
    row: Mapping[str, object], labels: LabelFormat, path: Path, line: int
) -> tuple[str | None, bool]:
    """Return the label or the joined labels of a row, and whether there may be several.

    The label is None if the cell is missing, which means no label for a row of several.

    Args:
        row: the cells by column.
        labels: where the labels are.
        path: the file, for messages.
        line: the line, for messages.

    Raises:
        DataError: a cell of a column for one label is neither 1 nor 0, or a list contains
            something else than labels.
    """
    if labels.columns:
        chosen = [name for name in labels.columns if _is_set(row.get(name), name, path, line)]
        return join_labels(chosen), True
    value = row.get(labels.column)
    if isinstance(value, list):
        if not all(isinstance(one, str | int) for one in value):
            raise DataError(
                "a list of labels contains something else",
                path=f"{path}, line {line}",
                expected="a list of strings",
                found=json.dumps(value, ensure_ascii=False)[:80],
                hint="write the labels as strings",
            )
        return join_labels(map(str, value)), True
    if labels.delimiter is not None:
        return join_labels(str("" if value is None else value).split(labels.delimiter)), True
    return None if value is None else str(value).strip(), False


def _is_set(value: object, name: str, path: Path, line: int) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise DataError(
            "a cell of a column for one label is neither 1 nor 0",
            path=f"{path}, line {line}",
            expected=f"{name}: 1 or 0, true or false, yes or no",
            found=text[:80],
            hint="check --label-columns",
        )
    return text in _TRUE
