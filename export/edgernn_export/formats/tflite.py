"""The writer of `.tflite` files: a Network as fused operators, written directly.

Each LSTM becomes UNIDIRECTIONAL_SEQUENCE_LSTM, one for each direction. The file takes `ids` int32
[1, T], T dynamic, and gives `probabilities` float32 [1, C]. `docs/lowering.md` says why the file
is written here rather than by TensorFlow's converter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgernn_export.census import Census
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.formats.tflite_graph import NO_TENSOR, GraphBuilder
from edgernn_export.quantize import quantize
from edgernn_export.recipes import Recipe
from edgernn_runtime.bundle import VOCABULARY_HASH_KEY
from edgernn_runtime.network import Array, Dense, Direction, Network, Recurrent

INTERFACE = {
    "inputs": [{"name": "ids", "dtype": "int32", "shape": [1, "T"]}],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": [1, "C"]}],
}
#: What a fused file never holds.
FORBIDDEN = ("WHILE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CUSTOM", "Flex")

_TIME = -1
_NO_ACTIVATION = schema.ActivationFunctionType.NONE
_RELU = schema.ActivationFunctionType.RELU
_TANH = schema.ActivationFunctionType.TANH


def write(network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as a `.tflite` file.

    Args:
        network: the classifier; every recurrent layer an LSTM.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: goes into the file's metadata beside the labels.

    Raises:
        UnsupportedModelError: a recurrent layer is not an LSTM.
    """
    for layer in network.recurrent:
        if layer.cell != "lstm":
            raise UnsupportedModelError(
                f"layer {layer.name}: TFLite has no fused operator for this cell yet",
                expected="an LSTM",
                found=layer.cell.upper(),
                hint="export with --format onnx, or train with --cell lstm",
            )
    lowering = _Lowering(GraphBuilder(), recipe, count())
    graph = lowering.graph
    ids = graph.tensor("ids", (1, _TIME), "int32")
    x = lowering.embedding(network.embedding, ids)
    for i, layer in enumerate(network.recurrent):
        x = lowering.recurrent(f"recurrent_{i}", layer, x)
    for i, dense in enumerate(network.dense):
        x = lowering.dense(f"dense_{i}", dense, x)
    probabilities = lowering.head(network, x)
    about = {VOCABULARY_HASH_KEY: vocabulary_sha256, "labels": network.labels}
    graph.metadata("edgernn", json.dumps(about, sort_keys=True).encode())
    return graph.finish({"ids": ids}, {"probabilities": probabilities}, "edgernn")


