"""A training, from data to model folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edgernn.data.datasets import load_corpus, load_rows, read_texts
from edgernn.data.rows import (
    Corpus,
    Rows,
    count_rows,
    find_joined_labels,
    label_indices,
    split,
    with_tokens,
)
from edgernn.errors import DataError, OptionError
from edgernn.metrics import Scores, score
from edgernn.model_folder import CHECKPOINT, check_output_folder, write_model_folder
from edgernn.score_plots import confusion_png, history_png
from edgernn.scoring import keras_probabilities
from edgernn.training.checkpoint import Checkpoints, digest, open_checkpoints
from edgernn.training.continuation import (
    Change,
    continued_labels,
    describe_changes,
    find_missing_labels,
    read_checked_origin,
    with_old_rows,
)
from edgernn.training.interrupt import interrupt_request
from edgernn.training.open_stream import open_stream
from edgernn.training.options import Preset
from edgernn.training.origin import Origin
from edgernn.training.path_sum import Deployed
from edgernn.training.request import TrainingCallbacks, TrainingRequest
from edgernn.training.sizing import describe_sizes, fit_sizes
from edgernn.training.stream_batches import Stream
from edgernn.training.trainer import NoteCallback, PathScores, TrainedClassifier, train
from edgernn.training.workers import Workers
from edgernn_export.comparison import predicted_classes
from edgernn_export.keras.layer_chain import KerasModel

_VALIDATION_SPLIT = 0.1
_FEW_TEXTS = 100


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
        changes: the predictions before and after, on the old and on the new validation texts;
            empty if the training did not continue from a model.
    """

    path: Path
    labels: tuple[str, ...]
    scores: Scores
    paths: PathScores
    deployed: Deployed
    note: str | None
    warnings: tuple[str, ...]
    metrics: dict[str, Any]
    changes: dict[str, Change]


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

    writes = request.workers is None or request.workers.is_first
    if writes:
        check_output_folder(request.out, overwrite=request.overwrite, resume=request.resume)
    inputs = _read(request, TrainingCallbacks(callbacks.progress, callbacks.note, warn))
    origin, labels, validation = inputs.origin, inputs.labels, inputs.validation
    checkpoints = _checkpoints(request, inputs, callbacks.note, writes=writes)
    try:
        trained = train(
            inputs.training,
            validation,
            labels,
            inputs.preset,
            callbacks.progress,
            callbacks.note,
            inputs.unlabeled,
            checkpoints,
            origin,
            inputs.stream,
            request.workers,
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_interrupted_early(request.out)) from error
    if trained.interrupted:
        kept = f"interrupted; keeping epoch {trained.best_epoch}, the best so far"
        warn(f"{kept}; the same command with --resume continues")
    probabilities = keras_probabilities(trained.model, validation.texts)
    predicted = predicted_classes(probabilities, "multiclass").tolist()
    scores = score(inputs.truth, predicted, labels)
    changes = describe_changes(origin, probabilities, inputs.new_validation, labels)
    metrics = _metrics(inputs, trained, scores)
    if origin:
        metrics["changes"] = {name: asdict(one) for name, one in changes.items()}
    if writes:
        _write(request.out, trained, labels, metrics, scores, validation)
        if not trained.interrupted:
            checkpoints.clear()
    for warning in _advice(inputs.preset, trained, len(validation)):
        warn(warning)
    return TrainingResult(
        path=request.out,
        labels=labels,
        scores=scores,
        paths=trained.scores,
        deployed=trained.deployed,
        note=inputs.corpus.note,
        warnings=tuple(warnings),
        metrics=metrics,
        changes=changes,
    )


def _interrupted_early(out: Path) -> str:
    """Return the sentence for a training that ended before there was a model."""
    saved = (out / CHECKPOINT).exists()
    next_step = "the same command with --resume continues" if saved else "nothing was written"
    return f"interrupted before there is a model; {next_step}"


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


