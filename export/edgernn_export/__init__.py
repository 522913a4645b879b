"""The exporter of edgernn: recurrent Keras text classifiers to fused TFLite, ONNX and C."""

from edgernn_export.comparison import Examples
from edgernn_export.exporter import Export, Options, export
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS

__all__ = ["RECIPES", "TARGETS", "Examples", "Export", "Options", "export"]
