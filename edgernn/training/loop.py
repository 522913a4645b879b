"""The training loop of the recurrent path, which keeps the best epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from edgernn.errors import TrainingError
from edgernn.training.average import WeightAverage
from edgernn.training.batches import Batches, EncodedTexts, to_dataset
from edgernn.training.checkpoint import Checkpoint, FitState
from edgernn.training.checkpoint_saver import CheckpointSaver
from edgernn.training.interrupt import interrupt_request
from edgernn.training.keras_builder import PathModel
from edgernn.training.options import TrainingOptions
from edgernn.training.workers import DistributedAdam, WorkerCallback, Workers, worker_error
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_runtime.ir import Array

_FINAL_RATE = 0.05
VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Progress:
    """The progress of a training.

    Attributes:
        epoch: the current epoch, from 1.
        epochs: the maximum number of epochs.
        step: the finished batches of the epoch.
        steps: the batches per epoch.
        figures: loss and accuracy so far; after the epoch also val_loss and val_accuracy.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    figures: dict[str, float]


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class Fit:
    """A finished training of the recurrent path.

    Attributes:
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch.
        best_epoch: the epoch whose weights the model has, from 1.
        interrupted: whether Ctrl-C ended the training.
    """

    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool


def fit(
    core: PathModel,
    batches: Batches,
    held_out: EncodedTexts,
    classes: int,
    options: TrainingOptions,
    progress: ProgressCallback,
    checkpoint: Checkpoint | None = None,
    workers: Workers | None = None,
) -> Fit:
    """Train the recurrent path in place; it gets the weights of its best epoch.

    Args:
        core: the model from ids to logits.
        batches: the training texts.
        held_out: the validation texts, which select the best epoch.
        classes: the number of classes.
        options: the training options.
        progress: called after each batch and each epoch.
        checkpoint: where to save the state, and to continue from if it exists; None for nowhere.
        workers: the workers that share each batch, or None.

    Raises:
        KeyboardInterrupt: Ctrl-C before the end of the first epoch.
        TrainingError: the loss is NaN in the first epoch, or a worker stopped.
    """
    epochs = options.epochs_for(batches.texts, classes)
    is_multilabel = held_out.targets.ndim == 2
    steps = batches.steps * epochs
    _compile(core, classes, steps, options, workers, is_multilabel=is_multilabel)
    average = WeightAverage(options.averaging) if options.averaging else None
    best = _BestEpoch(epochs, batches.steps, progress, options, average)
    validation = to_dataset(held_out, VALIDATION_BATCH)
    state = _start(core, checkpoint, workers)
    kept = checkpoint if workers is None or workers.is_first else None
    saver = CheckpointSaver(kept, batches.steps, epochs, best, average, workers)
    if state:
        saver.prepare(core, state, validation)
    last = keras.callbacks.TerminateOnNaN()
    if workers:
        last = WorkerCallback(workers, lambda: batches.steps - saver.skipped)
    interrupted = False
    try:
        with interrupt_request() as requested:
            saver.requested = requested
            averages = [average] if average else []
            callbacks = [*averages, best, saver, _Interrupt(saver), last]
            for part in _parts(state, epochs):
                best.skipped = saver.skipped = part.step
                core.fit(
                    batches.dataset(part.epoch, part.step),
                    validation_data=validation,
                    initial_epoch=part.epoch,
                    epochs=part.end,
                    steps_per_epoch=batches.steps - part.step,
                    callbacks=callbacks,
                    shuffle=False,
                    verbose=0,
                )
                if core.stop_training:
                    break
    except KeyboardInterrupt:
        interrupted = True
    except tf.errors.OpError as error:
        if workers is None:
            raise
        raise worker_error(error) from error
    if best.best_weights is None:
        raise KeyboardInterrupt if interrupted else _nan_error()
    core.set_weights(best.best_weights)
    return Fit(best.history, best.best_epoch, interrupted)


def _nan_error() -> TrainingError:
    return TrainingError(
        "the training loss is NaN; nothing was written",
        expected="a finite loss",
        found="NaN in the first epoch",
        hint="try a smaller --learning-rate",
    )


