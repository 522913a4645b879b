"""A published model: how it is trained, saved and served by its author, and how it is exported."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.published.corpus import Corpus, read_corpus

#: Texts in, probabilities out: float32 [N, C], C being 1 for two labels.
Pipeline = Callable[[Sequence[str]], NDArray[np.float32]]

REFERENCE = "predictions.csv"


@dataclass(frozen=True)
class File:
    """A file in the folder of a published model, as the value of an option."""

    name: str


@dataclass(frozen=True)
class Wrong:
    """Options that contradict the pipeline.

    Attributes:
        what: the mistake in words.
        options: the options that replace those of the pattern; None leaves one out.
    """

    what: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Pattern:
    """A way in which people publish text classifiers.

    Attributes:
        name: its name.
        title: what it follows, in words.
        corpus: the name of its corpus.
        model: the file or folder that the author saved the model in.
        train: trains the model and saves it, and what its pipeline needs, in a folder.
        serve: returns the author's pipeline, from the files in that folder.
        options: the options of `edgernn export` that state what the pipeline does.
        wrong: mistakes in these options, each of which must be refused.
    """

    name: str
    title: str
    corpus: str
    model: str
    train: Callable[[Corpus, Path], None]
    serve: Callable[[Path], Pipeline]
    wrong: tuple[Wrong, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """A pattern that was trained.

    Attributes:
        pattern: the pattern.
        folder: the folder with its files.
        labels: the names of its C classes.
        texts: N texts that it was not trained on.
        outputs: the pipeline's probabilities for them: float32 [N, C], or [N, 1] for two labels.
    """

    pattern: Pattern
    folder: Path
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    outputs: NDArray[np.float32]

    @property
    def model(self) -> Path:
        """The file or folder of the model."""
        return self.folder / self.pattern.model

    @property
    def reference(self) -> Path:
        """The table of texts and the pipeline's probabilities for them."""
        return self.folder / REFERENCE

    def arguments(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the keyword arguments of `edgernn.export` that state what the pipeline does.

        Args:
            changes: options that replace those of the pattern; None leaves one out.
        """
        options = {**self.pattern.options, **(changes or {})}
        return {
            "labels": self.labels,
            **{
                name: self.folder / value.name if isinstance(value, File) else value
                for name, value in options.items()
                if value is not None
            },
            "reference": self.reference,
        }


def prepare(pattern: Pattern, data: Path, folder: Path) -> Published:
    """Train a pattern in a folder, unless it is there already, and run its pipeline.

    Args:
        pattern: the pattern.
        data: the folder of data sets.
        folder: the folder of all patterns; the pattern has one in it.

    Raises:
        MissingDataError: the data set is not in the folder of data.
    """
    import keras

    corpus, own = read_corpus(data, pattern.corpus), folder / pattern.name
    if not (own / REFERENCE).is_file():
        own.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(1)
        pattern.train(corpus, own)
    outputs = pattern.serve(own)(corpus.test_texts)
    published = Published(pattern, own, corpus.labels, corpus.test_texts, outputs)
    write_reference(published.reference, published.labels, published.texts, outputs)
    return published


def write_reference(
    path: Path, labels: Sequence[str], texts: Sequence[str], outputs: NDArray[np.float32]
) -> None:
    """Write texts and probabilities as `edgernn export --reference` reads them.

    Args:
        path: the CSV file to write.
        labels: the C labels.
        texts: N texts.
        outputs: float32 [N, C], or [N, 1] with the probabilities of the second of two labels.
    """
    names = labels if outputs.shape[1] > 1 else labels[1:]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", *names])
        writer.writerows(
            [text, *map(repr, row)] for text, row in zip(texts, outputs.tolist(), strict=True)
        )


def command(pattern: Pattern, labels: Sequence[str]) -> str:
    """Return the command that exports a pattern, without the format and the recipe."""
    words = ["edgernn export", pattern.model, "--labels", ",".join(labels)]
    for name, value in pattern.options.items():
        text = ",".join(value) if isinstance(value, tuple) else value
        words += [f"--{name.replace('_', '-')}", text.name if isinstance(text, File) else str(text)]
    return " ".join([*words, "--reference", REFERENCE])
