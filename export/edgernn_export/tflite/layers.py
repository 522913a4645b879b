"""Layers as TFLite operators.

An LSTM becomes UNIDIRECTIONAL_SEQUENCE_LSTM and a SimpleRNN UNIDIRECTIONAL_SEQUENCE_RNN, one for
each direction. A GRU, or another activation, becomes a WHILE loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgernn_export.quantization import quantize_rows
from edgernn_export.tflite import loop
from edgernn_export.tflite.activations import FUSED
from edgernn_export.tflite.graph import NO_TENSOR
from edgernn_export.tflite.products import Products
from edgernn_export.tflite.wide import lower_head, lower_wide
from edgernn_runtime import ir

TIME = -1


@dataclass(frozen=True)
class TfliteEmitter(Products):
    """Adds the operators of one layer after the other to a graph.

    Attributes:
        is_stateless: whether the file needs no reset of its variables between calls.
    """

    is_stateless: bool = False

    def embedding(self, table: ir.Array, ids: int) -> int:
        """Return the rows, float32 [1, T, E], of the ids, int32 [1, T]."""
        graph, shape = self.graph, (1, TIME, table.shape[1])
        if not self.is_int8:
            rows = self.weights("embedding", table)
            return graph.add("GATHER", [rows, ids], shape, axis=0, batchDims=0)
        # One scale for the whole table would cost more accuracy than all other weights together.
        quantized = quantize_rows(table)
        values = graph.constant("embedding", quantized.values, scale=quantized.unit)
        codes = graph.constant("embedding/row_scale", quantized.codes[:, np.newaxis])
        rows = graph.tensor("embedding/rows", shape, "int8", scale=quantized.unit)
        graph.operator("GATHER", [values, ids], [rows], version=2, axis=0, batchDims=0)
        scale_shape = (*shape[:2], 1)
        scales = graph.add("GATHER", [codes, ids], scale_shape, "uint8", axis=0, batchDims=0)
        scales = graph.add("CAST", [scales], scale_shape)
        return graph.add("MUL", [graph.add("DEQUANTIZE", [rows], shape, version=2), scales], shape)

    def layer(self, index: int, layer: ir.ChainLayer, x: int) -> int:
        """Return a layer's output; its constants are named after its kind and index."""
        if isinstance(layer, ir.Recurrent):
            return self._recurrent(f"recurrent_{index}", layer, x)
        if isinstance(layer, ir.Pooling):
            return self._pooling(f"pooling_{index}", layer, x)
        return self._dense(f"dense_{index}", layer, x)

    def wide(self, wide: ir.HashedNgrams, ids: int) -> int:
        """Return the wide path's logits [1, C] of the ids [1, T]."""
        return lower_wide(self.graph, wide, self.recipe.weights, ids)

    def head(self, task: ir.Task, recurrent: int | None, wide: int | None) -> int:
        """Return the probabilities [1, C] of one or two paths' logits [1, C]."""
        return lower_head(self.graph, task, [x for x in (recurrent, wide) if x is not None])

    def _dense(self, name: str, layer: ir.Dense, x: int) -> int:
        shape = (*self.graph.shape(x)[:-1], layer.output_size)
        return self.product(name, layer.kernel, layer.bias, x, shape, layer.activation)

    def _pooling(self, name: str, layer: ir.Pooling, x: int) -> int:
        kinds = dict.fromkeys(layer.reductions)
        pooled = {one: self._reduced(name, one, layer.pad_row, x) for one in kinds}
        parts = [pooled[one] for one in layer.reductions]
        if len(parts) == 1:
            return parts[0]
        shape = (1, len(parts) * self.graph.shape(x)[-1])
        return self.graph.add("CONCATENATION", parts, shape, axis=1)

    def _reduced(
        self, name: str, reduction: ir.Reduction, pad_row: ir.PadRow | None, x: int
    ) -> int:
        """Return one reduction over time of x [1, T, O]: [1, O]."""
        graph, size = self.graph, self.graph.shape(x)[-1]
        operator = "REDUCE_MAX" if reduction == "max" else "MEAN"
        pooled = graph.add(operator, [x, graph.integers(1)], (1, size), keepDims=False)
        if pad_row is None or reduction != "max":
            return pooled
        row = graph.constant(f"{name}/pad_row", pad_row.row[np.newaxis])
        with_row = graph.add("MAXIMUM", [pooled, row], (1, size))
        is_short = graph.add("LESS", [graph.time(x), graph.scalar(pad_row.length)], (), "bool")
        return graph.add("SELECT_V2", [is_short, with_row, pooled], (1, size))

    def _recurrent(self, name: str, layer: ir.Recurrent, x: int) -> int:
        """Return a layer's output: [1, T, O], or [1, O] without `return_sequences`."""
        outputs = [
            self._direction(f"{name}/{side}", direction, x, layer.return_sequences)
            for side, direction in zip(("forward", "backward"), layer.directions, strict=False)
        ]
        if layer.backward is None:
            return outputs[0]
        if layer.return_sequences:
            outputs[1] = self._reversed(outputs[1])
        return self._merged(layer, *outputs)

    def _direction(self, name: str, direction: ir.Direction, x: int, is_sequence: bool) -> int:
        """Return all hidden states [1, T, H] in the order of the walk, or the last [1, H]."""
        if direction.reverse:
            x = self._reversed(x)
        if not self._has_operator(direction):
            return loop.run(self, name, direction, x, is_sequence)
        if self.is_stateless:
            direction, x = self._with_flush(name, direction, x)
        states = (self._lstm if direction.cell == "lstm" else self._rnn)(name, direction, x)
        if not is_sequence:
            return self._last(states)
        return self._without_flush(states) if self.is_stateless else states

    def _has_operator(self, direction: ir.Direction) -> bool:
        if direction.activation not in FUSED or direction.gate_activation != "sigmoid":
            return False
        if self.is_stateless:
            # The flush must outweigh the hidden state, which tanh keeps between -1 and 1.
            return direction.cell == "lstm" and direction.activation == "tanh"
        return direction.cell in ("lstm", "rnn")

    def _lstm(self, name: str, weights: ir.Direction, x: int) -> int:
        """Return all hidden states [1, T, H] of one direction.

        The operator's 24 inputs are listed in `lstm_shared.h` of TensorFlow Lite.
        """
        graph, size = self.graph, weights.hidden_size
        # Keras and TFLite have the same order of gates: input, forget, cell, output.
        kernels = self._gates(f"{name}/kernel", weights.kernel)
        recurrent = self._gates(f"{name}/recurrent", weights.recurrent)
        biases = [
            graph.constant(f"{name}/bias/{gate}", bias)
            for gate, bias in enumerate(np.split(weights.bias, 4))
        ]
        hidden = graph.tensor(f"{name}/hidden", (1, size), is_variable=True)
        cell = graph.tensor(f"{name}/cell", (1, size), is_variable=True)
        peepholes, projection, normalization = 3, 2, 4
        inputs = [
            *(x, *kernels, *recurrent, *[NO_TENSOR] * peepholes, *biases),
            *([NO_TENSOR] * projection + [hidden, cell] + [NO_TENSOR] * normalization),
        ]
        return graph.add(
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            inputs,
            (1, TIME, size),
            version=3 if self.is_int8 else 1,
            fusedActivationFunction=FUSED[weights.activation],
            # Keras does not clip the cell; the converter's default of 10 changes outputs.
            cellClip=0.0,
            projClip=0.0,
            timeMajor=False,
            asymmetricQuantizeInputs=self.is_int8,
        )

    def _rnn(self, name: str, weights: ir.Direction, x: int) -> int:
        """Return all hidden states [1, T, H] of one direction."""
        graph, size = self.graph, weights.hidden_size
        inputs = [
            x,
            self.weights(f"{name}/kernel", np.ascontiguousarray(weights.kernel.T)),
            self.weights(f"{name}/recurrent", np.ascontiguousarray(weights.recurrent.T)),
            graph.constant(f"{name}/bias", weights.bias),
            graph.tensor(f"{name}/hidden", (1, size), is_variable=True),
        ]
        return graph.add(
            "UNIDIRECTIONAL_SEQUENCE_RNN",
            inputs,
            (1, TIME, size),
            version=3 if self.is_int8 else 1,
            timeMajor=False,
            fusedActivationFunction=FUSED[weights.activation],
            asymmetricQuantizeInputs=self.is_int8,
        )

    def _gates(self, name: str, kernel: ir.Array) -> list[int]:
        return [
            self.weights(f"{name}/{gate}", np.ascontiguousarray(part.T))
            for gate, part in enumerate(np.split(kernel, 4, axis=1))
        ]

    def _with_flush(self, name: str, weights: ir.Direction, x: int) -> tuple[ir.Direction, int]:
        """Return weights and a sequence with one more step in front that clears the state.

        One more input is 0 at each token and large at the new step, where its weights close the
        input, forget and output gates: cell and hidden state become 0. The weight is as large as
        the largest of its gate, so that the int8 scale does not change.
        """
        graph, size = self.graph, weights.input_size
        closes = (True, True, False, True)
        row = np.concatenate(
            [
                np.full(weights.hidden_size, -max(float(np.abs(gate).max()), 1e-3) * closed)
                for gate, closed in zip(np.split(weights.kernel, 4, axis=1), closes, strict=True)
            ]
        )
        # Large enough to outweigh the hidden state, whose absolute value is at most 1.
        against = np.abs(weights.recurrent).sum(axis=0).max() + np.abs(weights.bias).max()
        step = np.zeros((1, 1, size + 1), dtype=np.float32)
        step[..., -1] = (100 + against) / np.abs(row[row != 0]).min()
        kernel = np.vstack([weights.kernel, row]).astype(np.float32)
        padding = graph.constant(
            f"{name}/padding", np.array([[0, 0], [0, 0], [0, 1]], dtype=np.int32)
        )
        wide = graph.add("PAD", [x, padding], (1, TIME, size + 1))
        flush = graph.constant(f"{name}/flush", step)
        steps = graph.add("CONCATENATION", [flush, wide], (1, TIME, size + 1), axis=1)
        return replace(weights, kernel=kernel), steps

    def _without_flush(self, states: int) -> int:
        """Return states[:, 1:, :]."""
        return self._slice(states, (0, 1, 0), self.graph.shape(states), begin_mask=0b101)

    def _last(self, states: int) -> int:
        """Return states[:, -1, :]."""
        size = self.graph.shape(states)[-1]
        return self._slice(states, (0, -1, 0), (1, size), begin_mask=0b101, shrink_mask=0b010)

    def _slice(
        self,
        states: int,
        begin: tuple[int, ...],
        shape: tuple[int, ...],
        *,
        begin_mask: int,
        shrink_mask: int = 0,
    ) -> int:
        graph = self.graph
        bounds = [graph.integers(*begin), graph.integers(0, 0, 0), graph.integers(1, 1, 1)]
        return graph.add(
            "STRIDED_SLICE",
            [states, *bounds],
            shape,
            beginMask=begin_mask,
            endMask=0b111,
            ellipsisMask=0,
            newAxisMask=0,
            shrinkAxisMask=shrink_mask,
        )

    def _reversed(self, x: int) -> int:
        return self.graph.add("REVERSE_V2", [x, self.graph.integers(1)], self.graph.shape(x))

    def _merged(self, layer: ir.Recurrent, a: int, b: int) -> int:
        graph = self.graph
        shape = (*graph.shape(a)[:-1], layer.output_size)
        if layer.merge == "concat":
            return graph.add("CONCATENATION", [a, b], shape, axis=len(shape) - 1)
        if layer.merge == "mul":
            return graph.add("MUL", [a, b], shape)
        total = graph.add("ADD", [a, b], shape)
        return (
            total if layer.merge == "sum" else graph.add("MUL", [total, graph.scalar(0.5)], shape)
        )
