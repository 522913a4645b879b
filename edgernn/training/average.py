"""Exponential moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from edgernn_runtime.ir import Array

#: Warm-up: at step n the decay is at most (1 + n) / (10 + n).
_WARM_UP = 10


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Averages the trainable weights; validation uses the averages.

    Source of the warm-up: TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, decay: float) -> None:
        """Create the callback; `decay` is the share of the average that a step keeps, 0 to 1."""
        super().__init__()
        self._decay = decay
        self._averages: list[Any] = []
        self._step = 0

    def state(self) -> tuple[int, list[Array]]:
        """Return the number of steps and the averages."""
        return self._step, [average.numpy() for average in self._averages]

    def restore(self, step: int, averages: Sequence[Array]) -> None:
        """Set the number of steps and the averages."""
        self._step = step
        for variable, average in zip(self._averages, averages, strict=True):
            variable.assign(average)

    def weights(self) -> list[Any]:
        """Return the averages in the order of `model.set_weights`."""
        averages = {
            id(v): average for v, average in zip(self._variables(), self._averages, strict=True)
        }
        return [averages.get(id(v), v).numpy() for v in self.model.weights]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Initialize the averages with the weights, if they are not yet initialized."""
        if self._averages:
            return
        self._averages = [tf.Variable(v, trainable=False) for v in self._variables()]
        self._update = tf.function(self._updated)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Update the averages with the weights of a step."""
        self._step += 1
        decay = min(self._decay, (1 + self._step) / (_WARM_UP + self._step))
        self._update(tf.constant(decay, tf.float32))

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Replace the weights by the averages."""
        self._own = [v.numpy() for v in self._variables()]
        for variable, average in zip(self._variables(), self._averages, strict=True):
            variable.assign(average)

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Restore the weights."""
        for variable, value in zip(self._variables(), self._own, strict=True):
            variable.assign(value)

    def _variables(self) -> list[Any]:
        return list(self.model.trainable_variables)

    def _updated(self, decay: Any) -> None:
        for variable, average in zip(self._variables(), self._averages, strict=True):
            average.assign(decay * average + (1 - decay) * variable)
