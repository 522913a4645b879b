"""The Keras callback that saves and restores checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import keras

from edgernn.training.average import WeightAverage
from edgernn.training.checkpoint import Checkpoint, FitState
from edgernn.training.workers import Workers
from edgernn_runtime.ir import Array


class BestEpoch(Protocol):
    """The best epoch so far.

    Attributes:
        best_weights: its weights, or None before the first epoch.
    """

    best_weights: list[Any] | None

    def state(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON values."""

    def restore(self, values: Mapping[str, Any], weights: Sequence[Array] | None) -> None:
        """Set the state and the weights of the best epoch."""


class CheckpointSaver(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves a checkpoint after each epoch, at intervals within an epoch, and after Ctrl-C.

    The state comprises the weights, the seeds of the dropout, the optimizer, the metrics, the
    averages of the weights and the best epoch, so training continues with the same bits. The first
    of several workers saves, with the metrics of all.

    Attributes:
        requested: the event that Ctrl-C sets.
        is_interrupted: whether it was set before the current batch.
        skipped: the batches of the current epoch before the checkpoint.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        steps: int,
        epochs: int,
        best: BestEpoch,
        average: WeightAverage | None,
        workers: Workers | None = None,
    ) -> None:
        """Create the callback; it must follow those of the best epoch and of the average.

        Args:
            checkpoint: where to save; None for nowhere.
            steps: the batches per epoch.
            epochs: the maximum number of epochs.
            best: the best epoch.
            average: the average of the weights, or None.
            workers: the workers that share each batch, or None.
        """
        super().__init__()
        self.requested = threading.Event()
        self.is_interrupted = False
        self.skipped = 0
        self._checkpoint, self._steps, self._epochs = checkpoint, steps, epochs
        self._best, self._average, self._workers = best, average, workers
        self._is_due = False
        self._pending: FitState | None = None
        self._epoch = 0
        self._saved = time.monotonic()

    def prepare(self, core: Any, state: FitState, validation: Any) -> None:
        """Restore the best epoch, and the rest when the training begins.

        Args:
            core: the compiled model.
            state: the state to restore.
            validation: a dataset of batches, from which Keras creates the metrics.
        """
        self._best.restore(state.values["best"], state.arrays.get("best"))
        for ids, targets, weights in validation.take(1):
            core.test_on_batch(ids, targets, weights)
        core.optimizer.build(core.trainable_variables)
        self._pending = state

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restore the weights, the optimizer and the averages."""
        state = self._pending
        if state is None:
            return
        _assign(self.model.variables, state.arrays["variables"])
        _assign(self.model.optimizer.variables, state.arrays["optimizer"])
        if self._average:
            self._average.restore(state.values["average"], state.arrays["average"])

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Restore the metrics, which Keras resets before an epoch.

        Those of a checkpoint are of all workers, so only the first one continues with them.
        """
        self._epoch = epoch
        is_first = self._workers is None or self._workers.is_first
        if self._pending is not None and self._pending.step and is_first:
            _assign(self.model.metrics_variables, self._pending.arrays["metrics"])
        self._pending = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Decide to save after this batch if it is time, or if Ctrl-C was pressed.

        The first worker decides before the batch, because the others learn of it with the batch.
        """
        self.is_interrupted = self.requested.is_set()
        if self._checkpoint is not None:
            is_time = time.monotonic() - self._saved >= 60 * self._checkpoint.minutes
            self._is_due = is_time or self.is_interrupted
        if self._workers:
            self._workers.set_flag(value=self._is_due)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Save if this was decided."""
        step = self.skipped + batch + 1
        is_due = self._workers.has_flag() if self._workers else self._is_due
        # After the last batch, the epoch must be validated first.
        if not is_due or step == self._steps:
            return
        variables = self.model.metrics_variables
        totals = self._workers.summed_variables(variables) if self._workers else variables
        self._save(self._epoch, step, [one.numpy() for one in totals], finished=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save after the validation."""
        finished = self.model.stop_training or epoch + 1 == self._epochs
        self._save(epoch + 1, 0, _values(self.model.metrics_variables), finished=finished)

    def _save(self, epoch: int, step: int, metrics: list[Array], *, finished: bool) -> None:
        best = self._best.best_weights
        # A training that ends without an epoch, because the loss is NaN, cannot continue.
        if self._checkpoint is None or (finished and best is None):
            return
        count, averages = self._average.state() if self._average else (0, [])
        self._checkpoint.save(
            FitState(
                epoch=epoch,
                step=step,
                finished=finished,
                values={"best": self._best.state(), "average": count},
                arrays={
                    "variables": _values(self.model.variables),
                    "optimizer": _values(self.model.optimizer.variables),
                    "metrics": metrics,
                    "average": averages,
                    **({} if best is None else {"best": best}),
                },
            )
        )
        self._saved = time.monotonic()


def _values(variables: Sequence[Any]) -> list[Array]:
    return [variable.numpy() for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
