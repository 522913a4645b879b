"""Layers as ONNX operators; sequences are [T, N, I], time first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgernn_export.errors import UncoveredError
from edgernn_export.onnx.activations import RECURRENT, activate
from edgernn_export.onnx.graph import MICROSOFT_DOMAIN, GraphBuilder
from edgernn_export.onnx.wide import lower_wide
from edgernn_export.quantization import quantize, quantize_rows
from edgernn_export.recipes import Recipe
from edgernn_runtime import ir

#: Without VNNI, ONNX Runtime sums pairs of products of unsigned and signed bytes in 16 bits. These
#: overflow with 8-bit weights, and never with 7-bit weights.
PRODUCT_BITS = 7

_OPERATOR: dict[ir.Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
#: The index in Keras's order of each of ONNX's gates. LSTM: Keras i, f, c, o and ONNX i, o, f, c;
#: GRU: update, reset, candidate in both.
_GATE_ORDER: dict[ir.Cell, tuple[int, ...]] = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "rnn": (0,)}


@dataclass(frozen=True)
class OnnxEmitter:
    """Adds the nodes of one layer after the other to a graph.

    Attributes:
        graph: the graph; its input `lengths` int32 [N] is the number of tokens of each text.
        recipe: how weight matrices are stored.
    """

    graph: GraphBuilder
    recipe: Recipe

    @property
    def is_int8(self) -> bool:
        """Whether products are computed in integers."""
        return self.recipe.weights == "int8"

    def embedding(self, table: ir.Array, ids: str) -> str:
        """Return the rows, float32 [T, N, E], of the ids, int32 [T, N]."""
        graph = self.graph
        if not self.is_int8:
            return graph.node("Gather", [self._weights("embedding", table), ids])
        # Per-row scales of one byte: 10 KB for 10,000 tokens instead of 40 KB.
        rows = quantize_rows(table)
        codes = graph.constant("embedding/row_scale", rows.codes[:, np.newaxis])
        unit = graph.constant("embedding/scale", np.array(rows.unit, dtype=np.float32))
        values = graph.node("Gather", [graph.constant("embedding", rows.values), ids])
        scale = graph.node("Mul", [self._to_float(graph.node("Gather", [codes, ids])), unit])
        return graph.node("Mul", [self._to_float(values), scale])

    def layer(self, index: int, layer: ir.ChainLayer, x: str) -> str:
        """Return a layer's output; its constants are named after its kind and index."""
        if isinstance(layer, ir.Recurrent):
            return self._recurrent(f"recurrent_{index}", layer, x)
        if isinstance(layer, ir.Pooling):
            return self._pooling(f"pooling_{index}", layer, x)
        return self._dense(f"dense_{index}", layer, x)

    def wide(self, wide: ir.HashedNgrams) -> str:
        """Return the wide path's logits [N, C]."""
        return lower_wide(self.graph, wide, self.recipe.weights)

    def head(self, task: ir.Task, logits: Sequence[str]) -> None:
        """Add the nodes that make `probabilities` [N, C] of one or two paths' logits [N, C]."""
        total = logits[0] if len(logits) == 1 else self.graph.node("Add", logits)
        operator = "Softmax" if task.head == "multiclass" else "Sigmoid"
        self.graph.node(operator, [total], outputs=["probabilities"])

    def _dense(self, name: str, layer: ir.Dense, x: str) -> str:
        """Return activation(x W + b), [..., O]."""
        if self.is_int8:
            product = self._integer_product(name, layer.kernel, x)
        else:
            product = self.graph.node("MatMul", [x, self._weights(name, layer.kernel)])
        bias = self.graph.constant(f"{name}/bias", layer.bias)
        return activate(self.graph, layer.activation, self.graph.node("Add", [product, bias]))

    def _pooling(self, name: str, layer: ir.Pooling, x: str) -> str:
        """Return the reductions over each text's own steps, concatenated."""
        is_own = self._is_own_step(x)
        pooled: dict[ir.Reduction, str] = {}
        for one in dict.fromkeys(layer.reductions):
            if one == "average":
                pooled[one] = self._average(is_own, x)
            else:
                pooled[one] = self._maximum(name, layer.pad_row, is_own, x)
        parts = [pooled[one] for one in layer.reductions]
        return parts[0] if len(parts) == 1 else self.graph.node("Concat", parts, axis=-1)

    def _average(self, is_own: str, x: str) -> str:
        """Return the mean over each text's own steps of x [T, N, O]: [N, O]."""
        graph = self.graph
        own = graph.node("Where", [is_own, x, graph.scalar(0.0)])
        total = graph.node("ReduceSum", [own, graph.integers(0)], keepdims=0)
        return graph.node("Div", [total, self._to_float(self._lengths_as_column())])

    def _maximum(self, name: str, pad_row: ir.PadRow | None, is_own: str, x: str) -> str:
        """Return the maximum over each text's own steps of x [T, N, O]: [N, O]."""
        graph = self.graph
        lowest = graph.scalar(float(np.finfo(np.float32).min))
        own = graph.node("Where", [is_own, x, lowest])
        largest = graph.node("ReduceMax", [own], axes=[0], keepdims=0)
        if pad_row is None:
            return largest
        row = graph.constant(f"{name}/pad_row", pad_row.row[np.newaxis])
        length = graph.constant(f"{name}/length", np.array(pad_row.length, dtype=np.int32))
        is_short = graph.node("Less", [self._lengths_as_column(), length])
        return graph.node("Where", [is_short, graph.node("Max", [largest, row]), largest])

    def _is_own_step(self, x: str) -> str:
        """Return whether each step of x [T, N, .] is a token, not padding: bool [T, N, 1]."""
        graph = self.graph
        time = graph.node("Gather", [graph.node("Shape", [x]), graph.scalar(0)])
        steps = graph.node("Range", [graph.scalar(0), time, graph.scalar(1)])
        column = graph.node("Unsqueeze", [steps, graph.integers(1)])
        lengths = graph.node("Cast", ["lengths"], to=onnx.TensorProto.INT64)
        is_own = graph.node("Less", [column, lengths])
        return graph.node("Unsqueeze", [is_own, graph.integers(2)])

    def _lengths_as_column(self) -> str:
        return self.graph.node("Unsqueeze", ["lengths", self.graph.integers(1)])

    def _recurrent(self, name: str, layer: ir.Recurrent, x: str) -> str:
        """Return a layer's output: [T, N, O], or [N, O] without `return_sequences`."""
        graph = self.graph
        _check_activations(layer)
        if _is_one_operator(layer):
            if layer.backward is not None and layer.merge == "concat":
                return self._side_by_side(name, layer, x)
            states = self._cells(name, layer.directions, x, is_sequence=layer.return_sequences)
        else:
            states = [
                self._cells(f"{name}/{i}", (one,), x, is_sequence=layer.return_sequences)[0]
                for i, one in enumerate(layer.directions)
            ]
        merged = states[0] if layer.backward is None else _merge(graph, layer, states)
        if not (layer.return_sequences and layer.forward.reverse):
            return merged
        # The operators return a sequence in the order of tokens, Keras in the order of the walk.
        lengths = graph.node("Cast", ["lengths"], to=onnx.TensorProto.INT64)
        return graph.node("ReverseSequence", [merged, lengths], time_axis=0, batch_axis=1)

    def _side_by_side(self, name: str, layer: ir.Recurrent, x: str) -> str:
        """Return both directions' states of one operator: [T, N, 2H], or the last [N, 2H].

        Split, Squeeze and Concat would give the same result, but OpenVINO 2025.0 to 2026.4 abort on
        such a graph ("free(): invalid pointer").
        """
        graph, is_sequence = self.graph, layer.return_sequences
        states = self._states(name, layer.directions, x, is_sequence=is_sequence)
        ordered = graph.node("Transpose", [states], perm=[0, 2, 1, 3] if is_sequence else [1, 0, 2])
        shape = (0, 0, -1) if is_sequence else (0, -1)
        return graph.node("Reshape", [ordered, graph.integers(*shape)])

    def _cells(
        self, name: str, directions: tuple[ir.Direction, ...], x: str, *, is_sequence: bool
    ) -> list[str]:
        """Return each direction's states [T, N, H], or last states [N, H], of one operator."""
        graph = self.graph
        states = self._states(name, directions, x, is_sequence=is_sequence)
        axis = 1 if is_sequence else 0
        parts = [states]
        if len(directions) == 2:
            parts = [f"{name}/forward/states", f"{name}/backward/states"]
            graph.node("Split", [states], outputs=parts, axis=axis)
        return [graph.node("Squeeze", [part, graph.integers(axis)]) for part in parts]

    def _states(
        self, name: str, directions: tuple[ir.Direction, ...], x: str, *, is_sequence: bool
    ) -> str:
        """Return one operator's states over x [T, N, I]: [T, D, N, H], or the last [D, N, H]."""
        graph, first = self.graph, directions[0]
        outputs = [f"{name}/sequence"] if is_sequence else ["", f"{name}/last"]
        kernel = np.stack([_reordered(d.cell, d.kernel) for d in directions])
        recurrent = np.stack([_reordered(d.cell, d.recurrent) for d in directions])
        attributes = _attributes(directions)
        bias = self._bias(name, directions)
        if not self.is_int8 or first.cell != "lstm":
            # ONNX Runtime has no int8 operator for these cells: it widens the weights at load.
            weights = [
                self._weights(f"{name}/kernel", np.swapaxes(kernel, 1, 2)),
                self._weights(f"{name}/recurrent", np.swapaxes(recurrent, 1, 2)),
            ]
            inputs = [x, *weights, bias, "lengths"]
            return graph.node(_OPERATOR[first.cell], inputs, outputs=outputs, **attributes)
        kernel_inputs = self._quantized(f"{name}/kernel", kernel)
        recurrent_inputs = self._quantized(f"{name}/recurrent", recurrent)
        weights = [kernel_inputs[0], recurrent_inputs[0]]
        no_states_no_peepholes = ["", "", ""]
        inputs = [x, *weights, bias, "lengths", *no_states_no_peepholes]
        inputs += [*kernel_inputs[1:], *recurrent_inputs[1:]]
        return graph.node(
            "DynamicQuantizeLSTM", inputs, outputs=outputs, domain=MICROSOFT_DOMAIN, **attributes
        )

    def _bias(self, name: str, directions: tuple[ir.Direction, ...]) -> str:
        """Return the input's and the recurrent biases, [D, 2*G*H]."""
        graph = self.graph
        biases = np.stack([_reordered(d.cell, d.bias) for d in directions])
        if biases.ndim == 3:
            return graph.constant(f"{name}/bias", biases.reshape(len(directions), -1))
        # Keras has one bias; the other is computed as zeros, to save its bytes in the file.
        bias = graph.constant(f"{name}/bias", biases)
        shape = graph.integers(*biases.shape)
        return graph.node("Concat", [bias, graph.node("ConstantOfShape", [shape])], axis=1)

    def _quantized(self, name: str, kernel: ir.Array) -> list[str]:
        """Return the weights int8 [D, I, G*H], their scales and their zero points, [D, G*H]."""
        parts = [quantize(direction, axis=1, bits=PRODUCT_BITS) for direction in kernel]
        scales = np.concatenate([part.scale for part in parts])
        zeros = np.zeros(scales.shape, dtype=np.int8)
        return [
            self.graph.constant(name, np.stack([part.values for part in parts])),
            self.graph.constant(f"{name}/scale", scales),
            self.graph.constant(f"{name}/zero_point", zeros),
        ]

    def _integer_product(self, name: str, kernel: ir.Array, x: str) -> str:
        """Return x W: dynamic quantization of x, per-channel int8 weights W."""
        graph = self.graph
        quantized = quantize(kernel, axis=1, bits=PRODUCT_BITS)
        weights = graph.constant(name, quantized.values)
        scale = graph.constant(f"{name}/scale", quantized.scale[0])
        parts = [f"{name}/x", f"{name}/x_scale", f"{name}/x_zero_point"]
        graph.node("DynamicQuantizeLinear", [x], outputs=parts)
        product = graph.node("MatMulInteger", [parts[0], weights, parts[2]])
        return graph.node("Mul", [self._to_float(product), graph.node("Mul", [parts[1], scale])])

    def _weights(self, name: str, weights: ir.Array) -> str:
        """Return weights as float32; narrower types are widened by ONNX Runtime at load."""
        if self.recipe.weights == "float32":
            return self.graph.constant(name, weights)
        if self.is_int8:
            # Weights [D, G*H, I] with per-row scales in each direction.
            parts = [quantize(direction, axis=0) for direction in weights]
            values = self.graph.constant(name, np.stack([part.values for part in parts]))
            scale = self.graph.constant(f"{name}/scale", np.stack([part.scale for part in parts]))
            return self.graph.node("Mul", [self._to_float(values), scale])
        return self._to_float(self.graph.constant(name, weights.astype(np.float16)))

    def _to_float(self, x: str) -> str:
        return self.graph.node("Cast", [x], to=onnx.TensorProto.FLOAT)


