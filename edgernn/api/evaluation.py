"""`edgernn.evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.data.rows import Corpus, Rows, label_indices, label_set_indices
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT, check_bundle_path, is_model_folder, read_model_folder
from edgernn.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    from edgernn.evaluation import Evaluation


@dataclass(frozen=True)
class ModelEvaluation:
    """An evaluation and its data.

    Attributes:
        data: the name of the data.
        note: a caveat about the data, or None.
        warnings: one sentence each.
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
    label_delimiter: str | None = None,
    label_columns: Sequence[str] = (),
) -> ModelEvaluation:
    """Score a bundle or a model folder on labeled texts.

    Args:
        model: a bundle, or a model folder.
        data: a data set, a table, a folder, or rows in memory; None for the validation texts of
            the model folder. If a data set has an official test part, only that part is used.
        data_dir: the folder of the IMDB reviews.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        label_delimiter: what separates several labels in a cell of a table.
        label_columns: instead of `label_column`, one column for each label, with 1 or 0.

    Raises:
        OptionError: the model, the data or a column does not exist, or the labels differ.
        DataError: the data cannot be read.
        ModelFolderError: the model folder is damaged.
        BundleFormatError: the bundle is malformed.
        BundleHashError: a member of the bundle does not match its hash.

    Example:
        >>> rows = edgernn.Rows(("A film to remember.", "Dull and far too long."), ("pos", "neg"))
        >>> result = edgernn.evaluate("sentiment.edgernn", rows)
        >>> result.evaluation.scores.accuracy
        1.0
    """
    from edgernn.evaluation import evaluate_predictions

    model = Path(model)
    options = DataOptions(
        str(data), data_dir, text_column, label_column, label_delimiter, tuple(label_columns)
    )
    corpus, rows = _evaluation_rows(model, data, options)
    scored = _score_keras(model, rows.texts) if is_model_folder(model) else _score(model, rows)
    find = label_set_indices if scored.is_multilabel else label_indices
    truth = find(rows, scored.labels, corpus.name)
    evaluation = evaluate_predictions(
        rows.texts,
        truth,
        scored.probabilities,
        scored.labels,
        is_multilabel=scored.is_multilabel,
        thresholds=scored.thresholds,
    )
    return ModelEvaluation(corpus.name, corpus.note, rows.warnings, evaluation)


@dataclass(frozen=True)
class _Scored:
    """The probabilities of texts, float32 [N, L], and what a model says of its labels."""

    labels: tuple[str, ...]
    probabilities: Any
    is_multilabel: bool
    thresholds: tuple[float, ...] | None


def _score(bundle: Path, rows: Rows) -> _Scored:
    from edgernn.scoring import bundle_probabilities
    from edgernn_runtime import load

    check_bundle_path(bundle)
    with load(bundle) as classifier:
        manifest = classifier.bundle.manifest
        probabilities = bundle_probabilities(classifier, rows.texts)
    is_multilabel = manifest.head == "multilabel"
    return _Scored(manifest.labels, probabilities, is_multilabel, manifest.thresholds)


def _evaluation_rows(
    model: Path, data: str | Path | Rows | None, options: DataOptions
) -> tuple[Corpus, Rows]:
    if data is None:
        home = model.parent if model.is_file() else model
        if home != model and not is_model_folder(home):
            raise OptionError(
                "there are no texts to evaluate on",
                path=model,
                expected="--data FILE, or a bundle in the folder of its model",
                found="no --data, and no model beside the bundle",
                hint="pass labeled texts: --data FILE",
            )
        rows = read_model_folder(home).validation
        return Corpus(name=f"validation texts of {home}", train=rows), rows
    if isinstance(data, Rows):
        return Corpus(name="texts in memory", train=data), data
    corpus = load_corpus(options)
    return corpus, corpus.test or corpus.validation or corpus.train


def _score_keras(model: Path, texts: tuple[str, ...]) -> _Scored:
    import_tensorflow()
    from edgernn.scoring import keras_probabilities
    from edgernn_export.keras.model_file import load_keras

    folder = read_model_folder(model)
    probabilities = keras_probabilities(load_keras(folder.model), texts)
    is_multilabel = folder.validation.is_multilabel
    return _Scored(folder.labels, probabilities, is_multilabel, folder.thresholds)
