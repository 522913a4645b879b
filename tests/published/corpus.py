"""The texts that the published models are trained and compared on."""

from __future__ import annotations

import csv
import functools
import gzip
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: The number of texts that a model is trained on, and of those that its pipeline is compared on.
TRAIN_TEXTS, TEST_TEXTS = 3000, 200

_FILES = {
    "imdb": ("imdb/train.csv.gz", "imdb/test.csv.gz"),
    "agnews": ("agnews/train10k.csv", "agnews/test.csv"),
    "trec6": ("trec6/train.csv", "trec6/test.csv"),
    "sms_spam": ("sms_spam/train.csv", "sms_spam/test.csv"),
}
_LABELS = {"imdb": ("neg", "pos")}


class MissingDataError(Exception):
    """A data set is not in the folder of data."""


@dataclass(frozen=True)
class Corpus:
    """A part of a data set.

    Attributes:
        texts: N texts to train on.
        targets: their classes: int64 [N], or with several labels a text, int64 [N, C] of 0 and 1.
        labels: the names of the C classes.
        test_texts: `TEST_TEXTS` other texts.
    """

    texts: tuple[str, ...]
    targets: NDArray[np.int64]
    labels: tuple[str, ...]
    test_texts: tuple[str, ...]


@functools.cache
def read_corpus(data: Path, name: str) -> Corpus:
    """Return the corpus of a name: a data set, or `questions`, which has several labels a text.

    Args:
        data: the folder of data sets.
        name: `imdb`, `agnews`, `trec6`, `sms_spam` or `questions`.

    Raises:
        MissingDataError: the data set is not in the folder.
    """
    if name == "questions":
        return _joined(read_corpus(data, "trec6"))
    train, test = (data / file for file in _FILES[name])
    for path in (train, test):
        if not path.is_file():
            raise MissingDataError(f"{path.parent.name}/{path.name} is not in the folder of data")
    rows = _read(train, TRAIN_TEXTS)
    labels = _LABELS.get(name) or tuple(sorted({label for _, label in rows}))
    # IMDB's labels are 0 and 1.
    classes = {label: i for i, label in enumerate(sorted({label for _, label in rows}))}
    return Corpus(
        texts=tuple(text for text, _ in rows),
        targets=np.array([classes[label] for _, label in rows], dtype=np.int64),
        labels=labels,
        test_texts=tuple(text for text, _ in _read(test, TEST_TEXTS)),
    )


def _read(path: Path, count: int) -> list[tuple[str, str]]:
    """Return rows drawn from a table of texts and labels, whose rows may be sorted by label."""
    with (
        gzip.open(path, "rt", newline="", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(newline="", encoding="utf-8") as stream
    ):
        rows = [(row["text"], row["label"]) for row in csv.DictReader(stream)]
    return random.Random(1).sample(rows, min(count, len(rows)))


def _joined(corpus: Corpus) -> Corpus:
    """Return texts of one to three questions each, which have the labels of all of them."""
    draw = random.Random(2)

    def groups(count: int) -> list[list[int]]:
        sizes = draw.choices((1, 2, 3), k=count)
        return [draw.sample(range(count), size) for size in sizes]

    def join(texts: Sequence[str], chosen: list[list[int]]) -> tuple[str, ...]:
        return tuple(" ".join(texts[i] for i in group) for group in chosen)

    chosen = groups(len(corpus.texts))
    targets = np.zeros((len(chosen), len(corpus.labels)), dtype=np.int64)
    for row, group in enumerate(chosen):
        targets[row, corpus.targets[group]] = 1
    return Corpus(
        texts=join(corpus.texts, chosen),
        targets=targets,
        labels=corpus.labels,
        test_texts=join(corpus.test_texts, groups(len(corpus.test_texts))),
    )