def _start(
    core: PathModel, checkpoint: Checkpoint | None, workers: Workers | None
) -> FitState | None:
    """Return the state to continue from; all workers get that of the first one."""
    data = checkpoint.read() if checkpoint else None
    if workers:
        data = workers.broadcast(data)
        workers.synchronize(core.weights)
    return checkpoint.parse(data) if checkpoint and data else None


@dataclass(frozen=True)
class _Part:
    """A part of the training, from a step of an epoch to the end of an epoch."""

    epoch: int
    step: int
    end: int


def _parts(state: FitState | None, epochs: int) -> tuple[_Part, ...]:
    """Return the parts of the training that remain: the rest of an epoch, and the other epochs."""
    if state is None:
        return (_Part(0, 0, epochs),)
    if state.finished:
        return ()
    rest = () if state.step == 0 else (_Part(state.epoch, state.step, state.epoch + 1),)
    epoch = state.epoch + len(rest)
    return (*rest, *((_Part(epoch, 0, epochs),) if epoch < epochs else ()))


def _compile(
    core: KerasModel,
    classes: int,
    steps: int,
    options: TrainingOptions,
    workers: Workers | None,
    *,
    is_multilabel: bool,
) -> None:
    schedules = keras.optimizers.schedules
    if options.schedule == "cosine":
        rate = schedules.CosineDecay(options.learning_rate, steps)
    else:
        end = options.learning_rate * _FINAL_RATE
        rate = schedules.PolynomialDecay(options.learning_rate, steps, end)
    if classes == 2 or is_multilabel:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        metric = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metric = keras.metrics.SparseCategoricalAccuracy("accuracy")
    if workers:
        optimizer = DistributedAdam(workers, rate, clipnorm=options.clip_norm)
    else:
        optimizer = keras.optimizers.Adam(rate, clipnorm=options.clip_norm)
    core.compile(optimizer=optimizer, loss=loss, metrics=[metric])


class _Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the training after Ctrl-C, when the saver has saved."""

    def __init__(self, saver: CheckpointSaver) -> None:
        super().__init__()
        self._saver = saver

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._saver.is_interrupted:
            raise KeyboardInterrupt

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._saver.requested.is_set():
            raise KeyboardInterrupt


class _BestEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the progress, keeps the weights of the best epoch, and stops without improvement.

    Attributes:
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch.
        best_epoch: the best epoch, from 1; 0 before the first.
        best_weights: its weights.
        skipped: the batches of the current epoch before a checkpoint, from which it continued.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        progress: ProgressCallback,
        options: TrainingOptions,
        average: WeightAverage | None,
    ) -> None:
        super().__init__()
        self._average, self._options = average, options
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self.skipped = 0
        self._best = (float("inf"), float("inf"))
        self._epochs, self._steps, self._progress = epochs, steps, progress
        self._epoch = 0

    def state(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON values."""
        return {"history": self.history, "best_epoch": self.best_epoch, "best": list(self._best)}

    def restore(self, values: Mapping[str, Any], weights: Sequence[Array] | None) -> None:
        """Set the state and the weights of the best epoch."""
        self.history, self.best_epoch = values["history"], values["best_epoch"]
        first, second = values["best"]
        self._best = (first, second)
        self.best_weights = None if weights is None else list(weights)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._report(self.skipped + batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in figures.items():
            self.history.setdefault(name, []).append(value)
        order = (figures["val_loss"], 0.0)
        if self._options.keep == "accuracy":
            order = (-figures["val_accuracy"], figures["val_loss"])
        if order < self._best:
            self._best, self.best_epoch = order, self._epoch
            average = self._average
            self.best_weights = average.weights() if average else self.model.get_weights()
        if self._epochs_without_improvement() >= self._options.patience:
            self.model.stop_training = True
        self._report(self._steps, figures)

    def _epochs_without_improvement(self) -> int:
        sign = -1 if self._options.keep == "accuracy" else 1
        values = [sign * value for value in self.history[f"val_{self._options.keep}"]]
        return len(values) - 1 - values.index(min(values))

    def _report(self, step: int, logs: dict[str, float] | None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self._progress(Progress(self._epoch, self._epochs, step, self._steps, figures))
