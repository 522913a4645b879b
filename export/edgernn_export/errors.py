"""The errors of the exporter; all of them are `edgernn_runtime.EdgernnError`."""

from __future__ import annotations

from edgernn_runtime import EdgernnError
from edgernn_runtime.errors import OptionError

__all__ = [
    "CensusError",
    "GateError",
    "ModelFileError",
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
    """The fused lowering does not cover a layer or an option; the generic one may."""


class CensusError(EdgernnError):
    """The written file is not what was asked for: another operator, or another type of weight."""


class GateError(EdgernnError):
    """The written file does not give the trained answers closely enough."""


class OutputError(EdgernnError):
    """The output cannot be written, or stands there already."""