@dataclass(frozen=True)
class _Inputs:
    """Everything that determines the model.

    Attributes:
        corpus: the data set.
        training: the training rows.
        validation: the validation rows; those of the origin are the first.
        new_validation: the validation rows without those of the origin.
        labels: the names of the classes.
        truth: the class of each validation row.
        preset: the options.
        unlabeled: texts without labels.
        origin: the model to continue from, or None.
        stream: the training rows in files, or None.
    """

    corpus: Corpus
    training: Rows
    validation: Rows
    new_validation: Rows
    labels: tuple[str, ...]
    truth: tuple[int, ...]
    preset: Preset
    unlabeled: tuple[str, ...]
    origin: Origin | None
    stream: Stream | None

    @property
    def texts(self) -> int:
        """The number of training texts."""
        return self.stream.rows if self.stream else len(self.training)


def _read(request: TrainingRequest, callbacks: TrainingCallbacks) -> _Inputs:
    """Read the data, and warn of what is wrong with it."""
    origin = read_checked_origin(request.origin, request.preset, request.max_size)
    stream = open_stream(request.data, request.stream, callbacks.note) if request.stream else None
    corpus = _corpus(request, stream)
    for warning in find_joined_labels(corpus.train):
        callbacks.warn(warning)
    training, validation = map(with_tokens, _parts(corpus, request))
    for warning in (*training.warnings, *validation.warnings, *_overlap(training, validation)):
        callbacks.warn(warning)
    labels = continued_labels(training, corpus.name, origin)
    every = with_old_rows(validation, origin)
    truth = label_indices(every, labels, str(request.validation or corpus.name))
    callbacks.note(
        f"{len(training):,} training texts, {len(every):,} validation texts: {corpus.name}"
    )
    for warning in find_missing_labels(training, origin):
        callbacks.warn(warning)
    return _Inputs(
        corpus=corpus,
        training=training,
        validation=every,
        new_validation=validation,
        labels=labels,
        truth=truth,
        preset=_fitted_preset(request, training, labels, callbacks),
        unlabeled=_unlabeled(request, callbacks),
        origin=origin,
        stream=stream,
    )


def _checkpoints(
    request: TrainingRequest, inputs: _Inputs, note: NoteCallback, *, writes: bool
) -> Checkpoints:
    """Return the checkpoints; only the worker that writes opens them."""
    training = _description(inputs, request.workers)
    checkpoints = Checkpoints(request.out / CHECKPOINT, training, request.checkpoint_minutes)
    if writes:
        open_checkpoints(checkpoints, resume=request.resume, note=note)
    return checkpoints


def _description(inputs: _Inputs, workers: Workers | None) -> dict[str, Any]:
    """Return everything that determines the model, as JSON values."""
    training, validation, stream = inputs.training, inputs.validation, inputs.stream
    return {
        "preset": asdict(inputs.preset),
        "training texts": digest(training.texts, training.labels),
        "validation texts": digest(validation.texts, validation.labels),
        "unlabeled texts": digest(inputs.unlabeled),
        "origin": inputs.origin.digest if inputs.origin else None,
        "stream": [stream.survey.digest, stream.steps_per_epoch] if stream else None,
        "workers": workers.count if workers else 1,
        "packages": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }


def _corpus(request: TrainingRequest, stream: Stream | None) -> Corpus:
    if stream is not None:
        found = stream.survey
        return Corpus(name=request.data.data, train=found.sample, validation=found.validation)
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
    labels = set(corpus.train.labels)
    share = request.validation_split or _VALIDATION_SPLIT
    training, validation = split(corpus.train, share, request.preset.training.seed)
    missing = sorted(labels - set(training.labels))
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
    if request.stream is not None:
        raise OptionError(
            "--unlabeled does not fit --stream",
            expected="one of them",
            found="both",
            hint="leave out one of them",
        )
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


def _metrics(inputs: _Inputs, trained: TrainedClassifier, scores: Scores) -> dict[str, Any]:
    corpus = inputs.corpus
    return {
        "data": corpus.name,
        "source": corpus.source,
        "training_texts": inputs.texts,
        "epoch": trained.best_epoch,
        "interrupted": trained.interrupted,
        "parameters": int(sum(np.prod(w.shape) for w in trained.model.weights)),
        "preset": asdict(inputs.preset),
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
