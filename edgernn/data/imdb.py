"""The Large Movie Review Dataset (aclImdb): the folder or the published archive.

Source: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from edgernn.data.folder import read_folder
from edgernn.data.rows import Corpus, Rows, clean_breaks, without_duplicates
from edgernn.errors import DataError, OptionError

ARCHIVE = "aclImdb_v1.tar.gz"
FOLDER = "aclImdb"
URL = f"https://ai.stanford.edu/~amaas/data/sentiment/{ARCHIVE}"
SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"

_SENTIMENTS = ("neg", "pos")


def default_folder() -> Path:
    """Return the folder of downloads: `edgernn` in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "edgernn"


def load_imdb(data_dir: Path) -> Corpus:
    """Return the official training and test halves; each has 25,000 reviews before deduplication.

    Args:
        data_dir: the folder aclImdb, its archive, or a folder that contains one of them.

    Raises:
        OptionError: neither exists.
        DataError: the archive is damaged, or a half is missing.
    """
    for place in (data_dir, data_dir / FOLDER):
        if (place / "train" / "pos").is_dir():
            halves = {half: _read_half(place / half) for half in ("train", "test")}
            break
    else:
        halves = _read_archive(_archive(data_dir))
    train = without_duplicates(_cleaned(halves["train"]))
    return Corpus(name="imdb", train=train, test=_cleaned(halves["test"]))


def _archive(data_dir: Path) -> Path:
    archive = data_dir if data_dir.is_file() else data_dir / ARCHIVE
    if not archive.is_file():
        raise OptionError(
            "the IMDB reviews were not found",
            path=data_dir,
            expected=f"the folder {FOLDER} or the archive {ARCHIVE}",
            found="neither",
            hint="pass their folder with --data-dir, or run `edgernn data imdb --download`",
        )
    return archive


def _read_half(folder: Path) -> Rows:
    parts = [folder / sentiment for sentiment in _SENTIMENTS]
    missing = [part for part in parts if not part.is_dir()]
    if missing:
        raise DataError(
            "the IMDB folder is incomplete",
            path=folder,
            expected=f"the subfolders {' and '.join(_SENTIMENTS)}",
            found=f"no folder {missing[0].name}",
            hint="`edgernn data imdb --download` downloads the archive again",
        )
    rows = read_folder(folder)
    return rows.take([i for i, label in enumerate(rows.labels) if label in _SENTIMENTS])


def _read_archive(archive: Path) -> dict[str, Rows]:
    halves: dict[str, list[tuple[str, str, str]]] = {"train": [], "test": []}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                parts = Path(member.name).parts
                if len(parts) != 4 or parts[1] not in halves or parts[2] not in _SENTIMENTS:
                    continue
                content = tar.extractfile(member)
                if content is not None:
                    halves[parts[1]].append((parts[2], parts[3], content.read().decode()))
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DataError(
            "the archive is damaged",
            path=archive,
            expected=f"the complete {ARCHIVE}",
            found=str(error),
            hint="`edgernn data imdb --download` downloads it again",
        ) from error
    if not all(halves.values()):
        raise DataError(
            "the archive does not contain the reviews",
            path=archive,
            expected=f"{FOLDER}/train and {FOLDER}/test with {' and '.join(_SENTIMENTS)}",
            found="no review in " + " and ".join(half for half, rows in halves.items() if not rows),
            hint="`edgernn data imdb --download` downloads the published archive",
        )
    return {half: _rows(sorted(rows)) for half, rows in halves.items()}


def _rows(rows: list[tuple[str, str, str]]) -> Rows:
    return Rows(tuple(text for _, _, text in rows), tuple(label for label, _, _ in rows))


def _cleaned(rows: Rows) -> Rows:
    return Rows(tuple(clean_breaks(text) for text in rows.texts), rows.labels, rows.warnings)
