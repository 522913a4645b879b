"""The cells of tables: CSV, TSV and JSON Lines, read row by row."""

from __future__ import annotations

import contextlib
import csv
import difflib
import itertools
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from edgernn.data.multilabel import LabelFormat, read_labels
from edgernn.errors import DataError, OptionError

TextOrNone = str | None
#: Line number, text, label or joined labels, whether the row is multi-label.
Cell = tuple[int, TextOrNone, TextOrNone, bool]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
#: Delimiters that other programs write, to recognize a file with another delimiter.
_OTHER_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_HINTS = {",": "rename the file to .csv", "\t": "rename the file to .tsv"}
JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITERS, *JSON_LINES)

#: The longest cell, in characters. Articles exceed the default of Python, 131,072.
_MAX_CELL = 1 << 24


def table_kind(path: Path) -> str:
    """Return the suffix of a table, without that of gzip."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()


def csv_cells(path: Path, stream: TextIO, text_column: str, where: LabelFormat) -> Iterator[Cell]:
    """Yield the cells of each row of a stream of CSV or TSV.

    Raises:
        DataError: a row is malformed.
        OptionError: a column does not exist.
    """
    with long_cells():
        header = stream.readline()
        reader = csv.DictReader(
            itertools.chain([header], stream), delimiter=DELIMITERS[table_kind(path)], strict=True
        )
        try:
            for name in (text_column, *where.names):
                check_delimiter(path, name, header.rstrip("\n"))
                require_column(path, name, list(reader.fieldnames or []))
            for row in reader:
                if None in row:
                    raise DataError(
                        "a row has more cells than the header",
                        path=f"{path}, line {reader.line_num}",
                        expected=f"{len(reader.fieldnames or [])} cells",
                        found=f"{len(reader.fieldnames or []) + len(row[None])}",
                        hint="quote texts that contain the delimiter, with double quotes",
                    )
                label, has_several = read_labels(row, where, path, reader.line_num)
                yield reader.line_num, row[text_column], label, has_several
        except csv.Error as error:
            raise DataError(
                "a row is malformed",
                path=f"{path}, line {reader.line_num}",
                expected=f'cells separated by {DELIMITERS[table_kind(path)]!r}, quoted with "',
                found=str(error),
                hint="quote texts that contain the delimiter or a quote, with double quotes",
            ) from error


#: The readers that are open, and the limit of Python before the first was opened.
_open_readers: list[int] = []


@contextlib.contextmanager
def long_cells() -> Iterator[None]:
    """Allow long cells until the last reader is closed; the limit is one for the process."""
    _open_readers.append(csv.field_size_limit(_MAX_CELL))
    try:
        yield
    finally:
        before = _open_readers.pop()
        if not _open_readers:
            csv.field_size_limit(before)


def json_cells(path: Path, stream: TextIO, text_column: str, where: LabelFormat) -> Iterator[Cell]:
    """Yield the cells of each row of a stream of JSON Lines.

    Raises:
        DataError: a row is malformed.
        OptionError: a column does not exist.
    """
    example = f'{{"{text_column}": ..., "{where.names[0]}": ...}}'
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(
                "a line is not JSON",
                path=f"{path}, line {number}",
                expected=example,
                found=str(error),
                hint="write one JSON object per line",
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                "a line is not a JSON object",
                path=f"{path}, line {number}",
                expected=example,
                found=type(row).__name__,
                hint="write one JSON object per line",
            )
        if number == 1:
            for name in (text_column, *where.names):
                require_column(path, name, list(row))
        text = row.get(text_column)
        label, has_several = read_labels(row, where, path, number)
        yield number, None if text is None else str(text), label, has_several


def check_delimiter(path: Path, name: str, header: str) -> None:
    """Check that a header with the column does not use another delimiter.

    The header is checked before it is parsed: the parser rejects quotes around other delimiters.

    Raises:
        OptionError: it does.
    """
    expected = DELIMITERS[table_kind(path)]
    if expected in header or header.strip(' "\r') == name:
        return
    for delimiter in _OTHER_DELIMITERS:
        names = [column.strip(' "\r') for column in header.split(delimiter)]
        if name in names and len(names) > 1:
            raise DataError(
                f"the columns are separated by {delimiter!r}",
                path=path,
                expected=f"columns separated by {expected!r} in a {table_kind(path)} file",
                found=header.rstrip("\r"),
                hint=_DELIMITER_HINTS.get(delimiter, _conversion(path, delimiter)),
            )


def _conversion(path: Path, delimiter: str) -> str:
    """Return what to do about a table with another delimiter."""
    if path.suffix.lower() == ".gz":
        return "save the table with commas, as .csv"
    program = (
        "import csv, sys; "
        f"csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, delimiter='{delimiter}'))"
    )
    return f'save it with commas: python -c "{program}" < {shlex.quote(str(path))} > commas.csv'


def require_column(
    path: Path,
    name: str,
    columns: list[str],
    options: str = "--text-column and --label-column with columns of the file",
) -> None:
    """Check that a table has a column.

    Args:
        path: the table, for the error.
        name: the column.
        columns: the columns of the table.
        options: the options that name columns, for the error.

    Raises:
        OptionError: it has not.
    """
    if name in columns:
        return
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.4)
    raise OptionError(
        f"the column {name!r} does not exist",
        path=path,
        expected=options,
        found=", ".join(columns) or "no column",
        hint=f"did you mean {near[0]!r}?" if near else "pass the names of the columns",
    )
