"""The exporter of edgernn: recurrent Keras text classifiers to fused TFLite, ONNX and C."""

from edgernn_export.comparison import Examples
from edgernn_export.errors import (
    GateError,
    ModelFileError,
    ModelStatsError,
    OutputError,
    UncoveredError,
    UnsupportedModelError,
)
from edgernn_export.exporter import Export, Options, export
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime import EdgernnError, OptionError

__all__ = [
    "RECIPES",
    "TARGETS",
    "EdgernnError",
    "Examples",
    "Export",
    "GateError",
    "ModelFileError",
    "ModelStatsError",
    "OptionError",
    "Options",
    "OutputError",
    "UncoveredError",
    "UnsupportedModelError",
    "export",
]
