"""The writer of `.onnx` files: a Network as LSTM, GRU and RNN operators.

The file takes `ids` int32 [N, T] and `lengths` int32 [N], both dimensions dynamic, and gives
`probabilities` float32 [N, C]. A text that is shorter than T is padded at its end with any id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgernn_export.census import Census
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.formats.onnx_graph import MICROSOFT_DOMAIN, GraphBuilder
from edgernn_export.quantize import quantize
from edgernn_export.recipes import Recipe
from edgernn_runtime.bundle import VOCABULARY_HASH_KEY
from edgernn_runtime.network import Array, Cell, Dense, Direction, Network, Recurrent

INTERFACE = {
    "inputs": [
        {"name": "ids", "dtype": "int32", "shape": ["N", "T"]},
        {"name": "lengths", "dtype": "int32", "shape": ["N"]},
    ],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["N", "C"]}],
}
#: What a fused file never holds.
FORBIDDEN = ("Loop", "Scan", "If")

#: ONNX Runtime multiplies unsigned by signed bytes in pairs summed to 16 bits, which overflow with
#: eight-bit weights on processors without VNNI. Seven bits never do.
PRODUCT_BITS = 7

_OPERATOR: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
#: Where each of ONNX's gates stands in Keras's order. LSTM: Keras i, f, c, o and ONNX i, o, f, c;
#: GRU: update, reset, candidate in both.
_GATE_ORDER: dict[Cell, tuple[int, ...]] = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "rnn": (0,)}
_REDUCE = {"ave": "ReduceMean", "mul": "ReduceProd"}
_ACTIVATION = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def write(network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as an `.onnx` file.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: goes into the file's `metadata_props` beside the labels.

    Raises:
        UnsupportedModelError: the recipe is int8 and a recurrent layer is not an LSTM.
    """
    for layer in network.recurrent:
        if recipe.weights == "int8" and layer.cell != "lstm":
            raise UnsupportedModelError(
                f"layer {layer.name}: ONNX Runtime has no int8 operator for this cell",
                expected="an LSTM",
                found=layer.cell.upper(),
                hint="export with --quantize float16 or none, or train with --cell lstm",
            )
    lowering = _Lowering(GraphBuilder(), recipe)
    graph = lowering.graph
    # The recurrent operators want the time first: [T, N, I].
    x = lowering.embedding(network.embedding, graph.node("Transpose", ["ids"], perm=[1, 0]))
    # Names of our own: a Keras layer may be called what an output is called.
    for i, layer in enumerate(network.recurrent):
        x = lowering.recurrent(f"recurrent_{i}", layer, x)
    for i, dense in enumerate(network.dense):
        x = lowering.dense(f"dense_{i}", dense, x)
    lowering.head(network, x)
    return graph.finish(
        inputs={"ids": ("int32", ("N", "T")), "lengths": ("int32", ("N",))},
        outputs={"probabilities": ("float32", ("N", network.outputs))},
        metadata={
            VOCABULARY_HASH_KEY: vocabulary_sha256,
            "edgernn.labels": json.dumps(network.labels),
        },
        producer="edgernn",
    )


def read_census(data: bytes) -> Census:
    """Return what an `.onnx` file holds; weights are the float and int8 matrices.

    Scales and biases are the initializers that end in `/scale` and `/bias`, and are not counted.
    """
    model = onnx.load_model_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    operators: dict[str, int] = {}
    for node in model.graph.node:
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    weights: dict[str, int] = {}
    for tensor in model.graph.initializer:
        if len(tensor.dims) >= 2 and not tensor.name.endswith(("/scale", "/bias")):
            dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).name
            weights[dtype] = weights.get(dtype, 0) + len(tensor.raw_data)
    return Census(operators=operators, weight_bytes=weights, size=len(data))


