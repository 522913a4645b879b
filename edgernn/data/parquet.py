"""Parquet files, with the optional package pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgernn.errors import DataError, OptionError

PARQUET = ".parquet"
_BATCH = 1024


def parquet_cells(
    path: Path, text_column: str, label_column: str
) -> Iterator[tuple[int, str | None, str | None]]:
    """Yield the number, the text and the label of each row, in constant memory.

    Raises:
        OptionError: pyarrow is not installed, or a column does not exist.
        DataError: the file is damaged.
    """
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise OptionError(
            "Parquet files need pyarrow",
            path=path,
            expected="the package pyarrow",
            found="no such package",
            hint="pip install 'edgernn[parquet]'",
        ) from error
    try:
        with ParquetFile(path) as file:
            names = file.schema_arrow.names
            for name in (text_column, label_column):
                if name not in names:
                    raise OptionError(
                        f"the column {name!r} does not exist",
                        path=path,
                        expected="--text-column and --label-column with columns of the file",
                        found=", ".join(names),
                        hint="pass the names of the columns",
                    )
            number = 0
            for batch in file.iter_batches(_BATCH, columns=[text_column, label_column]):
                columns = (batch.column(text_column), batch.column(label_column))
                for text, label in zip(*(one.to_pylist() for one in columns), strict=True):
                    number += 1
                    yield number, _cell(text), _cell(label)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            "the file is damaged",
            path=path,
            expected="a complete Parquet file",
            found=str(error),
            hint="copy or write the file again",
        ) from error


def _cell(value: object) -> str | None:
    return None if value is None else str(value)
