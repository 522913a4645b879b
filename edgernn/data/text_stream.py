"""Texts of a file, one at a time: lines, or a column of a CSV, TSV or JSON Lines table."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from edgernn.data.cells import (
    DELIMITERS,
    JSON_LINES,
    SUFFIXES,
    check_delimiter,
    long_cells,
    require_column,
    table_kind,
)
from edgernn.errors import DataError, OptionError

#: A line's number, and its text or what is wrong with it.
Line = tuple[int, str | bytes | DataError]
#: What `surrogateescape` makes of bytes that are not UTF-8.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


class TextStream:
    """An open file of texts.

    Attributes:
        size: the bytes of the file, or None if they are unknown.
    """

    def __init__(self, path: Path, raw: BinaryIO, column: str) -> None:
        """Read texts of an open file.

        Args:
            path: the path; its suffix says how to read the file.
            raw: the file.
            column: the column of the texts in a table.
        """
        self.size = path.stat().st_size if raw.seekable() and path.is_file() else None
        self._path, self._raw, self._column = path, raw, column

    @property
    def position(self) -> int:
        """The bytes that were read."""
        return self._raw.tell() if self.size is not None else 0

    def __iter__(self) -> Iterator[Line]:
        """Yield each line with a text, or with what is wrong with it.

        Raises:
            DataError: the file is damaged, or its header is malformed.
            OptionError: the column does not exist.
        """
        try:
            yield from self._lines()
        except (EOFError, OSError, zlib.error) as error:
            raise _unreadable(self._path, "the file is damaged", error) from error

    def _lines(self) -> Iterator[Line]:
        data: BinaryIO = self._raw
        if self._path.suffix.lower() == ".gz":
            data = gzip.GzipFile(fileobj=self._raw)  # type: ignore[assignment]
        kind = table_kind(self._path)
        if kind not in SUFFIXES:
            return _plain_lines(self._path, data)
        if kind in JSON_LINES:
            return _json_lines(self._path, data, self._column)
        return _table_rows(self._path, data, self._column)


@contextmanager
def open_texts(path: Path, column: str) -> Iterator[TextStream]:
    """Open a file of texts; - is stdin, one text per line.

    Raises:
        OptionError: the file does not exist.
        DataError: the file cannot be read.
    """
    if str(path) == "-":
        yield TextStream(path, sys.stdin.buffer, column)
        return
    try:
        raw = path.open("rb")
    except FileNotFoundError as error:
        raise OptionError(
            "the file does not exist",
            path=path,
            expected="a file of texts",
            found="nothing at this path",
            hint="check the path",
        ) from error
    except OSError as error:
        raise _unreadable(path, "the file cannot be read", error) from error
    with raw:
        yield TextStream(path, raw, column)


def _unreadable(path: Path, what: str, error: Exception) -> DataError:
    return DataError(
        what,
        path=path,
        expected="a readable file",
        found=getattr(error, "strerror", None) or str(error),
        hint="check the path and its permissions, or copy the file again",
    )


def _plain_lines(path: Path, data: BinaryIO) -> Iterator[Line]:
    for number, line in enumerate(data, start=1):
        if number == 1 and b"\0" in line:
            raise DataError(
                "the file is not text in UTF-8",
                path=path,
                expected="one text per line, or a table (.csv, .tsv, .jsonl), also with .gz",
                found="bytes of 0 in the first line",
                hint="pass another file, or convert it: iconv -f UTF-16 -t UTF-8",
            )
        yield number, line.rstrip(b"\r\n")


def _json_lines(path: Path, data: BinaryIO, column: str) -> Iterator[Line]:
    expected = f'{{"{column}": ...}}'
    for number, line in enumerate(data, start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except ValueError as error:
            yield number, _bad(place, "a line is not JSON", expected, str(error))
            continue
        text = row.get(column) if isinstance(row, dict) else None
        if text is None:
            found = f"the fields {', '.join(row)}" if isinstance(row, dict) else type(row).__name__
            yield number, _bad(place, "a line has no text", expected, found)
            continue
        yield number, str(text)


def _table_rows(path: Path, data: BinaryIO, column: str) -> Iterator[Line]:
    content = io.TextIOWrapper(data, "utf-8-sig", errors="surrogateescape", newline="")
    try:
        with long_cells():
            reader = csv.reader(content, delimiter=DELIMITERS[table_kind(path)], strict=True)
            header = _header(path, reader, column)
            yield from _rows(path, reader, header, header.index(column))
    finally:
        # Else it would close the file, which is not its own.
        content.detach()


def _rows(path: Path, reader: Any, header: list[str], place: int) -> Iterator[Line]:
    expected = f"{len(header)} cells"
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _bad_row(path, line, expected, str(error))
            continue
        if not row:
            continue
        if len(row) != len(header):
            yield line, _bad_row(path, line, expected, f"{len(row)} cells")
        elif _NOT_UTF8.search(row[place]):
            yield line, _bad_row(path, line, "text in UTF-8", "other bytes")
        else:
            yield line, row[place]


def _header(path: Path, reader: Iterator[list[str]], column: str) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error:
        header = []
    check_delimiter(path, column, DELIMITERS[table_kind(path)].join(header))
    require_column(path, column, header, "--text-column with a column of the file")
    return header


def _bad_row(path: Path, line: int, expected: str, found: str) -> DataError:
    return _bad(f"{path}, line {line}", "a row is malformed", expected, found)


def _bad(place: str, what: str, expected: str, found: str) -> DataError:
    return DataError(what, path=place, expected=expected, found=found, hint="correct the line")