def _is_one_operator(layer: ir.Recurrent) -> bool:
    """Return whether one operator can express all directions, in the order of the layer."""
    if layer.backward is None:
        return True
    alike = [(d.cell, d.hidden_size, d.reset_after) for d in layer.directions]
    return alike[0] == alike[1] and not layer.forward.reverse


def _attributes(directions: tuple[ir.Direction, ...]) -> dict[str, Any]:
    first = directions[0]
    alone = "reverse" if first.reverse else "forward"
    attributes: dict[str, Any] = {
        "hidden_size": first.hidden_size,
        "direction": alone if len(directions) == 1 else "bidirectional",
    }
    if first.cell == "gru":
        attributes["linear_before_reset"] = int(first.reset_after)
    return attributes | _activation_attributes(directions)


def _check_activations(layer: ir.Recurrent) -> None:
    for one in layer.directions:
        for activation in (one.activation, one.gate_activation):
            if activation not in RECURRENT:
                raise UncoveredError(
                    f"layer {layer.name}: ONNX's recurrent operators lack an activation",
                    expected=" | ".join(RECURRENT),
                    found=activation,
                )


def _activation_attributes(directions: tuple[ir.Direction, ...]) -> dict[str, Any]:
    """Return the activations of all directions, with separate lists of alphas and betas."""
    wanted: list[ir.Activation] = []
    for one in directions:
        gates = [] if one.cell == "rnn" else [one.gate_activation]
        wanted += [*gates, *[one.activation] * (2 if one.cell == "lstm" else 1)]
    if set(wanted) <= {"sigmoid", "tanh"} and "sigmoid" not in [d.activation for d in directions]:
        return {}
    names, alphas, betas = zip(*(RECURRENT[activation] for activation in wanted), strict=True)
    attributes = {
        "activations": list(names),
        "activation_alpha": [value for values in alphas for value in values],
        "activation_beta": [value for values in betas for value in values],
    }
    # ONNX cannot infer the type of an empty list.
    return {name: values for name, values in attributes.items() if values}


def _merge(graph: GraphBuilder, layer: ir.Recurrent, states: list[str]) -> str:
    if layer.merge == "concat":
        return graph.node("Concat", states, axis=-1)
    if layer.merge == "mul":
        return graph.node("Mul", states)
    total = graph.node("Add", states)
    return total if layer.merge == "sum" else graph.node("Mul", [total, graph.scalar(0.5)])


def _reordered(cell: ir.Cell, x: NDArray[np.float32]) -> ir.Array:
    """Return weights or biases [..., G*H] with the gates in ONNX's order."""
    order = _GATE_ORDER[cell]
    gates = np.split(x, len(order), axis=-1)
    return np.concatenate([gates[i] for i in order], axis=-1)
