"""Layers as integer-only TFLite operators, for devices without floats.

Values are int8 and the cells of an LSTM int16, which TensorFlow Lite calls 8x8_16. The scales of
hidden states are fixed, because these are between -1 and 1; those of cells and dense layers come
from calibration.

With a wide path the last step is float32. Its keys and rows are integers; their sum is scaled, the
recurrent path's dequantized logits are added, and the sigmoid or softmax is float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgernn_export.errors import UnsupportedModelError
from edgernn_export.quantization import quantize
from edgernn_export.tflite.calibration import LayerRange
from edgernn_export.tflite.graph import NO_TENSOR, GraphBuilder
from edgernn_export.tflite.wide import lower_head, lower_wide
from edgernn_runtime import ir

#: A hidden state is between -1 and 1.
_HIDDEN_SCALE = 1 / 128
#: A probability is between 0 and 1; TensorFlow Lite's kernels require these numbers.
_PROBABILITY_SCALE, _PROBABILITY_ZERO = 1 / 256, -128
#: The scale of gates before their activation, which the kernel fixes (Q3.12).
_GATE_SCALE = 2.0**-12
#: The kernel's tanh supports cells with at most six integer bits. With seven, which a cell above 64
#: would need, its results are wrong without an error. Cells saturate at 64, where tanh is 1.
_MOST_CELL_BITS = 6
_TIME = -1
_FUSED = {
    "linear": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}


@dataclass(frozen=True)
class IntegerEmitter:
    """Adds the integer operators of one layer after the other to a graph.

    Attributes:
        graph: the graph.
        calibration: the range of each layer's values.
    """

    graph: GraphBuilder
    calibration: tuple[LayerRange, ...]

    def embedding(self, table: ir.Array, ids: int) -> int:
        """Return the rows int8 [1, T, E] of the ids [1, T]."""
        # Clipping the few large values would lose more: they belong to the most informative tokens.
        quantized = quantize(table)
        scale = quantized.scale.item()
        rows = self.graph.constant("embedding", quantized.values, scale=scale)
        shape = (1, _TIME, table.shape[1])
        return self._add("GATHER", [rows, ids], shape, scale, version=2, axis=0, batchDims=0)

    def layer(self, index: int, layer: ir.ChainLayer, x: int) -> int:
        """Return a layer's output; its constants are named after its kind and index.

        Raises:
            UnsupportedModelError: the layer has no integer form.
        """
        found = self.calibration[index]
        if isinstance(layer, ir.Recurrent):
            return self._recurrent(f"recurrent_{index}", layer, x, found)
        if isinstance(layer, ir.Pooling):
            return self._pooling(layer, x)
        return self._dense(f"dense_{index}", layer, x, found)

    def wide(self, wide: ir.HashedNgrams, ids: int) -> int:
        """Return the wide path's logits [1, C] of the ids [1, T], float32."""
        return lower_wide(self.graph, wide, "int8", ids)

    def head(self, task: ir.Task, recurrent: int | None, wide: int | None) -> int:
        """Return the probabilities [1, C], float32 as in every other file.

        Args:
            task: the task, whose head chooses sigmoid or softmax.
            recurrent: the recurrent path's logits int8 [1, C], or None.
            wide: the wide path's logits float32 [1, C], or None.
        """
        shape = (1, task.outputs)
        if recurrent is None or wide is not None:
            logits = [] if wide is None else [wide]
            if recurrent is not None:
                logits.append(self.graph.add("DEQUANTIZE", [recurrent], shape, version=2))
            return lower_head(self.graph, task, logits)
        operator = "SOFTMAX" if task.head == "multiclass" else "LOGISTIC"
        options: dict[str, Any] = {"beta": 1.0} if operator == "SOFTMAX" else {}
        numbers = (_PROBABILITY_SCALE, _PROBABILITY_ZERO)
        integers = self._add(operator, [recurrent], shape, *numbers, version=2, **options)
        output = self.graph.tensor("probabilities", shape)
        self.graph.operator("DEQUANTIZE", [integers], [output], version=2)
        return output

    def _dense(self, name: str, layer: ir.Dense, x: int, found: LayerRange) -> int:
        if layer.activation not in _FUSED:
            raise _uncovered(layer.name, "activation linear, relu or relu6", layer.activation)
        # Zero must be representable, so the interval must contain it.
        low, high = min(found.low, 0.0), max(found.high, 1e-6)
        scale = (high - low) / 255
        zero_point = round(-128 - low / scale)
        shape = (*self.graph.shape(x)[:-1], layer.output_size)
        return self._add(
            "FULLY_CONNECTED",
            [x, *self._weights(name, layer.kernel, layer.bias, x)],
            shape,
            scale,
            zero_point,
            version=5,
            fusedActivationFunction=_FUSED[layer.activation],
            keepNumDims=len(shape) == 3,
            asymmetricQuantizeInputs=False,
        )

    def _pooling(self, layer: ir.Pooling, x: int) -> int:
        if layer.pad_row is not None:
            raise _uncovered(layer.name, "a maximum over bare ids", "one over padded steps")
        size, numbers = self.graph.shape(x)[-1], self.graph.quantization(x)
        axes = self.graph.integers(1)
        operators = ["REDUCE_MAX" if one == "max" else "MEAN" for one in layer.reductions]
        parts = [
            self._add(operator, [x, axes], (1, size), *numbers, version=2, keepDims=False)
            for operator in operators
        ]
        if len(parts) == 1:
            return parts[0]
        shape = (1, len(parts) * size)
        return self._add("CONCATENATION", parts, shape, *numbers, version=2, axis=1)

    def _recurrent(self, name: str, layer: ir.Recurrent, x: int, found: LayerRange) -> int:
        for direction in layer.directions:
            form = (direction.cell, direction.activation, direction.gate_activation)
            if form != ("lstm", "tanh", "sigmoid"):
                raise _uncovered(layer.name, "an LSTM with tanh and sigmoid", " ".join(form))
        if layer.backward is not None and layer.merge not in ("concat", "mul"):
            raise _uncovered(layer.name, "merge_mode concat or mul", layer.merge)
        outputs = []
        for side, direction, largest in zip("fb", layer.directions, found.cells, strict=False):
            steps = self._reversed(x) if direction.reverse else x
            states = self._lstm(f"{name}/{side}", direction, steps, largest)
            outputs.append(states if layer.return_sequences else self._last(states))
        if layer.backward is None:
            return outputs[0]
        if layer.return_sequences:
            outputs[1] = self._reversed(outputs[1])
        shape = (*self.graph.shape(outputs[0])[:-1], layer.output_size)
        if layer.merge == "mul":
            return self._add("MUL", outputs, shape, _HIDDEN_SCALE, version=2)
        axis = len(shape) - 1
        return self._add("CONCATENATION", outputs, shape, _HIDDEN_SCALE, version=2, axis=axis)

    def _lstm(self, name: str, weights: ir.Direction, x: int, largest: float) -> int:
        """Return all hidden states int8 [1, T, H] of one direction.

        The operator's inputs are those of the float one; its five intermediates are described in
        `lstm_shared.h` and `unidirectional_sequence_lstm.cc` of TensorFlow Lite.
        """
        graph, size = self.graph, weights.hidden_size
        parts = zip(
            *(np.split(array, 4, axis=-1) for array in (weights.kernel, weights.bias)), strict=True
        )
        kernels = [
            self._weights(f"{name}/kernel/{gate}", kernel, bias, x)
            for gate, (kernel, bias) in enumerate(parts)
        ]
        recurrent = [
            self._constant(f"{name}/recurrent/{gate}", part)
            for gate, part in enumerate(np.split(weights.recurrent, 4, axis=1))
        ]
        hidden = graph.tensor(f"{name}/hidden", (1, size), "int8", scale=_HIDDEN_SCALE, **_STATE)
        cell = graph.tensor(
            f"{name}/cell", (1, size), "int16", scale=_cell_scale(largest), **_STATE
        )
        gates = [
            graph.tensor(f"{name}/gate/{gate}", (1,), "int16", scale=_GATE_SCALE)
            for gate in range(4)
        ]
        peepholes, projection, normalization = 3, 2, 4
        inputs = [
            *(x, *(kernel for kernel, _ in kernels), *recurrent, *[NO_TENSOR] * peepholes),
            *(bias for _, bias in kernels),
            *([NO_TENSOR] * projection + [hidden, cell] + [NO_TENSOR] * normalization),
        ]
        states = graph.tensor(f"{name}/states", (1, size), "int8", scale=_HIDDEN_SCALE)
        output = graph.tensor(f"{name}/output", (1, _TIME, size), "int8", scale=_HIDDEN_SCALE)
        graph.operator(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            inputs,
            [output],
            version=2,
            intermediates=[*gates, states],
            fusedActivationFunction=schema.ActivationFunctionType.TANH,
            cellClip=0.0,
            projClip=0.0,
            timeMajor=False,
            asymmetricQuantizeInputs=False,
        )
        return output

    def _weights(self, name: str, kernel: ir.Array, bias: ir.Array, x: int) -> tuple[int, int]:
        """Return weights and bias of a product with x; the bias has the product of both scales."""
        weights = self._constant(name, kernel)
        scale = self.graph.quantization(weights)[0] * self.graph.quantization(x)[0]
        integers: NDArray[np.int32] = np.rint(bias / scale).astype(np.int32)
        return weights, self.graph.constant(f"{name}/bias", integers, scale=scale)

    def _constant(self, name: str, kernel: ir.Array) -> int:
        quantized = quantize(np.ascontiguousarray(kernel.T))
        return self.graph.constant(name, quantized.values, scale=quantized.scale.item())

    def _reversed(self, x: int) -> int:
        numbers = self.graph.quantization(x)
        axes = self.graph.integers(1)
        return self._add("REVERSE_V2", [x, axes], self.graph.shape(x), *numbers, version=2)

    def _last(self, states: int) -> int:
        """Return states[:, -1, :]."""
        graph = self.graph
        bounds = [graph.integers(0, -1, 0), graph.integers(0, 0, 0), graph.integers(1, 1, 1)]
        masks = {"beginMask": 0b101, "endMask": 0b111, "shrinkAxisMask": 0b010}
        shape = (1, graph.shape(states)[-1])
        numbers = graph.quantization(states)
        return self._add("STRIDED_SLICE", [states, *bounds], shape, *numbers, version=2, **masks)

    def _add(
        self,
        operator: str,
        inputs: list[int],
        shape: tuple[int, ...],
        scale: float,
        zero_point: int = 0,
        *,
        version: int,
        **options: Any,
    ) -> int:
        graph = self.graph
        name = graph.new_name(operator.lower())
        output = graph.tensor(name, shape, "int8", scale=scale, zero_point=zero_point)
        graph.operator(operator, inputs, [output], version=version, **options)
        return output


_STATE = {"is_variable": True}


def _cell_scale(largest: float) -> float:
    """Return a cell's scale: the power of two with which an int16 covers the largest value."""
    bits = max(0, math.ceil(math.log2(max(largest, 1e-3))))
    return 2.0 ** (min(bits, _MOST_CELL_BITS) - 15)


def _uncovered(name: str, expected: str, found: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"layer {name} has no integer-only form",
        expected=expected,
        found=found,
        hint="export with --quantize int8, whose gates are computed in float32",
    )
