"""Folders of labeled text: one subfolder per class, one file per text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgernn.data.decode import decode
from edgernn.data.rows import Rows
from edgernn.errors import DataError


def read_folder(path: Path, *, replace_undecodable: bool = False) -> Rows:
    """Return the texts in a folder, labeled with the names of their subfolders.

    Folders and files are read in sorted order, so the result does not depend on the file system.

    Args:
        path: the folder with the class folders.
        replace_undecodable: decode invalid UTF-8 as U+FFFD instead of raising an error.

    Returns:
        The rows; empty files are skipped and counted in a warning.

    Raises:
        DataError: no class folder contains a text, or a file is not UTF-8.
    """
    texts, labels, empty = [], [], 0
    errors = "replace" if replace_undecodable else "strict"
    for label, file in _files(path):
        text = decode(file.read_bytes(), file, errors=errors)
        if not text.strip():
            empty += 1
            continue
        texts.append(text)
        labels.append(label)
    if not texts:
        raise DataError(
            "the folder does not contain labeled texts",
            path=path,
            expected="one subfolder per class, with one text file per text",
            found="no text file in a subfolder",
            hint="sort the texts into subfolders named after their labels",
        )
    warning = (f"{path}: skipped {empty} empty file" + ("s" if empty > 1 else ""),) if empty else ()
    return Rows(tuple(texts), tuple(labels), warning)


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    for folder in sorted(path.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "__")):
            for file in sorted(folder.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield folder.name, file
