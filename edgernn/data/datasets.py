"""Where `--data` leads: a named data set, a table, or a folder."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgernn.data.decode import decode
from edgernn.data.folder import read_folder
from edgernn.data.imdb import default_folder, load_imdb
from edgernn.data.packages import load_bbc, load_reviews
from edgernn.data.rows import Corpus, Rows
from edgernn.data.table import SUFFIXES, is_table, read_table
from edgernn.errors import OptionError


@dataclass(frozen=True)
class DataOptions:
    """What the command line says about data.

    Attributes:
        data: `reviews`, `bbc`, `imdb`, a table or a folder.
        data_dir: where the IMDB reviews are, or None for the cache folder.
        text_column: the column of a table that holds the texts.
        label_column: the column of a table that holds the labels.
    """

    data: str = "reviews"
    data_dir: Path | None = None
    text_column: str = "text"
    label_column: str = "label"


NAMED: dict[str, Callable[[DataOptions], Corpus]] = {
    "reviews": lambda _: load_reviews(),
    "bbc": lambda _: load_bbc(),
    "imdb": lambda options: load_imdb(options.data_dir or default_folder()),
}


def load_corpus(options: DataOptions) -> Corpus:
    """Return the data set that the options name.

    Raises:
        OptionError: there is no such data set, file, folder or column.
        DataError: it cannot be read.
    """
    if options.data in NAMED:
        return NAMED[options.data](options)
    path = Path(options.data)
    if path.is_dir():
        return Corpus(name=options.data, train=read_folder(path))
    return Corpus(name=options.data, train=load_rows(path, options))


def load_rows(path: Path, options: DataOptions) -> Rows:
    """Return the rows of a table.

    Raises:
        OptionError: the file or a column is not there, or the file is not a table.
        DataError: it cannot be read.
    """
    if not path.exists():
        near = difflib.get_close_matches(str(path), NAMED, n=1)
        raise OptionError(
            "there is no such data",
            path=path,
            expected=f"{' | '.join(NAMED)}, a file ({', '.join(SUFFIXES)}) or a folder",
            found="nothing",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    if not is_table(path):
        raise OptionError(
            "this kind of file cannot be read",
            path=path,
            expected=f"a name that ends in {', '.join(SUFFIXES)} (.gz may follow)",
            found=path.name,
        )
    return read_table(path, options.text_column, options.label_column)


def read_texts(path: Path, text_column: str) -> tuple[str, ...]:
    """Return texts without labels: a column of a table, or a text on each line of a .txt file.

    Raises:
        OptionError: the file or the column is not there, or it is another kind of file.
        DataError: it cannot be read.
    """
    if not path.is_file():
        raise OptionError(
            "there is no file of texts here",
            path=path,
            expected=f"a file ({', '.join((*SUFFIXES, '.txt'))})",
            found="a folder" if path.is_dir() else "nothing",
        )
    if path.suffix == ".txt":
        lines = decode(path.read_bytes(), path).split("\n")
        return tuple(line for line in lines if line.strip())
    return load_rows(path, DataOptions(text_column=text_column, label_column=text_column)).texts
