"""Tables of labeled text: CSV, TSV and JSON Lines, plain or gzipped."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from edgernn.data.cells import JSON_LINES, SUFFIXES, Cell, csv_cells, json_cells, table_kind
from edgernn.data.decode import conversion_hint, decode
from edgernn.data.multilabel import LabelFormat
from edgernn.data.parquet import PARQUET, parquet_cells
from edgernn.data.rows import Rows
from edgernn.errors import DataError


def is_table(path: Path) -> bool:
    """Return whether the suffix of a file is that of a table."""
    return table_kind(path) in SUFFIXES


def read_table(path: Path, text_column: str, labels_at: str | LabelFormat) -> Rows:
    """Read the rows of a table.

    Args:
        path: a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file in UTF-8, or one of them with `.gz`.
        text_column: the name of the column with the texts.
        labels_at: the name of the column with the labels, or where several labels are.

    Returns:
        The rows; those without a text or a label are skipped and counted in a warning.

    Raises:
        DataError: the file is empty, damaged, not UTF-8, or a line is malformed.
        OptionError: a column does not exist.
    """
    where = LabelFormat(labels_at) if isinstance(labels_at, str) else labels_at
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
        cells = json_cells(path, io.StringIO(content), text_column, where)
    else:
        cells = csv_cells(path, io.StringIO(content, newline=""), text_column, where)
    texts, labels, skipped, is_multilabel = [], [], [], where.is_multilabel
    for line, text, label, has_several in cells:
        # A text with no label at all is an example of each label's absence.
        if text is None or not text.strip() or not (label or has_several):
            skipped.append(line)
            continue
        texts.append(text)
        labels.append(label or "")
        is_multilabel |= has_several
    if not texts:
        raise DataError(
            "the file has no row with a text and a label",
            path=path,
            expected=f"rows with {text_column} and {' or '.join(where.names)}",
            found=f"{len(skipped)} rows where one of them is empty",
            hint="check --text-column and --label-column",
        )
    return Rows(tuple(texts), tuple(labels), _skip_warning(path, skipped), is_multilabel)


def iterate_table(path: Path, text_column: str, label_column: str) -> Iterator[tuple[str, str]]:
    """Yield the text and the label of each row of a table, in constant memory.

    Rows without a text or a label are skipped.

    Args:
        path: a file that `read_table` reads, or a `.parquet` file.
        text_column: the name of the column with the texts.
        label_column: the name of the column with the labels.

    Raises:
        DataError: the file is damaged, not UTF-8, or a line is malformed, or has
            several labels.
        OptionError: a column does not exist, or pyarrow is not installed.
    """
    if path.suffix == PARQUET:
        pairs = parquet_cells(path, text_column, label_column)
        cells: Iterator[Cell] = ((line, text, label, False) for line, text, label in pairs)
    else:
        cells = _streamed_cells(path, text_column, label_column)
    for line, text, label, has_several in cells:
        if has_several:
            raise DataError(
                "a row has a list of labels",
                path=f"{path}, line {line}",
                expected="one label for each text, if files are streamed",
                found="several",
                hint="train without --stream",
            )
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
            read = json_cells if is_json else csv_cells
            for cell in read(path, stream, text_column, LabelFormat(label_column)):
                line = cell[0]
                yield cell
    except UnicodeDecodeError as error:
        raise DataError(
            "the file is not UTF-8",
            path=f"{path}, after line {line}",
            expected="text in UTF-8",
            found=f"the byte 0x{error.object[error.start]:02x}",
            # The decoder fails at the start of a file in UTF-16.
            hint=conversion_hint(error.object if line == 0 else b"", path),
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            "the file cannot be read",
            path=f"{path}, after line {line}",
            expected="a readable, complete file",
            found=str(error),
            hint="check the path and its permissions, or copy the file again",
        ) from error


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
