"""The errors of training, data and benchmarks. Each is an `edgernn_runtime.EdgernnError`."""

from __future__ import annotations

from edgernn_runtime import EdgernnError, OptionError

__all__ = [
    "BenchError",
    "DataError",
    "DownloadError",
    "ModelFolderError",
    "OptionError",
    "TrainingError",
]


class DataError(EdgernnError):
    """The data cannot be used for training or evaluating."""


class DownloadError(EdgernnError):
    """A download failed, or the file does not match its published hash."""


class ModelFolderError(EdgernnError):
    """The folder is not one that `edgernn train` wrote, or must not be written to."""


class TrainingError(EdgernnError):
    """Training ended without a usable model."""


class BenchError(EdgernnError):
    """A measurement failed."""
