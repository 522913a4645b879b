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

from edgernn.evaluation import Evaluation, evaluate_predictions
from edgernn.labeling import (
    ThresholdOptions,
    choose_thresholds,
    describe_unreachable,
)
from edgernn.metrics import Scores
from edgernn.model_folder import CHECKPOINT, REPORT, write_model_folder
from edgernn.score_plots import confusion_png, history_png
from edgernn.scoring import keras_probabilities
from edgernn.training.checkpoint import Checkpoints, digest, open_checkpoints
from edgernn.training.continuation import (
    Change,
    describe_changes,
)
from edgernn.training.inputs import Inputs, read_inputs
from edgernn.training.interrupt import interrupt_request
from edgernn.training.options import Preset
from edgernn.training.path_scores import PathScores
from edgernn.training.path_sum import Deployed
from edgernn.training.report import training_report
from edgernn.training.request import TrainingCallbacks, TrainingRequest
from edgernn.training.trainer import NoteCallback, TrainedClassifier, train
from edgernn.training.workers import Workers
from edgernn_export.bundle_file import write_file
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_runtime.ir import Array

_FEW_TEXTS = 100


@dataclass(frozen=True)
class TrainingResult:
    """A finished training, written to a model folder.

    Attributes:
        path: the model folder.
        labels: the names of the classes.
        evaluation: the results on the validation texts.
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
    evaluation: Evaluation
    paths: PathScores
    deployed: Deployed
    note: str | None
    warnings: tuple[str, ...]
    metrics: dict[str, Any]
    changes: dict[str, Change]

    @property
    def scores(self) -> Scores:
        """The scores on the validation texts."""
        return self.evaluation.scores


def run_training(request: TrainingRequest, callbacks: TrainingCallbacks) -> TrainingResult:
    """Train, score on the validation rows, and write the model folder.

    Raises:
        OptionError: the data or a column does not exist, or no model fits `max_size`.
        DataError: the data is malformed or insufficient.
        OutputError: the folder cannot be written.
        TrainingError: training ended without a usable model.
        KeyboardInterrupt: Ctrl-C before there was a model; nothing was written.
    """
    warnings: list[str] = []

    def warn(sentence: str) -> None:
        warnings.append(sentence)
        callbacks.warn(sentence)

    writes = request.workers is None or request.workers.is_first
    inputs = read_inputs(request, TrainingCallbacks(callbacks.progress, callbacks.note, warn))
    origin, labels, validation = inputs.origin, inputs.labels, inputs.validation
    checkpoints = _checkpoints(request, inputs, callbacks.note, writes=writes)
    trained = _train(request, inputs, callbacks, checkpoints)
    if trained.interrupted:
        kept = f"interrupted; keeping epoch {trained.best_epoch}, the best so far"
        warn(f"{kept}; the same command with --resume continues")
    probabilities = keras_probabilities(trained.model, validation.texts)
    evaluation, thresholds = _evaluate(probabilities, inputs, request.thresholds)
    for warning in _unreachable(probabilities, inputs, request.thresholds, evaluation):
        warn(warning)
    changes = describe_changes(origin, probabilities, inputs.new_validation, labels)
    metrics = _metrics(inputs, trained, evaluation)
    if origin:
        metrics["changes"] = {name: asdict(one) for name, one in changes.items()}
    if writes:
        _write(request.out, trained, inputs, metrics, evaluation.scores, thresholds)
        report = training_report(inputs, trained, evaluation.scores)
        write_file(request.out / REPORT, report.encode())
        if not trained.interrupted:
            checkpoints.clear()
    for warning in _advice(inputs.preset, trained, len(validation)):
        warn(warning)
    return TrainingResult(
        path=request.out,
        labels=labels,
        evaluation=evaluation,
        paths=trained.scores,
        deployed=trained.deployed,
        note=inputs.corpus.note,
        warnings=tuple(warnings),
        metrics=metrics,
        changes=changes,
    )


def _train(
    request: TrainingRequest,
    inputs: Inputs,
    callbacks: TrainingCallbacks,
    checkpoints: Checkpoints,
) -> TrainedClassifier:
    """Return the trained classifier.

    Raises:
        KeyboardInterrupt: Ctrl-C before there was a model.
    """
    try:
        return train(
            inputs.training,
            inputs.validation,
            inputs.labels,
            inputs.preset,
            callbacks.progress,
            callbacks.note,
            inputs.unlabeled,
            checkpoints,
            inputs.origin,
            inputs.stream,
            request.workers,
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_interrupted_early(request.out)) from error


def _interrupted_early(out: Path) -> str:
    """Return the sentence for a training that ended before there was a model."""
    saved = (out / CHECKPOINT).exists()
    next_step = "the same command with --resume continues" if saved else "nothing was written"
    return f"interrupted before there is a model; {next_step}"


def _evaluate(
    probabilities: Array, inputs: Inputs, options: ThresholdOptions
) -> tuple[Evaluation, tuple[float, ...] | None]:
    """Return the evaluation on the validation texts, and the thresholds."""
    is_multilabel = inputs.validation.is_multilabel
    thresholds = choose_thresholds(
        options, probabilities, inputs.truth, inputs.labels, is_multilabel=is_multilabel
    )
    evaluation = evaluate_predictions(
        inputs.validation.texts,
        inputs.truth,
        probabilities,
        inputs.labels,
        is_multilabel=is_multilabel,
        thresholds=thresholds,
    )
    return evaluation, thresholds


def _unreachable(
    probabilities: Array, inputs: Inputs, options: ThresholdOptions, evaluation: Evaluation
) -> tuple[str, ...]:
    return describe_unreachable(
        options,
        evaluation.coverage,
        probabilities,
        inputs.truth,
        inputs.labels,
        is_multilabel=inputs.validation.is_multilabel,
    )


def _write(
    out: Path,
    trained: TrainedClassifier,
    inputs: Inputs,
    metrics: dict[str, Any],
    scores: Scores,
    thresholds: tuple[float, ...] | None,
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
            labels=inputs.labels,
            metrics=metrics,
            history=history,
            history_plot=history_png(history, epoch) if history else None,
            confusion_plot=None if inputs.training.is_multilabel else confusion_png(scores),
            validation=inputs.validation,
            thresholds=thresholds,
        )
    if requested.is_set():
        raise KeyboardInterrupt(f"interrupted; {out} is complete")


def _checkpoints(
    request: TrainingRequest, inputs: Inputs, note: NoteCallback, *, writes: bool
) -> Checkpoints:
    """Return the checkpoints; only the worker that writes opens them."""
    training = _description(inputs, request.workers)
    checkpoints = Checkpoints(request.out / CHECKPOINT, training, request.checkpoint_minutes)
    if writes:
        open_checkpoints(checkpoints, resume=request.resume, note=note)
    return checkpoints


def _description(inputs: Inputs, workers: Workers | None) -> dict[str, Any]:
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


def _metrics(inputs: Inputs, trained: TrainedClassifier, evaluation: Evaluation) -> dict[str, Any]:
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
        "validation": evaluation.scores.to_json(),
        "calibration_error": evaluation.calibration_error,
        "coverage": None if evaluation.coverage is None else asdict(evaluation.coverage),
        "note": corpus.note,
        "findings": [asdict(one) for one in inputs.findings],
    }


def _saved(model: KerasModel) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()
