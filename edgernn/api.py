"""The Python API: what the commands call, a function each.

TensorFlow is imported by the functions that need it, so that `import edgernn` is quick.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.data.rows import Corpus, Rows, label_indices
from edgernn.data.sources import DataOptions, load_corpus
from edgernn.errors import UsageError
from edgernn.model_folder import DEFAULT, is_model_folder, read_model_folder
from edgernn.training.options import PRESETS, Preset

if TYPE_CHECKING:
    from edgernn.evaluation import Evaluation
    from edgernn.training.run import TrainingResult


def _ignore(_: Any) -> None:
    """Ignore a notification."""


def train(
    data: str | Path | Rows = "reviews",
    out: str | Path = DEFAULT,
    *,
    preset: str | Preset = "small",
    validation: str | Path | None = None,
    validation_split: float | None = None,
    unlabeled: str | Path | None = None,
    max_size: int | None = None,
    data_dir: Path | None = None,
    text_column: str = "text",
    label_column: str = "label",
    overwrite: bool = False,
    progress: Callable[[Any], None] = _ignore,
    note: Callable[[str], None] = _ignore,
    warn: Callable[[str], None] = _ignore,
) -> TrainingResult:
    """Train a classifier on labeled texts and write a model folder.

    Args:
        data: a data set (`reviews`, `bbc`, `imdb`), a table, a folder, or rows in memory.
        out: the model folder to write.
        preset: `tutorial`, `bag`, `small` or `best`, or a changed one:
            `dataclasses.replace(edgernn.PRESETS["small"], ...)`.
        validation: a table to validate on.
        validation_split: the share of the data to validate on, 0 to 1; a tenth by default.
        unlabeled: a file of texts without labels to learn from too.
        max_size: the most bytes of an int8 bundle; sizes are cut to fit.
        data_dir: the folder of the IMDB reviews.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        overwrite: replace an existing model folder.
        progress: called with an `edgernn.training.loop.Progress` after each batch and each epoch.
        note: called with a sentence when a part of the work begins.
        warn: called with each warning; they are in the result too.

    Raises:
        UsageError: the data, a column or a preset does not exist, or does not fit.
        DataError: the data cannot be used.
        ModelFolderError: the folder must not be written to.
        OutputError: the folder cannot be written.
        TrainingError: training ended without a usable model.

    Example:
        >>> rows = edgernn.Rows(("good film", "bad film") * 50, ("pos", "neg") * 50)
        >>> result = edgernn.train(rows, "model", preset="bag")
        >>> result.labels, result.scores.accuracy
        (('neg', 'pos'), 1.0)
    """
    _import_tensorflow()
    from edgernn.training.run import TrainingCallbacks, TrainRequest, run_training

    rows = data if isinstance(data, Rows) else None
    name = "" if isinstance(data, Rows) else str(data)
    request = TrainRequest(
        data=DataOptions(name, data_dir, text_column, label_column),
        rows=rows,
        validation=_path(validation),
        validation_split=validation_split,
        unlabeled=_path(unlabeled),
        max_size=max_size,
        preset=preset if isinstance(preset, Preset) else find_preset(preset),
        out=Path(out),
        overwrite=overwrite,
    )
    return run_training(request, TrainingCallbacks(progress, note, warn))


def find_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is no such preset.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        raise UsageError(
            "there is no such preset",
            expected=" | ".join(PRESETS),
            found=name,
            hint=f"did you mean {near[0]}?" if near else None,
        )
    return PRESETS[name]


@dataclass(frozen=True)
class ModelEvaluation:
    """An evaluation, and what it was made on.

    Attributes:
        data: the name of the data.
        note: what to keep in mind when the scores are read, or None.
        warnings: a sentence each.
        evaluation: the results.
    """

    data: str
    note: str | None
    warnings: tuple[str, ...]
    evaluation: Evaluation


def evaluate(
    model: str | Path = DEFAULT,
    data: str | Path | Rows | None = None,
    *,
    data_dir: Path | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> ModelEvaluation:
    """Score a bundle or a model folder on labeled texts.

    Args:
        model: a bundle, or a model folder.
        data: a data set, a table, a folder, or rows in memory; None for the validation texts of
            the model folder. Of a data set with an official test part, that part.
        data_dir: the folder of the IMDB reviews.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.

    Raises:
        UsageError: the model, the data or a column does not exist, or the labels differ.
        DataError: the data cannot be read.
        ModelFolderError: the model folder is damaged.
        BundleError: the bundle is damaged.

    Example:
        >>> rows = edgernn.Rows(("A film to remember.", "Dull and far too long."), ("pos", "neg"))
        >>> found = edgernn.evaluate("sentiment.edgernn", rows)
        >>> found.evaluation.scores.accuracy
        1.0
    """
    from edgernn.evaluation import evaluate_predictions
    from edgernn.scoring import bundle_probabilities
    from edgernn_runtime import load

    model = Path(model)
    corpus, rows = _evaluation_rows(model, data, (data_dir, text_column, label_column))
    if is_model_folder(model):
        labels, probabilities = _score_keras(model, rows.texts)
    else:
        with load(model) as classifier:
            labels, probabilities = classifier.labels, bundle_probabilities(classifier, rows.texts)
    truth = label_indices(rows, labels, corpus.name)
    found = evaluate_predictions(rows.texts, truth, probabilities, labels)
    return ModelEvaluation(corpus.name, corpus.note, rows.warnings, found)


def _evaluation_rows(
    model: Path, data: str | Path | Rows | None, options: tuple[Path | None, str, str]
) -> tuple[Corpus, Rows]:
    if data is None:
        home = model if is_model_folder(model) else model.parent
        rows = read_model_folder(home).validation
        return Corpus(name=f"validation texts of {home}", train=rows), rows
    if isinstance(data, Rows):
        return Corpus(name="texts in memory", train=data), data
    corpus = load_corpus(DataOptions(str(data), *options))
    return corpus, corpus.test or corpus.validation or corpus.train


def _score_keras(model: Path, texts: tuple[str, ...]) -> tuple[tuple[str, ...], Any]:
    _import_tensorflow()
    from edgernn.scoring import keras_probabilities
    from edgernn_export.keras.model_file import load_keras

    folder = read_model_folder(model)
    return folder.labels, keras_probabilities(load_keras(folder.model), texts)


def _import_tensorflow() -> None:
    from edgernn.heavy import import_tensorflow

    import_tensorflow()


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)
