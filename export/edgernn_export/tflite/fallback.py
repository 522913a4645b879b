"""The fallback conversion to TFLite, by TensorFlow's converter."""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.ids_model import ids_function
from edgernn_export.keras.reader import Source
from edgernn_export.recipes import Recipe
from edgernn_export.silence import silence
from edgernn_export.tflite.graph import pack
from edgernn_export.tflite.writer import INTERFACE, metadata

__all__ = ["INTERFACE", "convert"]


def convert(source: Source, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the model as a `.tflite` file.

    Raises:
        UnsupportedModelError: the converter fails, or needs operators that a slim runtime lacks.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    function = ids_function(source)
    try:
        with silence():
            # With variables, the file would contain VAR_HANDLE operators and no weights.
            frozen = convert_variables_to_constants_v2(function.get_concrete_function())
            converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
            if recipe.weights != "float32":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if recipe.weights == "float16":
                converter.target_spec.supported_types = [tf.float16]
            data = converter.convert()
    except Exception as error:  # The converter passes on every exception type of its compiler.
        reason = [line for line in str(error).splitlines() if line.strip()]
        raise UnsupportedModelError(
            "the TFLite converter cannot convert this model",
            expected="operators of the slim runtime",
            found=(reason or [type(error).__name__])[0][:300],
            hint="try --format onnx, or see docs/architecture.md for what is covered",
        ) from error
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    return pack(model, ["ids"], ["probabilities"], metadata(source.task, vocabulary_sha256))
