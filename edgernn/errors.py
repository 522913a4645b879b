"""The errors of the workstation's floor; all of them are `edgernn_runtime.EdgernnError`."""

from __future__ import annotations

from edgernn_runtime import EdgernnError


class UsageError(EdgernnError):
    """What was asked for does not exist or does not fit."""

    is_usage = True


class DataError(EdgernnError):
    """The data cannot be used for training or evaluating."""


class DownloadError(EdgernnError):
    """A download failed, or what came is not what was expected."""


class ModelFolderError(EdgernnError):
    """The folder is not one that `edgernn train` wrote, or must not be written to."""


class TrainingError(EdgernnError):
    """Training ended without a usable model."""


class BenchError(EdgernnError):
    """A measurement failed."""
