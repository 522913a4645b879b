"""The errors of the exporter. Each is an `edgernn_runtime.EdgernnError`."""

from __future__ import annotations

from edgernn_runtime import EdgernnError
from edgernn_runtime.errors import OptionError

__all__ = [
    "GateError",
    "ModelFileError",
    "ModelStatsError",
    "OptionError",
    "OutputError",
    "UncoveredError",
    "UnsupportedModelError",
]


class ModelFileError(EdgernnError):
    """The file is not a Keras model, or cannot be loaded safely."""


class UnsupportedModelError(EdgernnError):
    """The model has a layer or an option that cannot be exported."""


class UncoveredError(UnsupportedModelError):
    """The IR or a target's operators do not cover a layer; the fallback conversion may."""


class ModelStatsError(EdgernnError):
    """The written file contains other operators or other types of weights than requested."""


class GateError(EdgernnError):
    """Verification failed: the file's outputs differ from Keras beyond the tolerance."""


class OutputError(EdgernnError):
    """The output cannot be written, or exists already."""
