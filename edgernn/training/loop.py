"""The loop that trains the recurrent path: the best epoch kept, Ctrl-C included."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from edgernn.errors import TrainingError
from edgernn.training.average import WeightAverage
from edgernn.training.batches import EncodedTexts, to_dataset
from edgernn.training.interrupt import interrupt_request
from edgernn.training.keras_builder import PathModel
from edgernn.training.options import Keep, TrainingOptions
from edgernn_export.keras.layer_chain import KerasModel

_FINAL_RATE = 0.05
VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Progress:
    """Where a training stands.

    Attributes:
        epoch: the epoch under way, from 1.
        epochs: how many there are at most.
        step: the batches done in it.
        steps: the batches it has.
        figures: loss and accuracy so far; with `val_` in front once the epoch is over.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    figures: dict[str, float]


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class Fit:
    """A finished training of the recurrent path, whose model has the weights of the best epoch.

    Attributes:
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch.
        best_epoch: the epoch whose weights were kept, from 1.
        interrupted: whether Ctrl-C ended it.
    """

    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool


def fit(
    core: PathModel,
    encoded: EncodedTexts,
    held_out: EncodedTexts,
    classes: int,
    options: TrainingOptions,
    report: ProgressCallback,
) -> Fit:
    """Train the recurrent path and leave it with the weights of its best epoch.

    Args:
        core: the model from ids to logits.
        encoded: the texts to learn from.
        held_out: the texts that decide which epoch is the best.
        classes: the number of classes.
        options: how it is trained.
        report: told of the progress after each batch and each epoch.

    Raises:
        TrainingError: it was interrupted before the first epoch was over, or the loss is NaN.
    """
    dataset = to_dataset(encoded, options.batch_size, options.seed)
    steps = int(dataset.cardinality())
    epochs = options.epochs_for(len(encoded.targets), classes)
    _compile(core, classes, steps * epochs, options)
    average = WeightAverage(options.averaging) if options.averaging else None
    watch = _Watch(epochs, steps, report, options.keep, average)
    interrupted = False
    try:
        with interrupt_request() as requested:
            core.fit(
                dataset,
                validation_data=to_dataset(held_out, VALIDATION_BATCH, None),
                epochs=epochs,
                callbacks=[
                    *([average] if average else []),
                    watch,
                    _Interrupt(requested),
                    keras.callbacks.EarlyStopping(f"val_{options.keep}", patience=options.patience),
                    keras.callbacks.TerminateOnNaN(),
                ],
                shuffle=False,
                verbose=0,
            )
    except KeyboardInterrupt:
        interrupted = True
    if watch.best_weights is None:
        raise TrainingError(
            "training ended before the first epoch was over; nothing was kept"
            if interrupted
            else "training ended with a loss of NaN; nothing was kept",
            hint=None if interrupted else "try a smaller --learning-rate",
        )
    core.set_weights(watch.best_weights)
    return Fit(watch.history, watch.best_epoch, interrupted)


def _compile(core: KerasModel, classes: int, steps: int, options: TrainingOptions) -> None:
    schedules = keras.optimizers.schedules
    if options.schedule == "cosine":
        rate = schedules.CosineDecay(options.learning_rate, steps)
    else:
        end = options.learning_rate * _FINAL_RATE
        rate = schedules.PolynomialDecay(options.learning_rate, steps, end)
    if classes == 2:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        metric = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metric = keras.metrics.SparseCategoricalAccuracy("accuracy")
    optimizer = keras.optimizers.Adam(rate, clipnorm=options.clip_norm)
    core.compile(optimizer=optimizer, loss=loss, metrics=[metric])


class _Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the training at the next batch once Ctrl-C was pressed."""

    def __init__(self, requested: threading.Event) -> None:
        super().__init__()
        self._requested = requested

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._check()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._check()

    def _check(self) -> None:
        if self._requested.is_set():
            raise KeyboardInterrupt


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the progress and keeps the weights of the best finished epoch."""

    def __init__(
        self,
        epochs: int,
        steps: int,
        report: ProgressCallback,
        keep: Keep,
        average: WeightAverage | None,
    ) -> None:
        super().__init__()
        self._average = average
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._keep = keep
        self._best = (float("inf"), float("inf"))
        self._epochs, self._steps, self._report = epochs, steps, report
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._tell(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in figures.items():
            self.history.setdefault(name, []).append(value)
        order = (figures["val_loss"], 0.0)
        if self._keep == "accuracy":
            order = (-figures["val_accuracy"], figures["val_loss"])
        if order < self._best:
            self._best, self.best_epoch = order, self._epoch
            average = self._average
            self.best_weights = average.weights() if average else self.model.get_weights()
        self._tell(self._steps, figures)

    def _tell(self, step: int, logs: dict[str, float] | None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self._report(Progress(self._epoch, self._epochs, step, self._steps, figures))
