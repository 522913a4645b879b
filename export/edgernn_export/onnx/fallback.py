"""The fallback conversion to ONNX, by tf2onnx."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.ids_model import ids_function
from edgernn_export.keras.reader import Source
from edgernn_export.onnx.graph import IR_VERSION, OPSET
from edgernn_export.onnx.writer import graphs, metadata
from edgernn_export.quantization import quantize
from edgernn_export.recipes import Recipe
from edgernn_export.silence import silence
from edgernn_runtime.ir import Array

#: Matrices with fewer weights stay float32, as with the TFLite converter.
_SMALL = 1024
_FLOAT = onnx.TensorProto.FLOAT

INTERFACE = {
    "inputs": [{"name": "ids", "dtype": "int32", "shape": [1, "T"]}],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": [1, "C"]}],
}


def convert(source: Source, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the model as an `.onnx` file.

    Raises:
        UnsupportedModelError: tf2onnx fails.
    """
    import tf2onnx

    function = ids_function(source)
    try:
        with silence():
            model, _ = tf2onnx.convert.from_function(
                function, input_signature=function.input_signature, opset=OPSET
            )
    except Exception as error:  # tf2onnx passes on TensorFlow's exceptions, and raises its own.
        reason = [line for line in str(error).splitlines() if line.strip()]
        raise UnsupportedModelError(
            "tf2onnx cannot convert this model",
            expected=f"operators of opset {OPSET}",
            found=(reason or [type(error).__name__])[0][:300],
            hint="try --format tflite, or see docs/architecture.md for what is covered",
        ) from error
    for graph in graphs(model.graph):
        _narrow(graph, recipe)
    model.ir_version = IR_VERSION
    model.producer_name = "edgernn"
    helper.set_model_props(model, metadata(source.task, vocabulary_sha256))
    return bytes(model.SerializeToString(deterministic=True))


def _narrow(graph: onnx.GraphProto, recipe: Recipe) -> None:
    """Store the large float matrices of a graph in the recipe's type, and widen them at load.

    Products are computed in float32: tf2onnx passes recurrent weights to a loop as state, where
    ONNX Runtime's own quantizer does not find them.
    """
    if recipe.weights == "float32":
        return
    initializers, nodes = list(graph.initializer), list(graph.node)
    del graph.initializer[:], graph.node[:]
    for tensor in initializers:
        is_matrix = tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) >= 2
        if is_matrix and math.prod(tensor.dims) >= _SMALL:
            _add_narrow(graph, tensor.name, numpy_helper.to_array(tensor), recipe)
        else:
            graph.initializer.append(tensor)
    graph.node.extend(nodes)


def _add_narrow(graph: onnx.GraphProto, name: str, weights: Array, recipe: Recipe) -> None:
    if recipe.weights == "float16":
        half = numpy_helper.from_array(weights.astype(np.float16), f"{name}/float16")
        graph.initializer.append(half)
        graph.node.append(helper.make_node("Cast", [half.name], [name], to=_FLOAT))
        return
    # A table needs per-row scales, a product per-channel scales.
    candidates = [quantize(weights, axis=axis) for axis in (0, -1)]
    best = min(candidates, key=lambda one: float(np.square(one.dequantized() - weights).sum()))
    values = numpy_helper.from_array(best.values, f"{name}/int8")
    scale = numpy_helper.from_array(best.scale, f"{name}/scale")
    graph.initializer.extend([values, scale])
    wide = f"{name}/wide"
    graph.node.append(helper.make_node("Cast", [values.name], [wide], to=_FLOAT))
    graph.node.append(helper.make_node("Mul", [wide, scale.name], [name]))