def read_census(data: bytes) -> Census:
    """Return what a `.tflite` file holds; weights are the constants of rank 2 and more."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    name_of = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    type_of = {value: name.lower() for name, value in vars(schema.TensorType).items()}
    operators: dict[str, int] = {}
    weights: dict[str, int] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = name_of[code.builtinCode]
            name = code.customCode.decode() if code.customCode else name
            operators[name] = operators.get(name, 0) + 1
        for tensor in graph.tensors:
            content = model.buffers[tensor.buffer].data
            if content is not None and tensor.shape is not None and len(tensor.shape) >= 2:
                dtype = type_of[tensor.type]
                weights[dtype] = weights.get(dtype, 0) + len(content)
    return Census(operators=operators, weight_bytes=weights, size=len(data))


@dataclass(frozen=True)
class _Lowering:
    """Adds the operators of one layer after the other to a graph."""

    graph: GraphBuilder
    recipe: Recipe
    numbers: Iterator[int]

    def embedding(self, table: Array, ids: int) -> int:
        """Return the rows [1, T, E] of the ids [1, T]."""
        shape = (1, _TIME, table.shape[1])
        if self.recipe.weights != "int8":
            rows = self._weights("embedding", table)
            return self._add("GATHER", [rows, ids], shape, axis=0, batchDims=0)
        quantized = quantize(table)
        scale = quantized.scale.item()
        rows = self.graph.constant("embedding", quantized.values, scale=scale)
        gathered = self.graph.tensor(self._name("gather"), shape, "int8", scale=scale)
        self.graph.operator("GATHER", [rows, ids], gathered, version=2, axis=0, batchDims=0)
        return self._add("DEQUANTIZE", [gathered], shape, version=2)

    def recurrent(self, name: str, layer: Recurrent, x: int) -> int:
        """Return a layer's output: [1, T, O], or [1, O] without `return_sequences`."""
        forward = self._lstm(f"{name}/forward", layer.forward, x)
        if layer.backward is None:
            return forward if layer.return_sequences else self._last(layer.forward, forward)
        size = layer.backward.recurrent.shape[0]
        reversed_x = self._reverse(x, layer.backward.kernel.shape[0])
        backward = self._lstm(f"{name}/backward", layer.backward, reversed_x)
        if layer.return_sequences:
            return self._merge(layer, forward, self._reverse(backward, size), (1, _TIME, size))
        forward = self._last(layer.forward, forward)
        return self._merge(layer, forward, self._last(layer.backward, backward), (1, size))

    def dense(self, name: str, layer: Dense, x: int) -> int:
        """Return activation(x W + b), [1, O]."""
        # TFLite keeps the weights of a product as [O, I].
        weights = self._weights(name, np.ascontiguousarray(layer.kernel.T))
        bias = self.graph.constant(f"{name}/bias", layer.bias)
        shape = (1, len(layer.bias))
        is_relu = layer.activation == "relu"
        product = self._add(
            "FULLY_CONNECTED",
            [x, weights, bias],
            shape,
            version=9 if self.recipe.weights == "int8" else 1,
            fusedActivationFunction=_RELU if is_relu else _NO_ACTIVATION,
            weightsFormat=schema.FullyConnectedOptionsWeightsFormat.DEFAULT,
            keepNumDims=False,
            asymmetricQuantizeInputs=self.recipe.weights == "int8",
        )
        after = {"tanh": "TANH", "sigmoid": "LOGISTIC"}.get(layer.activation)
        return product if after is None else self._add(after, [product], shape)

    def head(self, network: Network, logits: int) -> int:
        """Return the probabilities [1, C] of the logits."""
        output = self.graph.tensor("probabilities", (1, network.outputs))
        if network.head == "multiclass":
            return self.graph.operator("SOFTMAX", [logits], output, beta=1.0)
        return self.graph.operator("LOGISTIC", [logits], output)

    def _lstm(self, name: str, weights: Direction, x: int) -> int:
        """Return all hidden states [1, T, H] of one direction.

        The operator's 24 inputs are listed in `lstm_shared.h` of TensorFlow Lite.
        """
        size = weights.hidden_size
        # Keras and TFLite keep the same order of gates: input, forget, cell, output.
        kernels = self._gates(f"{name}/kernel", weights.kernel)
        recurrent = self._gates(f"{name}/recurrent", weights.recurrent)
        biases = [
            self.graph.constant(f"{name}/bias/{gate}", bias)
            for gate, bias in enumerate(np.split(weights.bias, 4))
        ]
        hidden = self.graph.tensor(f"{name}/hidden", (1, size), is_variable=True)
        cell = self.graph.tensor(f"{name}/cell", (1, size), is_variable=True)
        peepholes, projection, normalization = 3, 2, 4
        inputs = [
            *(x, *kernels, *recurrent, *[NO_TENSOR] * peepholes, *biases),
            *([NO_TENSOR] * projection + [hidden, cell] + [NO_TENSOR] * normalization),
        ]
        return self._add(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            inputs,
            (1, _TIME, size),
            version=3 if self.recipe.weights == "int8" else 1,
            fusedActivationFunction=_TANH,
            # Keras does not clip the cell; the converter's default of 10 gives other answers.
            cellClip=0.0,
            projClip=0.0,
            timeMajor=False,
            asymmetricQuantizeInputs=self.recipe.weights == "int8",
        )

    def _gates(self, name: str, kernel: Array) -> list[int]:
        return [
            self._weights(f"{name}/{gate}", np.ascontiguousarray(part.T))
            for gate, part in enumerate(np.split(kernel, 4, axis=1))
        ]

    def _weights(self, name: str, weights: Array) -> int:
        """Return a constant of the recipe's type, as the kernels take it."""
        if self.recipe.weights == "int8":
            quantized = quantize(weights)
            return self.graph.constant(name, quantized.values, scale=quantized.scale.item())
        if self.recipe.weights == "float32":
            return self.graph.constant(name, weights)
        half = self.graph.constant(f"{name}/float16", weights.astype(np.float16))
        full = self.graph.tensor(name, weights.shape)
        return self.graph.operator("DEQUANTIZE", [half], full, version=3)

    def _reverse(self, x: int, size: int) -> int:
        axis = self.graph.constant(self._name("axis"), np.array([1], dtype=np.int32))
        return self._add("REVERSE_V2", [x, axis], (1, _TIME, size))

    def _last(self, weights: Direction, states: int) -> int:
        """Return states[:, -1, :]."""
        bounds = [
            self.graph.constant(self._name("bound"), np.array(values, dtype=np.int32))
            for values in ((0, -1, 0), (0, 0, 0), (1, 1, 1))
        ]
        every_batch_and_unit = 0b101
        return self._add(
            "STRIDED_SLICE",
            [states, *bounds],
            (1, weights.hidden_size),
            beginMask=every_batch_and_unit,
            endMask=every_batch_and_unit,
            ellipsisMask=0,
            newAxisMask=0,
            shrinkAxisMask=0b010,
        )

    def _merge(self, layer: Recurrent, a: int, b: int, shape: tuple[int, ...]) -> int:
        if layer.merge == "concat":
            wide = (*shape[:-1], 2 * shape[-1])
            return self._add("CONCATENATION", [a, b], wide, axis=len(shape) - 1)
        if layer.merge == "mul":
            return self._add("MUL", [a, b], shape)
        total = self._add("ADD", [a, b], shape)
        if layer.merge == "sum":
            return total
        half = self.graph.constant(self._name("half"), np.array(0.5, dtype=np.float32))
        return self._add("MUL", [total, half], shape)

    def _add(
        self,
        name: str,
        inputs: list[int],
        shape: tuple[int, ...],
        *,
        version: int = 1,
        **options: object,
    ) -> int:
        output = self.graph.tensor(self._name(name.lower()), shape)
        return self.graph.operator(name, inputs, output, version=version, **options)

    def _name(self, kind: str) -> str:
        return f"{kind}_{next(self.numbers)}"
