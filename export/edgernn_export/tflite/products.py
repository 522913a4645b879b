"""Weights and matrix products of a TFLite graph, in the type of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgernn_export.quantization import quantize
from edgernn_export.recipes import Recipe
from edgernn_export.tflite.activations import FUSED, activate
from edgernn_export.tflite.graph import GraphBuilder
from edgernn_runtime.ir import Activation, Array


@dataclass(frozen=True)
class Products:
    """Adds weights and matrix products to a graph.

    Attributes:
        graph: the graph.
        recipe: how weight matrices are stored.
    """

    graph: GraphBuilder
    recipe: Recipe

    @property
    def is_int8(self) -> bool:
        """Whether products are computed in integers."""
        return self.recipe.weights == "int8"

    def on(self, graph: GraphBuilder) -> Self:
        """Return a copy for another subgraph."""
        return replace(self, graph=graph)

    def product(
        self,
        name: str,
        kernel: Array,
        bias: Array,
        x: int,
        shape: tuple[int, ...],
        activation: Activation = "linear",
    ) -> int:
        """Return activation(x W + b), of a given shape, for float32 x [..., I] and W [I, O]."""
        is_sequence = len(shape) == 3
        # TFLite stores the weights of a product as [O, I].
        weights = self.weights(name, np.ascontiguousarray(kernel.T))
        fused = schema.ActivationFunctionType.NONE
        if activation in ("relu", "relu6"):
            fused, activation = FUSED[activation], "linear"
        product = self.graph.add(
            "FULLY_CONNECTED",
            [x, weights, self.graph.constant(f"{name}/bias", bias)],
            shape,
            version=9 if self.is_int8 else 5 if is_sequence else 1,
            fusedActivationFunction=fused,
            weightsFormat=schema.FullyConnectedOptionsWeightsFormat.DEFAULT,
            keepNumDims=is_sequence,
            asymmetricQuantizeInputs=self.is_int8,
        )
        return activate(self.graph, activation, product, shape)

    def weights(self, name: str, weights: Array) -> int:
        """Return float32 weights [O, I] as a constant of the recipe's type."""
        if self.is_int8:
            quantized = quantize(weights)
            return self.graph.constant(name, quantized.values, scale=quantized.scale.item())
        if self.recipe.weights == "float32":
            return self.graph.constant(name, weights)
        half = self.graph.constant(f"{name}/float16", weights.astype(np.float16))
        full = self.graph.tensor(name, weights.shape)
        self.graph.operator("DEQUANTIZE", [half], [full], version=3)
        return full
