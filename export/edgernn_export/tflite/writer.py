"""The writer of `.tflite` files: a Network as fused operators, written directly.

The file takes `ids` int32 [1, T], T dynamic, and gives `probabilities` float32 [1, C].
`docs/lowering.md` explains why the file is not made by TensorFlow's converter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from edgernn_export.chain import chain_layers
from edgernn_export.model_stats import ModelStats, get_part, is_weight
from edgernn_export.recipes import Recipe
from edgernn_export.tflite.graph import FileBuilder
from edgernn_export.tflite.integer_layers import IntegerEmitter
from edgernn_export.tflite.layers import TIME, TfliteEmitter
from edgernn_runtime.bundle import VOCABULARY_HASH_KEY
from edgernn_runtime.ir import Network, Task

INTERFACE = {
    "inputs": [{"name": "ids", "dtype": "int32", "shape": [1, "T"]}],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": [1, "C"]}],
}
#: The slim runtime lacks these operators.
FOREIGN = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CUSTOM", "Flex")
#: A loop is written only where TFLite has no fused operator.
LOOPS = ("WHILE",)


def write(network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as a `.tflite` file.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: 64 hexadecimal digits, for the file's metadata beside the labels.

    Raises:
        UnsupportedModelError: a wide path has too many rows.
    """
    graph = FileBuilder().subgraph("main")
    return finish(network, TfliteEmitter(graph, recipe), vocabulary_sha256)


def finish(
    network: Network, emitter: TfliteEmitter | IntegerEmitter, vocabulary_sha256: str
) -> bytes:
    """Add all layers of a network to an emitter's graph, which is empty, and return the file.

    Raises:
        UnsupportedModelError: the emitter does not cover a layer.
    """
    graph = emitter.graph
    ids = graph.tensor("ids", (1, TIME), "int32")
    wide = None if network.wide is None else emitter.wide(network.wide, ids)
    x = None
    if network.embedding is not None:
        x = emitter.embedding(network.embedding, ids)
        for i, layer in enumerate(chain_layers(network)):
            x = emitter.layer(i, layer, x)
    probabilities = emitter.head(network.task, x, wide)
    inputs, outputs = {"ids": ids}, {"probabilities": probabilities}
    return graph.file.finish(inputs, outputs, metadata(network.task, vocabulary_sha256), "edgernn")


def metadata(task: Task, vocabulary_sha256: str) -> dict[str, bytes]:
    """Return the metadata of a file: the hash of the vocabulary, and the labels."""
    about = {VOCABULARY_HASH_KEY: vocabulary_sha256, "labels": task.labels}
    return {"edgernn": json.dumps(about, sort_keys=True).encode()}


def read_stats(data: bytes) -> ModelStats:
    """Return the model statistics of a `.tflite` file."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    name_of = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    operators: dict[str, int] = {}
    weights: dict[str, int] = {}
    parts: dict[str, int] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = name_of[code.builtinCode]
            name = code.customCode.decode() if code.customCode else name
            operators[name] = operators.get(name, 0) + 1
    for name, dtype, rank, size in _constants(model):
        parts[get_part(name)] = parts.get(get_part(name), 0) + size
        if is_weight(name, dtype, rank):
            weights[dtype] = weights.get(dtype, 0) + size
    return ModelStats(operators=operators, weight_bytes=weights, size=len(data), parts=parts)


def _constants(model: Any) -> Iterator[tuple[str, str, int, int]]:
    """Yield name, type, rank and bytes of each constant, once for each buffer."""
    type_of = {value: name.lower() for name, value in vars(schema.TensorType).items()}
    seen = set()
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            content = model.buffers[tensor.buffer].data
            if content is not None and tensor.buffer not in seen:
                seen.add(tensor.buffer)
                rank = 0 if tensor.shape is None else len(tensor.shape)
                yield tensor.name.decode(), type_of[tensor.type], rank, len(content)
