"""Workers that train one model on shares of each batch, with the collectives of TensorFlow.

Keras 3 cannot fit with `tf.distribute.MultiWorkerMirroredStrategy`: it converts the batch of each
replica to one tensor, which fails. So the strategy only starts the servers and watches the workers.
Each worker trains a model of its own, and the gradients are summed by TensorFlow's collective.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edgernn.errors import TrainingError
from edgernn.training.batches import Batches, Dataset
from edgernn.training.cluster import Cluster

Tensor = Any

#: The number of the group of all workers.
_GROUP = 7021
#: The end of the path of a variable with the seed of a dropout layer.
_SEED = "seed_generator_state"


class Workers:
    """The workers of a training, seen from one of them.

    Attributes:
        count: the number of workers.
        index: the place of this worker, from 0.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Start this worker, and wait for the others.

        Args:
            cluster: the addresses.

        Raises:
            TrainingError: TensorFlow is in use already, or the address cannot be used.
        """
        self.count, self.index = len(cluster.addresses), cluster.index
        self._instances = 0
        self._strategy = _start(cluster) if self.count > 1 else None
        # The collective of the gradients carries the flags, so that they need none of their own.
        self._own_flag = tf.Variable(0.0, trainable=False)
        self._flags = tf.Variable(0.0, trainable=False)

    @property
    def is_first(self) -> bool:
        """Whether this worker writes the checkpoints and the model."""
        return self.index == 0

    def next_instance(self) -> int:
        """Return the number of a new collective; all workers create them in the same order."""
        self._instances += 1
        return self._instances

    def summed(self, values: Tensor, instance: int | None = None) -> Tensor:
        """Return the sum over all workers of a tensor, which must have the same shape in each."""
        if self.count == 1:
            return values
        return tf.raw_ops.CollectiveReduceV2(
            input=values,
            group_size=self.count,
            group_key=_GROUP,
            instance_key=self.next_instance() if instance is None else instance,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            communication_hint="RING",
        )

    def summed_variables(self, variables: list[Any]) -> list[Tensor]:
        """Return the sum over all workers of each variable; the variables keep their values."""
        return [self.summed(tf.convert_to_tensor(variable.value)) for variable in variables]

    def mean_gradients(self, gradients: list[Tensor], instance: int) -> list[Tensor]:
        """Return the mean over all workers of each gradient.

        One collective carries all of them, and the flags of the workers.
        """
        dense = [tf.convert_to_tensor(one) for one in gradients]
        own_flag = tf.reshape(self._own_flag, [1])
        flat = tf.concat([*(tf.reshape(one, [-1]) for one in dense), own_flag], axis=0)
        total = self.summed(flat, instance)
        self._flags.assign(total[-1])
        parts = tf.split(total[:-1] / self.count, [int(np.prod(one.shape)) for one in dense])
        return [tf.reshape(part, one.shape) for part, one in zip(parts, dense, strict=True)]

    def set_flag(self, *, value: bool) -> None:
        """Set the flag of this worker, which the others see after the next batch."""
        self._own_flag.assign(float(value))

    def has_flag(self) -> bool:
        """Return whether the flag of any worker was set before the last batch."""
        return bool(self._flags.numpy() > 0)

    def broadcast(self, data: bytes | None) -> bytes | None:
        """Return the bytes of the first worker in each worker; None if it has none."""
        own = data if self.is_first else None
        size = int(self.summed(tf.constant([0 if own is None else len(own) + 1], tf.int32))[0])
        if size == 0:
            return None
        values = np.zeros(size - 1, dtype=np.int32)
        if own is not None:
            values[:] = np.frombuffer(own, dtype=np.uint8)
        return np.asarray(self.summed(tf.constant(values))).astype(np.uint8).tobytes()

    def synchronize(self, weights: list[Any]) -> None:
        """Set the weights of each worker to those of the first one."""
        for variable in weights:
            own = tf.convert_to_tensor(variable.value)
            variable.assign(self.summed(own if self.is_first else tf.zeros_like(own)))


def _start(cluster: Cluster) -> Any:
    """Start the server of this worker, wait for the others, and return what keeps it alive.

    Raises:
        TrainingError: TensorFlow is in use already, or the address cannot be used.
    """
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
        task_type="worker",
        task_id=cluster.index,
        rpc_layer="grpc",
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except (RuntimeError, ValueError, tf.errors.OpError) as error:
        raise TrainingError(
            "the worker could not start",
            expected="a free address, workers that can reach it, and a new process",
            found=(str(error).splitlines() or [type(error).__name__])[0][:300],
            hint="start each worker in a process of its own, with the same --distribute",
        ) from error


class DistributedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam on the mean of the gradients of all workers.

    The gradient of the embedding is dense here. Keras's Adam updates only the rows of a batch, once
    for each of their occurrences, if it is not; such a model differs a little.
    """

    def __init__(self, workers: Workers, *options: Any, **named: Any) -> None:
        """Create the optimizer with the options of Adam."""
        super().__init__(*options, **named)
        self._workers, self._instance = workers, workers.next_instance()

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Update the variables by the mean of the gradients."""
        mean = self._workers.mean_gradients(list(grads), self._instance)
        super().apply(mean, trainable_variables)


class SharedBatches:
    """The share of each batch that one worker trains on."""

    def __init__(self, batches: Batches, workers: Workers) -> None:
        """Create the batches.

        Args:
            batches: the batches of the training, the same in each worker.
            workers: the workers.
        """
        self._batches, self._workers = batches, workers
        self.steps, self.texts = batches.steps, batches.texts

    def dataset(self, epoch: int, step: int) -> Dataset:
        """Return an endless tf.data.Dataset of (ids, targets, weights) from a position.

        All shares of a batch have the same size: text without a weight fill them up, and the other
        weights are enlarged, so that the mean over the workers is the mean over the batch.
        """
        count, index = self._workers.count, self._workers.index

        def share(ids: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
            rows = tf.shape(ids)[0]
            size = -(-rows // count)
            places = tf.range(size) * count + index
            inside = tf.minimum(places, rows - 1)
            scale = tf.cast(size * count, tf.float32) / tf.cast(rows, tf.float32)
            own = tf.gather(weights, inside) * tf.cast(places < rows, tf.float32) * scale
            return tf.gather(ids, inside), tf.gather(targets, inside), own

        return self._batches.dataset(epoch, step).map(share).prefetch(2)


class WorkerCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the workers together: other dropout in each, common metrics, a common end."""

    def __init__(self, workers: Workers, steps: Callable[[], int]) -> None:
        """Create the callback; it must be the last.

        Args:
            workers: the workers.
            steps: returns the batches of the current epoch, without those before a checkpoint.
        """
        super().__init__()
        self._workers, self._steps = workers, steps
        self._is_seeded = False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Give each worker a dropout of its own."""
        if self._is_seeded:
            return
        self._is_seeded = True
        for variable in self.model.variables:
            if variable.path.endswith(_SEED):
                seed, calls = variable.numpy()
                variable.assign([seed + self._workers.index, calls])

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Add up the metrics of the workers after the last batch of an epoch."""
        if batch + 1 == self._steps():
            variables = self.model.metrics_variables
            totals = self._workers.summed_variables(variables)
            for variable, total in zip(variables, totals, strict=True):
                variable.assign(total)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """End the training of all workers if the first one ends."""
        loss = (logs or {})["val_loss"]
        ends = self._workers.is_first and (self.model.stop_training or np.isnan(loss))
        self.model.stop_training = bool(self._workers.summed(tf.constant([float(ends)]))[0])


def worker_error(error: Exception) -> TrainingError:
    """Return the error of a training that lost a worker."""
    return TrainingError(
        "a worker of the training stopped",
        expected="all workers until the end",
        found=type(error).__name__ + ": " + (str(error).splitlines() or [""])[0][:200],
        hint="see the output of the other workers, and start all of them again with --resume",
    )