@dataclass(frozen=True)
class _Lowering:
    """Adds the nodes of one layer after the other to a graph."""

    graph: GraphBuilder
    recipe: Recipe

    def embedding(self, table: Array, ids: str) -> str:
        """Return the rows [T, N, E] of the ids [T, N]."""
        graph = self.graph
        if self.recipe.weights != "int8":
            return graph.node("Gather", [self._weights("embedding", table), ids])
        # A scale for each row, as a half: 20 KB for 10,000 words instead of 40.
        quantized = quantize(table, axis=0)
        scales = graph.constant("embedding/scale", quantized.scale.astype(np.float16))
        rows = graph.node("Gather", [graph.constant("embedding", quantized.values), ids])
        scale = graph.node("Gather", [scales, ids])
        return graph.node("Mul", [self._to_float(rows), self._to_float(scale)])

    def recurrent(self, name: str, layer: Recurrent, x: str) -> str:
        """Return a layer's output: [T, N, O], or [N, O] without `return_sequences`."""
        graph = self.graph
        outputs = ["", f"{name}/last"]
        if layer.return_sequences:
            outputs = [f"{name}/sequence"]
        states = self._cell(name, layer, x, outputs)
        # [T, D, N, H] or [D, N, H], D being the number of directions.
        axis = 1 if layer.return_sequences else 0
        if layer.backward is None:
            return graph.node("Squeeze", [states, self._integers("axis", axis)])
        if layer.merge == "concat":
            perm = [0, 2, 1, 3] if layer.return_sequences else [1, 0, 2]
            shape = self._integers("flat", *[0] * (axis + 1), -1)
            return graph.node("Reshape", [graph.node("Transpose", [states], perm=perm), shape])
        if layer.merge == "sum":
            axes = self._integers("axis", axis)
            return graph.node("ReduceSum", [states, axes], keepdims=0)
        return graph.node(_REDUCE[layer.merge], [states], axes=[axis], keepdims=0)

    def dense(self, name: str, layer: Dense, x: str) -> str:
        """Return activation(x W + b), [N, O]."""
        graph = self.graph
        bias = graph.constant(f"{name}/bias", layer.bias)
        if self.recipe.weights == "int8":
            x = graph.node("Add", [self._integer_product(name, layer.kernel, x), bias])
        else:
            x = graph.node("Gemm", [x, self._weights(name, layer.kernel), bias])
        operator = _ACTIVATION.get(layer.activation)
        return x if operator is None else graph.node(operator, [x])

    def head(self, network: Network, logits: str) -> None:
        """Add the node that makes `probabilities` [N, C] of the logits."""
        operator = "Softmax" if network.head == "multiclass" else "Sigmoid"
        self.graph.node(operator, [logits], outputs=["probabilities"])

    def _cell(self, name: str, layer: Recurrent, x: str, outputs: list[str]) -> str:
        """Add the recurrent operator over x [T, N, I] and return the output that is named."""
        graph = self.graph
        kernel = _stacked(layer, [d.kernel for d in layer.directions])
        recurrent = _stacked(layer, [d.recurrent for d in layer.directions])
        biases = np.stack([_bias(layer, direction) for direction in layer.directions])
        bias = graph.constant(f"{name}/bias", biases)
        attributes: dict[str, Any] = {
            "hidden_size": layer.forward.hidden_size,
            "direction": "forward" if layer.backward is None else "bidirectional",
        }
        if layer.cell == "gru":
            attributes["linear_before_reset"] = int(layer.reset_after)
        if self.recipe.weights != "int8":
            weights = [
                self._weights(f"{name}/kernel", np.swapaxes(kernel, 1, 2)),
                self._weights(f"{name}/recurrent", np.swapaxes(recurrent, 1, 2)),
            ]
            inputs = [x, *weights, bias, "lengths"]
            return graph.node(_OPERATOR[layer.cell], inputs, outputs=outputs, **attributes)
        kernel_inputs = self._quantized(f"{name}/kernel", kernel)
        recurrent_inputs = self._quantized(f"{name}/recurrent", recurrent)
        weights = [kernel_inputs[0], recurrent_inputs[0]]
        no_states_no_peepholes = ["", "", ""]
        inputs = [x, *weights, bias, "lengths", *no_states_no_peepholes]
        inputs += [*kernel_inputs[1:], *recurrent_inputs[1:]]
        return graph.node(
            "DynamicQuantizeLSTM", inputs, outputs=outputs, domain=MICROSOFT_DOMAIN, **attributes
        )

    def _quantized(self, name: str, kernel: Array) -> list[str]:
        """Return weights [D, I, G*H], their scales and their zero points, [D, G*H]."""
        parts = [quantize(direction, axis=1, bits=PRODUCT_BITS) for direction in kernel]
        scales = np.concatenate([part.scale for part in parts])
        zeros = np.zeros(scales.shape, dtype=np.int8)
        return [
            self.graph.constant(name, np.stack([part.values for part in parts])),
            self.graph.constant(f"{name}/scale", scales),
            self.graph.constant(f"{name}/zero_point/scale", zeros),
        ]

    def _integer_product(self, name: str, kernel: Array, x: str) -> str:
        """Return x W in integers: x quantized as it comes, W with a scale for each column."""
        graph = self.graph
        quantized = quantize(kernel, axis=1, bits=PRODUCT_BITS)
        weights = graph.constant(name, quantized.values)
        scale = graph.constant(f"{name}/scale", quantized.scale[0])
        parts = [f"{name}/x", f"{name}/x_scale", f"{name}/x_zero_point"]
        graph.node("DynamicQuantizeLinear", [x], outputs=parts)
        product = graph.node("MatMulInteger", [parts[0], weights, parts[2]])
        return graph.node("Mul", [self._to_float(product), graph.node("Mul", [parts[1], scale])])

    def _weights(self, name: str, weights: Array) -> str:
        """Return float weights; halves are cast, which ONNX Runtime does once, at load."""
        if self.recipe.weights == "float32":
            return self.graph.constant(name, weights)
        return self._to_float(self.graph.constant(name, weights.astype(np.float16)))

    def _to_float(self, x: str) -> str:
        return self.graph.node("Cast", [x], to=onnx.TensorProto.FLOAT)

    def _integers(self, name: str, *values: int) -> str:
        name = f"{name}_{'_'.join(map(str, values))}"
        return self.graph.constant(name, np.array(values, dtype=np.int64))


def _stacked(layer: Recurrent, kernels: list[Array]) -> Array:
    """Return [D, I, G*H] with the gates in ONNX's order."""
    return np.stack([_reordered(layer.cell, kernel) for kernel in kernels])


def _reordered(cell: Cell, x: NDArray[np.float32]) -> Array:
    order = _GATE_ORDER[cell]
    gates = np.split(x, len(order), axis=-1)
    return np.concatenate([gates[i] for i in order], axis=-1)


def _bias(layer: Recurrent, direction: Direction) -> Array:
    """Return the input's and the recurrent bias in one vector, [2*G*H]."""
    bias = _reordered(layer.cell, direction.bias)
    return bias.reshape(-1) if bias.ndim == 2 else np.concatenate([bias, np.zeros_like(bias)])
