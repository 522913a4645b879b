"""A training, from data to model folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.data.datasets import DataOptions, load_corpus, load_rows, read_texts
from edgernn.data.rows import (
    Corpus,
    Rows,
    count_rows,
    find_joined_labels,
    label_indices,
    label_names,
    split,
    with_tokens,
)
from edgernn.errors import DataError
from edgernn.metrics import Scores, score
from edgernn.model_folder import check_output_folder, write_model_folder
from edgernn.score_plots import confusion_png, history_png
from edgernn.scoring import keras_probabilities
from edgernn.training.interrupt import interrupt_request
from edgernn.training.loop import ProgressCallback
from edgernn.training.options import Preset
from edgernn.training.path_sum import Deployed
from edgernn.training.sizing import describe_sizes, fit_sizes
from edgernn.training.trainer import NoteCallback, PathScores, TrainedClassifier, train
from edgernn_export.comparison import predicted_classes
from edgernn_export.keras.layer_chain import KerasModel

_VALIDATION_SPLIT = 0.1
_FEW_TEXTS = 100


@dataclass(frozen=True)
class TrainingRequest:
    """The data, options and output of a training.

    Attributes:
        data: the labeled texts; its column names apply to the other tables too.
        rows: labeled texts in memory instead of `data`, or None.
        validation: a table to validate on, or None.
        validation_split: the share to validate on; None for the validation part of the data, or
            0.1 without one.
        unlabeled: a file of unlabeled texts, or None.
        max_size: the largest int8 bundle in bytes, or None.
        preset: the training options.
        out: the model folder to write.
        overwrite: replace an existing model folder.
    """

    data: DataOptions
    validation: Path | None
    validation_split: float | None
    unlabeled: Path | None
    max_size: int | None
    preset: Preset
    out: Path
    overwrite: bool
    rows: Rows | None = None


@dataclass(frozen=True)
class TrainingCallbacks:
    """Functions that a training calls; by default they do nothing.

    Attributes:
        progress: called after each batch and each epoch.
        note: called with a sentence when a step begins.
        warn: called with each warning as it occurs.
    """

    progress: ProgressCallback = field(default=lambda _: None)
    note: NoteCallback = field(default=lambda _: None)
    warn: NoteCallback = field(default=lambda _: None)


@dataclass(frozen=True)
class TrainingResult:
    """A finished training, written to a model folder.

    Attributes:
        path: the model folder.
        labels: the names of the classes.
        scores: the scores on the validation texts.
        paths: the scores of the linear classifier, of the network and of their sum.
        deployed: the part that the model contains.
        note: a caveat about the data, or None.
        warnings: one sentence each.
        metrics: the content of `metrics.json`.
    """

    path: Path
    labels: tuple[str, ...]
    scores: Scores
    paths: PathScores
    deployed: Deployed
    note: str | None
    warnings: tuple[str, ...]
    metrics: dict[str, Any]


def run_training(request: TrainingRequest, callbacks: TrainingCallbacks) -> TrainingResult:
    """Train, score on the validation rows, and write the model folder.

    Raises:
        OptionError: the data or a column does not exist, or no model fits `max_size`.
        DataError: the data is malformed or insufficient.
        ModelFolderError: the output path exists and must not be replaced.
        OutputError: the folder cannot be written.
        TrainingError: training ended without a usable model.
        KeyboardInterrupt: Ctrl-C before there was a model; nothing was written.
    """
    warnings: list[str] = []

    def warn(sentence: str) -> None:
        warnings.append(sentence)
        callbacks.warn(sentence)

    check_output_folder(request.out, overwrite=request.overwrite)
    corpus = _corpus(request)
    for warning in find_joined_labels(corpus.train):
        warn(warning)
    training, validation = map(with_tokens, _parts(corpus, request))
    for warning in (*training.warnings, *validation.warnings, *_overlap(training, validation)):
        warn(warning)
    labels = label_names(training, corpus.name)
    truth = label_indices(validation, labels, str(request.validation or corpus.name))
    callbacks.note(
        f"{len(training):,} training texts, {len(validation):,} validation texts: {corpus.name}"
    )
    preset = _fitted_preset(request, training, labels, callbacks)
    unlabeled = _unlabeled(request, callbacks)
    try:
        trained = train(
            training, validation, labels, preset, callbacks.progress, callbacks.note, unlabeled
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(
            "interrupted before there is a model; nothing was written"
        ) from error
    if trained.interrupted:
        warn(f"interrupted; keeping epoch {trained.best_epoch}, the best so far")
    probabilities = keras_probabilities(trained.model, validation.texts)
    scores = score(truth, predicted_classes(probabilities, "multiclass").tolist(), labels)
    metrics = _metrics(preset, corpus, trained, scores, len(training))
    _write(request.out, trained, labels, metrics, scores, validation)
    for warning in _advice(preset, trained, len(validation)):
        warn(warning)
    return TrainingResult(
        path=request.out,
        labels=labels,
        scores=scores,
        paths=trained.scores,
        deployed=trained.deployed,
        note=corpus.note,
        warnings=tuple(warnings),
        metrics=metrics,
    )


def _write(
    out: Path,
    trained: TrainedClassifier,
    labels: tuple[str, ...],
    metrics: dict[str, Any],
    scores: Scores,
    validation: Rows,
) -> None:
    """Write the model folder.

    Raises:
        KeyboardInterrupt: Ctrl-C during the writing, after which the folder is complete.
    """
    history, epoch = trained.history, trained.best_epoch
    with interrupt_request() as requested:
        write_model_folder(
            out,
            model=_saved(trained.model),
            labels=labels,
            metrics=metrics,
            history=history,
            history_plot=history_png(history, epoch) if history else None,
            confusion_plot=confusion_png(scores),
            validation=validation,
        )
    if requested.is_set():
        raise KeyboardInterrupt(f"interrupted; {out} is complete")


def _corpus(request: TrainingRequest) -> Corpus:
    if request.rows is not None:
        return Corpus(name="texts in memory", train=request.rows)
    return load_corpus(request.data)


def _fitted_preset(
    request: TrainingRequest, training: Rows, labels: tuple[str, ...], callbacks: TrainingCallbacks
) -> Preset:
    """Return the preset with sizes that fit the largest bundle."""
    if request.max_size is None:
        return request.preset
    preset = fit_sizes(request.preset, training.texts, len(labels), request.max_size)
    callbacks.note(f"sizes for --max-size: {describe_sizes(preset)}")
    return preset


def _advice(preset: Preset, trained: TrainedClassifier, texts: int) -> Iterator[str]:
    """Yield warnings that follow from the scores of the paths."""
    if texts < _FEW_TEXTS:
        yield f"only {texts:,} validation texts: the scores are not reliable"
    scores = trained.scores
    if trained.deployed == "bag" and preset.network is not None:
        yield (
            "the network does not improve on words and n-grams alone on the validation texts, so "
            "the model does not contain it; --preset bag trains the same model in seconds"
        )
    elif (
        trained.deployed == "network"
        and scores.network
        and scores.network.log_loss > (scores.bag.log_loss)
    ):
        yield "words and n-grams alone score higher on the validation texts: try --preset small"


def _overlap(training: Rows, validation: Rows) -> Iterator[str]:
    """Yield a warning if training texts are among the validation texts."""
    known = set(training.texts)
    both = sum(text in known for text in validation.texts)
    if both:
        yield (
            f"{both:,} of {len(validation):,} validation texts are also training texts: the "
            "validation scores are too high"
        )


def _parts(corpus: Corpus, request: TrainingRequest) -> tuple[Rows, Rows]:
    """Return the training rows and the validation rows."""
    if request.validation is not None:
        return corpus.train, load_rows(request.validation, request.data)
    if corpus.validation is not None and request.validation_split is None:
        return corpus.train, corpus.validation
    labels = label_names(corpus.train, corpus.name)
    share = request.validation_split or _VALIDATION_SPLIT
    training, validation = split(corpus.train, share, request.preset.training.seed)
    missing = sorted(set(labels) - set(training.labels))
    if missing:
        raise DataError(
            "too few rows to split off validation texts",
            path=corpus.name,
            expected="training rows of each label after the split",
            found=f"{count_rows(corpus.train)}; no training row of {', '.join(missing[:10])}",
            hint="add rows of each label, or validate on a table with --validation",
        )
    return training, validation


def _unlabeled(request: TrainingRequest, callbacks: TrainingCallbacks) -> tuple[str, ...]:
    if request.unlabeled is None:
        return ()
    texts = read_texts(request.unlabeled, request.data.text_column)
    if not texts:
        raise DataError(
            "the file does not contain texts",
            path=request.unlabeled,
            expected="one text per line, or a table with a text column",
            found="an empty file",
            hint="check the path, or leave out --unlabeled",
        )
    callbacks.note(f"{len(texts):,} unlabeled texts: {request.unlabeled}")
    return texts


def _metrics(
    preset: Preset, corpus: Corpus, trained: TrainedClassifier, scores: Scores, texts: int
) -> dict[str, Any]:
    return {
        "data": corpus.name,
        "source": corpus.source,
        "training_texts": texts,
        "epoch": trained.best_epoch,
        "interrupted": trained.interrupted,
        "parameters": int(sum(np.prod(w.shape) for w in trained.model.weights)),
        "preset": asdict(preset),
        "deployed": trained.deployed,
        "paths": asdict(trained.scores),
        "wide": {
            "buckets": len(trained.wide.checksums),
            "scaling": trained.wide.scaling,
            "strength": trained.wide.strength,
        },
        "validation": scores.to_json(),
        "note": corpus.note,
    }


def _saved(model: KerasModel) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()
