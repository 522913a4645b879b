"""Folders of labeled text: one folder a class, one file a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgernn.data.decode import decode
from edgernn.data.rows import Rows
from edgernn.errors import DataError


def read_folder(path: Path, *, replace_undecodable: bool = False) -> Rows:
    """Return the texts below a folder, each labeled with the name of the folder it stands in.

    Folders and files are read in sorted order, so that the result does not depend on the disk.

    Args:
        path: the folder of the class folders.
        replace_undecodable: read a byte that is not UTF-8 as U+FFFD instead of refusing it.

    Returns:
        The rows; empty files are left out and counted in a warning.

    Raises:
        DataError: it has no class folder with a text, or a file is not UTF-8.
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
            "the folder holds no labeled text",
            path=path,
            expected="one folder a class, with one text file a text",
            found="no such file",
        )
    warning = (f"{path}: {empty} empty files left out",) if empty else ()
    return Rows(tuple(texts), tuple(labels), warning)


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    for folder in sorted(path.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "__")):
            for file in sorted(folder.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield folder.name, file
