"""The training loop: early stopping, the best epoch kept, Ctrl-C included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from edgernn.data.rows import Rows
from edgernn.errors import TrainingError
from edgernn.training.batches import Encoded, balanced_weights, to_dataset
from edgernn.training.interrupt import interrupt_request
from edgernn.training.network import KerasLayer, KerasModel, assemble, build_core, build_tokenizer
from edgernn.training.options import NetworkOptions, TrainingOptions

_FINAL_RATE = 0.05
_VALIDATION_BATCH = 256


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


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: the Keras model, strings to probabilities.
        history: loss, accuracy, val_loss and val_accuracy of each finished epoch.
        best_epoch: the epoch whose weights the model has, from 1.
        interrupted: whether Ctrl-C ended it.
    """

    model: KerasModel
    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool


def train(
    training: Rows,
    validation: Rows,
    labels: tuple[str, ...],
    network: NetworkOptions,
    options: TrainingOptions,
    report: Report,
) -> Trained:
    """Train a classifier and return it with the weights of its best epoch.

    Args:
        training: the rows to learn from.
        validation: the rows whose loss decides which epoch is the best.
        labels: the names of the classes.
        network: the shape of the network.
        options: how it is trained.
        report: told of the progress after each batch and each epoch.

    Raises:
        TrainingError: it was interrupted before the first epoch was over, or the loss is not a
            number.
    """
    keras.utils.set_random_seed(options.seed)
    tokenizer = build_tokenizer(training.texts, network)
    encoded = _encode(tokenizer, training, labels, balanced=options.balance_classes)
    held_out = _encode(tokenizer, validation, labels, balanced=options.balance_classes)
    core = build_core(network, tokenizer[0].vocabulary_size(), len(labels))
    dataset = to_dataset(encoded, options.batch_size, options.seed)
    steps = int(dataset.cardinality())
    epochs = options.epochs_for(len(training))
    _compile(core, len(labels), steps * epochs, options)
    watch = _Watch(epochs, steps, report)
    interrupted = False
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=options.patience)
    try:
        with interrupt_request() as requested:
            core.fit(
                dataset,
                validation_data=to_dataset(held_out, _VALIDATION_BATCH, None),
                epochs=epochs,
                callbacks=[
                    watch,
                    _Interrupt(requested),
                    stopping,
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
            else "training ended with a loss that is not a number; nothing was kept",
            hint=None if interrupted else "try a smaller --learning-rate",
        )
    core.set_weights(watch.best_weights)
    model = assemble(tokenizer, core, len(labels))
    return Trained(model, watch.history, watch.best_epoch, interrupted)


def _encode(
    tokenizer: Sequence[KerasLayer], rows: Rows, labels: tuple[str, ...], *, balanced: bool
) -> Encoded:
    parts = []
    for start in range(0, len(rows), 1024):
        values = np.asarray(rows.texts[start : start + 1024], dtype=object)
        for layer in tokenizer:
            values = layer(values)
        parts.append(np.asarray(values))
    index_of = {label: i for i, label in enumerate(labels)}
    targets = np.asarray([index_of[label] for label in rows.labels], dtype=np.int32)
    ones = np.ones(len(targets), dtype=np.float32)
    weights = balanced_weights(targets, len(labels)) if balanced else ones
    return Encoded(np.concatenate(parts).astype(np.int32), targets, weights)


def _compile(core: KerasModel, classes: int, steps: int, options: TrainingOptions) -> None:
    rate = keras.optimizers.schedules.PolynomialDecay(
        options.learning_rate, steps, options.learning_rate * _FINAL_RATE
    )
    if classes == 2:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        accuracy = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    optimizer = keras.optimizers.Adam(rate, clipnorm=options.clip_norm)
    core.compile(optimizer=optimizer, loss=loss, metrics=[accuracy])


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

    def __init__(self, epochs: int, steps: int, report: Report) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._best_loss = float("inf")
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
        if figures["val_loss"] < self._best_loss:
            self._best_loss, self.best_epoch = figures["val_loss"], self._epoch
            self.best_weights = self.model.get_weights()
        self._tell(self._steps, figures)

    def _tell(self, step: int, logs: dict[str, float] | None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self._report(Progress(self._epoch, self._epochs, step, self._steps, figures))
