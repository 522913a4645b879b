"""A recurrent cell as a TFLite WHILE loop, for cells without a fused operator.

The products of the inputs are computed for all tokens at once in front of the loop; a step
computes the product of the hidden state, and the gates.
"""

from __future__ import annotations

import numpy as np

from edgernn_export.tflite.activations import activate
from edgernn_export.tflite.graph import GraphBuilder
from edgernn_export.tflite.products import Products
from edgernn_runtime.ir import GATES, Direction

_TIME = -1


def run(products: Products, name: str, weights: Direction, x: int, is_sequence: bool) -> int:
    """Return a cell's hidden states over x [1, T, I].

    Args:
        products: adds products to the main graph.
        name: the prefix of the names of constants.
        weights: the cell.
        x: the sequence, in the order of the walk.
        is_sequence: whether to return all states [1, T, H] or the last one [1, H].
    """
    graph, size = products.graph, weights.hidden_size
    has_two_biases = weights.bias.ndim == 2
    bias = weights.bias[0] if has_two_biases else weights.bias
    width = GATES[weights.cell] * size
    from_input = products.product(f"{name}/kernel", weights.kernel, bias, x, (1, _TIME, width))
    zeros = graph.constant(f"{name}/zeros", np.zeros((1, size), dtype=np.float32))
    variables = [graph.scalar(0), from_input, zeros]
    if weights.cell == "lstm":
        variables.append(zeros)
    if is_sequence:
        shape = graph.add(
            "PACK",
            [graph.scalar(1), graph.time(x), graph.scalar(size)],
            (3,),
            "int32",
            valuesCount=3,
            axis=0,
        )
        variables.append(graph.add("FILL", [shape, graph.scalar(0.0)], (1, _TIME, size)))
    shapes = [graph.shape(variable) for variable in variables]
    condition = _condition(graph, name, shapes)
    body = _body(products, name, weights, shapes, is_sequence)
    results = [
        graph.tensor(f"{name}/result/{i}", shape, "int32" if i == 0 else "float32")
        for i, shape in enumerate(shapes)
    ]
    graph.operator(
        "WHILE", variables, results, condSubgraphIndex=condition.index, bodySubgraphIndex=body.index
    )
    return results[-1] if is_sequence else results[2]


def _variables(graph: GraphBuilder, shapes: list[tuple[int, ...]]) -> list[int]:
    return [
        graph.tensor(f"variable/{i}", shape, "int32" if i == 0 else "float32")
        for i, shape in enumerate(shapes)
    ]


def _condition(main: GraphBuilder, name: str, shapes: list[tuple[int, ...]]) -> GraphBuilder:
    """Add the subgraph that returns whether a token is left."""
    graph = main.file.subgraph(f"{name}/condition")
    variables = _variables(graph, shapes)
    is_left = graph.add("LESS", [variables[0], graph.time(variables[1])], (), "bool")
    graph.ends(variables, [is_left])
    return graph


def _body(
    products: Products,
    name: str,
    weights: Direction,
    shapes: list[tuple[int, ...]],
    is_sequence: bool,
) -> GraphBuilder:
    """Add the subgraph of one step."""
    graph = products.graph.file.subgraph(f"{name}/body")
    variables = _variables(graph, shapes)
    token, from_input, hidden = variables[:3]
    size = weights.hidden_size
    x = graph.add("GATHER", [from_input, token], (1, shapes[1][-1]), axis=1, batchDims=0)
    step = _Step(products.on(graph), name, weights, x)
    results = [graph.add("ADD", [token, graph.scalar(1)], (), "int32"), from_input]
    if weights.cell == "lstm":
        results += step.lstm(hidden, variables[3])
    elif weights.cell == "gru":
        results.append(step.gru(hidden))
    else:
        results.append(step.rnn(hidden))
    if is_sequence:
        row = graph.add("RESHAPE", [results[2], graph.integers(1, 1, size)], (1, 1, size))
        place = [graph.scalar(0), token, graph.scalar(0)]
        start = graph.add("PACK", place, (3,), "int32", valuesCount=3, axis=0)
        inputs = [variables[-1], row, start]
        results.append(graph.add("DYNAMIC_UPDATE_SLICE", inputs, (1, _TIME, size)))
    graph.ends(variables, results)
    return graph


class _Step:
    """One step of a cell; x is the product of its input, float32 [1, G*H]."""

    def __init__(self, products: Products, name: str, weights: Direction, x: int) -> None:
        self.products = products
        self.graph = products.graph
        self.name = f"{name}/recurrent"
        self.weights = weights
        self.x = x
        self.shape = (1, weights.hidden_size)

    def lstm(self, hidden: int, cell: int) -> list[int]:
        """Return the next hidden and cell state."""
        gates = self._add(self.x, self._product(hidden, slice(None)), 4)
        raw_input, raw_forget, raw_candidate, raw_output = self._split(gates, 4)
        candidate = self._multiply(self._gate(raw_input), self._candidate(raw_candidate))
        cell = self._add(self._multiply(self._gate(raw_forget), cell), candidate)
        return [self._multiply(self._gate(raw_output), self._candidate(cell)), cell]

    def gru(self, hidden: int) -> int:
        """Return the next hidden state, u h + (1 - u) c as c + u (h - c)."""
        from_input = self._split(self.x, 3)
        if self.weights.reset_after:
            from_hidden = self._split(self._product(hidden, slice(None)), 3)
        else:
            size = 2 * self.weights.hidden_size
            from_hidden = self._split(self._product(hidden, slice(0, size)), 2)
        update = self._gate(self._add(from_input[0], from_hidden[0]))
        reset = self._gate(self._add(from_input[1], from_hidden[1]))
        if self.weights.reset_after:
            remembered = self._multiply(reset, from_hidden[2])
        else:
            remembered = self._product(self._multiply(reset, hidden), slice(size, None))
        candidate = self._candidate(self._add(from_input[2], remembered))
        change = self.graph.add("SUB", [hidden, candidate], self.shape)
        return self._add(candidate, self._multiply(update, change))

    def rnn(self, hidden: int) -> int:
        """Return the next hidden state."""
        return self._candidate(self._add(self.x, self._product(hidden, slice(None))))

    def _product(self, hidden: int, columns: slice) -> int:
        """Return the product of the hidden state with some columns of the recurrent weights."""
        kernel = self.weights.recurrent[:, columns]
        is_second = self.weights.bias.ndim == 2
        bias = self.weights.bias[1] if is_second else np.zeros(kernel.shape[1], dtype=np.float32)
        name = f"{self.name}/{columns.start or 0}"
        return self.products.product(name, kernel, bias, hidden, (1, kernel.shape[1]))

    def _split(self, x: int, parts: int) -> list[int]:
        outputs = [self.graph.tensor(f"gate_{x}_{i}", self.shape) for i in range(parts)]
        self.graph.operator("SPLIT", [self.graph.scalar(1), x], outputs, numSplits=parts)
        return outputs

    def _gate(self, x: int) -> int:
        return activate(self.graph, self.weights.gate_activation, x, self.shape)

    def _candidate(self, x: int) -> int:
        return activate(self.graph, self.weights.activation, x, self.shape)

    def _add(self, a: int, b: int, gates: int = 1) -> int:
        return self.graph.add("ADD", [a, b], (1, gates * self.weights.hidden_size))

    def _multiply(self, a: int, b: int) -> int:
        return self.graph.add("MUL", [a, b], self.shape)
