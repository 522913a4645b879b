"""Logs of a training for TensorBoard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from edgernn.training.loop import Progress, ProgressCallback
from edgernn_export import OutputError

_PARTS = ("train", "validation")
#: DATA_CLASS_SCALAR of `tensorflow/core/framework/summary.proto`.
_SCALAR = 1


@contextmanager
def tensorboard_log(folder: Path, progress: ProgressCallback) -> Iterator[ProgressCallback]:
    """Yield a callback that logs each epoch, and then calls `progress`.

    The scalars `epoch_loss` and `epoch_accuracy` are in the subfolders `train` and `validation`,
    as those of Keras's own callback. If the network is trained twice, the numbers of the epochs
    continue.

    Raises:
        OutputError: the folder cannot be written to.
    """
    writers = {part: _writer(folder / part) for part in _PARTS}
    finished = 0

    def log(now: Progress) -> None:
        nonlocal finished
        if "val_loss" in now.figures:
            for name, value in now.figures.items():
                with writers[_PARTS[name.startswith("val_")]].as_default():
                    _write_scalar(f"epoch_{name.removeprefix('val_')}", value, finished)
            finished += 1
        progress(now)

    try:
        yield log
    finally:
        for writer in writers.values():
            writer.close()


def _writer(folder: Path) -> Any:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tf.summary.create_file_writer(str(folder))
    except (OSError, tf.errors.OpError) as error:
        raise OutputError(
            "the logs for TensorBoard cannot be written",
            path=folder,
            expected="a writable folder",
            found=getattr(error, "strerror", None) or str(error),
            hint="choose another folder with --tensorboard",
        ) from error


def _write_scalar(tag: str, value: float, step: int) -> None:
    # tf.summary.scalar needs the package tensorboard, which TensorFlow does not install. The
    # metadata are those that it writes.
    metadata: Any = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    metadata.data_class = _SCALAR
    tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=metadata)
