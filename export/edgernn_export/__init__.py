"""The exporter of edgernn: recurrent Keras text classifiers to fused TFLite, ONNX and C."""

from typing import TYPE_CHECKING

from edgernn_runtime.lazy import lazy_names

if TYPE_CHECKING:
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

#: The command line imports this package, and each command only what it needs.
_MODULES = {
    "EdgernnError": "edgernn_runtime",
    "Examples": "edgernn_export.comparison",
    "Export": "edgernn_export.exporter",
    "GateError": "edgernn_export.errors",
    "ModelFileError": "edgernn_export.errors",
    "ModelStatsError": "edgernn_export.errors",
    "OptionError": "edgernn_runtime",
    "Options": "edgernn_export.exporter",
    "OutputError": "edgernn_export.errors",
    "RECIPES": "edgernn_export.recipes",
    "TARGETS": "edgernn_export.targets",
    "UncoveredError": "edgernn_export.errors",
    "UnsupportedModelError": "edgernn_export.errors",
    "export": "edgernn_export.exporter",
}

__getattr__ = lazy_names(__name__, _MODULES)
