"""The exporter of edgernn: recurrent Keras text classifiers to fused TFLite and ONNX bundles."""

from edgernn_export.c.folder import export_c
from edgernn_export.exporter import Export, Options, export
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import FORMATS
from edgernn_export.verification import Examples

__all__ = ["FORMATS", "RECIPES", "Examples", "Export", "Options", "export", "export_c"]
