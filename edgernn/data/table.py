"""Tables of labeled text: CSV, TSV and JSON Lines, plain or gzipped."""

from __future__ import annotations

import contextlib
import csv
import difflib
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from edgernn.data.decode import decode
from edgernn.data.rows import Rows
from edgernn.errors import DataError, OptionError

TextOrNone = str | None
Cell = tuple[int, TextOrNone, TextOrNone]  # line number, text, label

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*_DELIMITERS, *_JSON_LINES)

#: The longest cell that is read, in characters; Python's own limit of 131,072 is below what
#: articles have.
_MAX_CELL = 1 << 24


def is_table(path: Path) -> bool:
    """Return whether the file's name says that it is a table that can be read."""
    return _kind(path) in SUFFIXES


def read_table(path: Path, text_column: str, label_column: str) -> Rows:
    """Return the rows of a table.

    Args:
        path: `.csv`, `.tsv` or `.jsonl`, UTF-8 with or without a byte order mark, `.gz` or not.
        text_column: the name of the column with the texts.
        label_column: the name of the column with the labels.

    Returns:
        The rows; one without a text or a label is left out and counted in a warning.

    Raises:
        DataError: the file is empty, not UTF-8, or a line cannot be read.
        OptionError: a column is not there.
    """
    content = _content(path)
    if not content.strip():
        raise DataError("the file is empty", path=path, expected="a header and rows", found="none")
    if _kind(path) in _JSON_LINES:
        cells = _json_cells(path, content, text_column, label_column)
    else:
        cells = _csv_cells(path, content, text_column, label_column)
    texts, labels, skipped = [], [], []
    for line, text, label in cells:
        if text is None or label is None or not text.strip() or not label.strip():
            skipped.append(line)
            continue
        texts.append(text)
        labels.append(label.strip())
    if not texts:
        raise DataError(
            "the file has no row with a text and a label",
            path=path,
            expected=f"rows with {text_column} and {label_column}",
            found=f"{len(skipped)} rows without one of them",
        )
    return Rows(tuple(texts), tuple(labels), _skip_warning(path, skipped))


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()


def _skip_warning(path: Path, skipped: list[int]) -> tuple[str, ...]:
    if not skipped:
        return ()
    count = f"{len(skipped)} row" + ("s" if len(skipped) > 1 else "")
    return (f"{path}: {count} without a text or a label left out, first at line {skipped[0]}",)


def _content(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError("the file cannot be read", path=path, found=str(error)) from error
    return decode(data, path)


def _csv_cells(path: Path, content: str, text_column: str, label_column: str) -> Iterator[Cell]:
    with _long_cells():
        reader = csv.DictReader(
            io.StringIO(content, newline=""), delimiter=_DELIMITERS[_kind(path)], strict=True
        )
        try:
            for name in (text_column, label_column):
                _require_column(path, name, list(reader.fieldnames or []))
            for row in reader:
                if None in row:
                    raise DataError(
                        "a row has more cells than the header",
                        path=f"{path}, line {reader.line_num}",
                        expected=f"{len(reader.fieldnames or [])} cells",
                        found=f"{len(reader.fieldnames or []) + len(row[None])}",
                        hint="put a text that holds the delimiter into double quotes",
                    )
                yield reader.line_num, row[text_column], row[label_column]
        except csv.Error as error:
            raise DataError(
                "a row cannot be read",
                path=f"{path}, line {reader.line_num}",
                expected=f'cells separated by {_DELIMITERS[_kind(path)]!r}, quoted with "',
                found=str(error),
            ) from error


@contextlib.contextmanager
def _long_cells() -> Iterator[None]:
    before = csv.field_size_limit(_MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _json_cells(path: Path, content: str, text_column: str, label_column: str) -> Iterator[Cell]:
    # Not `splitlines`, which cuts at characters that JSON allows inside a string.
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(
                "a line is not JSON", path=f"{path}, line {number}", found=str(error)
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                "a line is not a JSON object",
                path=f"{path}, line {number}",
                expected=f'{{"{text_column}": ..., "{label_column}": ...}}',
                found=type(row).__name__,
            )
        if number == 1:
            for name in (text_column, label_column):
                _require_column(path, name, list(row))
        yield number, _cell(row.get(text_column)), _cell(row.get(label_column))


def _cell(value: object) -> TextOrNone:
    return None if value is None else str(value)


def _require_column(path: Path, name: str, columns: list[str]) -> None:
    if name in columns:
        return
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.4)
    raise OptionError(
        f"there is no column {name!r}",
        path=path,
        expected="--text-column and --label-column that stand in the file",
        found=", ".join(columns) or "no column",
        hint=f"did you mean {near[0]!r}?" if near else None,
    )
