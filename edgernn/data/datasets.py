"""The data that `--data` names: a data set, a table, or a folder."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgernn.data.cells import SUFFIXES
from edgernn.data.decode import decode
from edgernn.data.folder import read_folder
from edgernn.data.imdb import default_folder, load_imdb
from edgernn.data.multilabel import LabelFormat, check_label_format
from edgernn.data.packages import load_bbc, load_reviews
from edgernn.data.rows import Corpus, Rows
from edgernn.data.table import is_table, read_table
from edgernn.errors import OptionError


@dataclass(frozen=True)
class DataOptions:
    """The location of labeled texts.

    Attributes:
        data: `reviews`, `bbc`, `imdb`, a table or a folder.
        data_dir: the folder of the IMDB reviews, or None for the cache folder.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        label_delimiter: what separates several labels in a cell, or None for one label.
        label_columns: instead of `label_column`, one column for each label, 1 or 0.
    """

    data: str = "reviews"
    data_dir: Path | None = None
    text_column: str = "text"
    label_column: str = "label"
    label_delimiter: str | None = None
    label_columns: tuple[str, ...] = ()

    @property
    def labels_at(self) -> LabelFormat:
        """Where a table contains the labels."""
        return LabelFormat(self.label_column, self.label_delimiter, self.label_columns)


NAMED: dict[str, Callable[[DataOptions], Corpus]] = {
    "reviews": lambda _: load_reviews(),
    "bbc": lambda _: load_bbc(),
    "imdb": lambda options: load_imdb(options.data_dir or default_folder()),
}


def load_corpus(options: DataOptions) -> Corpus:
    """Load the data set that the options name.

    Raises:
        OptionError: the data set, file, folder or column does not exist.
        DataError: the data is malformed.
    """
    if options.data in NAMED:
        return NAMED[options.data](options)
    path = Path(options.data)
    if path.is_dir():
        return Corpus(name=options.data, train=read_folder(path))
    return Corpus(name=options.data, train=load_rows(path, options))


def load_rows(path: Path, options: DataOptions) -> Rows:
    """Load the rows of a table.

    Raises:
        OptionError: the file or a column does not exist, or the file is not a table.
        DataError: the table is malformed.
    """
    if not path.exists():
        near = difflib.get_close_matches(str(path), NAMED, n=1)
        raise OptionError(
            "the data does not exist",
            path=path,
            expected=f"{' | '.join(NAMED)}, a file ({', '.join(SUFFIXES)}) or a folder",
            found="nothing at this path",
            hint=f"did you mean {near[0]}?" if near else "check the path",
        )
    if not is_table(path):
        raise OptionError(
            "the file type is not supported",
            path=path,
            expected=f"a file name with the suffix {', '.join(SUFFIXES)}, or with .gz after it",
            found=path.name,
            hint="convert the file, for example to .csv with the columns text and label",
        )
    check_label_format(options.labels_at)
    return read_table(path, options.text_column, options.labels_at)


def read_texts(path: Path, text_column: str) -> tuple[str, ...]:
    """Load unlabeled texts: a column of a table, or the lines of a .txt file.

    Raises:
        OptionError: the file or the column does not exist, or the file type is not supported.
        DataError: the file is malformed.
    """
    if not path.is_file():
        raise OptionError(
            "the file of texts does not exist",
            path=path,
            expected=f"a file ({', '.join((*SUFFIXES, '.txt'))})",
            found="a folder" if path.is_dir() else "nothing at this path",
            hint="check the path",
        )
    if path.suffix == ".txt":
        lines = decode(path.read_bytes(), path).split("\n")
        return tuple(line for line in lines if line.strip())
    return load_rows(path, DataOptions(text_column=text_column, label_column=text_column)).texts
