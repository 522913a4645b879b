"""The writer of `.onnx` files: a Network as LSTM, GRU and RNN operators.

The file takes `ids` int32 [N, T] and `lengths` int32 [N], both dimensions dynamic, and gives
`probabilities` float32 [N, C]. A text shorter than T is padded behind with any id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import onnx

from edgernn_export.chain import chain_layers
from edgernn_export.errors import ModelStatsError
from edgernn_export.model_stats import ModelStats, get_part, is_weight
from edgernn_export.onnx.graph import GraphBuilder
from edgernn_export.onnx.layers import OnnxEmitter
from edgernn_export.recipes import Recipe
from edgernn_runtime.bundle import VOCABULARY_HASH_KEY
from edgernn_runtime.ir import Network, Task

INTERFACE = {
    "inputs": [
        {"name": "ids", "dtype": "int32", "shape": ["N", "T"]},
        {"name": "lengths", "dtype": "int32", "shape": ["N"]},
    ],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["N", "C"]}],
}
#: Every operator of ONNX is allowed, except loops in a fused file.
FOREIGN = ()
LOOPS = ("Loop", "Scan", "If")


def write(network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as an `.onnx` file.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: 64 hexadecimal digits, for `metadata_props` beside the labels.

    Raises:
        UncoveredError: ONNX's recurrent operators lack an activation.
    """
    graph = GraphBuilder()
    emitter = OnnxEmitter(graph, recipe)
    logits = [] if network.wide is None else [emitter.wide(network.wide)]
    if network.embedding is not None:
        # The recurrent operators take the time first: [T, N, I].
        x = emitter.embedding(network.embedding, graph.node("Transpose", ["ids"], perm=[1, 0]))
        for i, layer in enumerate(chain_layers(network)):
            x = emitter.layer(i, layer, x)
        logits.append(x)
    emitter.head(network.task, logits)
    return graph.finish(
        inputs={"ids": ("int32", ("N", "T")), "lengths": ("int32", ("N",))},
        outputs={"probabilities": ("float32", ("N", network.task.outputs))},
        metadata=metadata(network.task, vocabulary_sha256),
        producer="edgernn",
    )


def metadata(task: Task, vocabulary_sha256: str) -> dict[str, str]:
    """Return the `metadata_props`: the hash of the vocabulary, and the labels."""
    return {VOCABULARY_HASH_KEY: vocabulary_sha256, "edgernn.labels": json.dumps(task.labels)}


def read_stats(data: bytes) -> ModelStats:
    """Return the model statistics of an `.onnx` file, including the bodies of loops.

    Raises:
        ModelStatsError: ONNX's own strict checker refuses the file.
    """
    model = onnx.load_model_from_string(data)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelStatsError("ONNX's checker refuses the file", found=str(error)[:300]) from error
    operators: dict[str, int] = {}
    weights: dict[str, int] = {}
    parts: dict[str, int] = {}
    for graph in graphs(model.graph):
        for node in graph.node:
            operators[node.op_type] = operators.get(node.op_type, 0) + 1
        for tensor in graph.initializer:
            size = len(tensor.raw_data)
            parts[get_part(tensor.name)] = parts.get(get_part(tensor.name), 0) + size
            dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).name
            if is_weight(tensor.name, dtype, len(tensor.dims)):
                weights[dtype] = weights.get(dtype, 0) + size
    return ModelStats(operators=operators, weight_bytes=weights, size=len(data), parts=parts)


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and the bodies of its loops."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs(attribute.g)
