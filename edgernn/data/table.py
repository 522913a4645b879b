"""Tables of labeled text: CSV, TSV and JSON Lines, plain or gzipped."""

from __future__ import annotations

import contextlib
import csv
import difflib
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from edgernn.data.decode import decode
from edgernn.data.parquet import PARQUET, parquet_cells
from edgernn.data.rows import Rows
from edgernn.errors import DataError, OptionError

TextOrNone = str | None
Cell = tuple[int, TextOrNone, TextOrNone]  # line number, text, label

DELIMITERS = {".csv": ",", ".tsv": "\t"}
#: Delimiters that other programs write, to recognize a file with another delimiter.
_OTHER_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_HINTS = {",": "rename the file to .csv", "\t": "rename the file to .tsv"}
JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITERS, *JSON_LINES)

#: The longest cell, in characters. Articles exceed the default of Python, 131,072.
_MAX_CELL = 1 << 24


def is_table(path: Path) -> bool:
    """Return whether the suffix of a file is that of a table."""
    return table_kind(path) in SUFFIXES


def read_table(path: Path, text_column: str, label_column: str) -> Rows:
    """Read the rows of a table.

    Args:
        path: a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file in UTF-8, or one of them with `.gz`.
        text_column: the name of the column with the texts.
        label_column: the name of the column with the labels.

    Returns:
        The rows; those without a text or a label are skipped and counted in a warning.

    Raises:
        DataError: the file is empty, damaged, not UTF-8, or a line is malformed.
        OptionError: a column does not exist.
    """
    content = _content(path)
    if not content.strip():
        raise DataError(
            "the file is empty",
            path=path,
            expected="a header and rows",
            found="no text",
            hint="check the path",
        )
    if table_kind(path) in JSON_LINES:
        cells = _json_cells(path, io.StringIO(content), text_column, label_column)
    else:
        stream = io.StringIO(content, newline="")
        cells = _csv_cells(path, stream, text_column, label_column)
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
            found=f"{len(skipped)} rows where one of them is empty",
            hint="check --text-column and --label-column",
        )
    return Rows(tuple(texts), tuple(labels), _skip_warning(path, skipped))


def iterate_table(path: Path, text_column: str, label_column: str) -> Iterator[tuple[str, str]]:
    """Yield the text and the label of each row of a table, in constant memory.

    Rows without a text or a label are skipped.

    Args:
        path: a file that `read_table` reads, or a `.parquet` file.
        text_column: the name of the column with the texts.
        label_column: the name of the column with the labels.

    Raises:
        DataError: the file is damaged, not UTF-8, or a line is malformed.
        OptionError: a column does not exist, or pyarrow is not installed.
    """
    if path.suffix == PARQUET:
        cells = parquet_cells(path, text_column, label_column)
    else:
        cells = _streamed_cells(path, text_column, label_column)
    for _, text, label in cells:
        if text is not None and label is not None and text.strip() and label.strip():
            yield text, label.strip()


def _streamed_cells(path: Path, text_column: str, label_column: str) -> Iterator[Cell]:
    is_json = table_kind(path) in JSON_LINES
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    line = 0
    try:
        # JSON allows other line separators within a string.
        newline = "\n" if is_json else ""
        with opened(path, "rt", encoding="utf-8-sig", newline=newline) as stream:
            read = _json_cells if is_json else _csv_cells
            for line, text, label in read(path, stream, text_column, label_column):
                yield line, text, label
    except UnicodeDecodeError as error:
        raise DataError(
            "the file is not UTF-8",
            path=f"{path}, after line {line}",
            expected="text in UTF-8",
            found=f"the byte 0x{error.object[error.start]:02x}",
            hint=f"convert the file, such as with: iconv -f LATIN1 -t UTF-8 {path.name}",
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            "the file cannot be read",
            path=f"{path}, after line {line}",
            expected="a readable, complete file",
            found=str(error),
            hint="check the path and its permissions, or copy the file again",
        ) from error


def table_kind(path: Path) -> str:
    """Return the suffix of a table, without that of gzip."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else path.suffix.lower()


def _skip_warning(path: Path, skipped: list[int]) -> tuple[str, ...]:
    if not skipped:
        return ()
    count = f"{len(skipped)} row" + ("s" if len(skipped) > 1 else "")
    return (f"{path}: skipped {count} without a text or a label, the first at line {skipped[0]}",)


def _content(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            "the file is damaged",
            path=path,
            expected="a complete gzip file",
            found=str(error),
            hint="copy or download the file again",
        ) from error
    except OSError as error:
        raise DataError(
            "the file cannot be read",
            path=path,
            expected="a readable file",
            found=error.strerror or str(error),
            hint="check the path and its permissions",
        ) from error
    return decode(data, path)


def _csv_cells(path: Path, stream: TextIO, text_column: str, label_column: str) -> Iterator[Cell]:
    with long_cells():
        header = stream.readline()
        reader = csv.DictReader(
            itertools.chain([header], stream), delimiter=DELIMITERS[table_kind(path)], strict=True
        )
        try:
            for name in (text_column, label_column):
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
                yield reader.line_num, row[text_column], row[label_column]
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


def _json_cells(path: Path, stream: TextIO, text_column: str, label_column: str) -> Iterator[Cell]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(
                "a line is not JSON",
                path=f"{path}, line {number}",
                expected=f'{{"{text_column}": ..., "{label_column}": ...}}',
                found=str(error),
                hint="write one JSON object per line",
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                "a line is not a JSON object",
                path=f"{path}, line {number}",
                expected=f'{{"{text_column}": ..., "{label_column}": ...}}',
                found=type(row).__name__,
                hint="write one JSON object per line",
            )
        if number == 1:
            for name in (text_column, label_column):
                require_column(path, name, list(row))
        yield number, _cell(row.get(text_column)), _cell(row.get(label_column))


def _cell(value: object) -> TextOrNone:
    return None if value is None else str(value)


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
                hint=_DELIMITER_HINTS.get(delimiter, "save the table with commas, as .csv"),
            )


def require_column(path: Path, name: str, columns: list[str]) -> None:
    """Check that a table has a column.

    Raises:
        OptionError: it has not.
    """
    if name in columns:
        return
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.4)
    raise OptionError(
        f"the column {name!r} does not exist",
        path=path,
        expected="--text-column and --label-column with columns of the file",
        found=", ".join(columns) or "no column",
        hint=f"did you mean {near[0]!r}?" if near else "pass the names of the columns",
    )
