"""Recipes: how weights are quantized and computed with. A recipe is a record, not a branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgernn_export.lookup import find

WeightType = Literal["float32", "float16", "int8"]
Arithmetic = Literal["float", "hybrid", "integer"]


@dataclass(frozen=True)
class Fit:
    """How the bound of an absolute error follows the rounding error of the model.

    The bound is `factor` times that error, within `least` and `most`.

    Attributes:
        factor: the multiple of the error. Engines sum in another order than Keras, approximate
            tanh and the sigmoid, and some also round the inputs of a product.
        least: the bound for a model with a smaller rounding error.
        most: the bound for a model with a larger rounding error.
    """

    factor: float
    least: float
    most: float


@dataclass(frozen=True)
class Gate:
    """The tolerance of a written file in comparison with Keras.

    Attributes:
        max_change: the bound of the max absolute error in any probability, or None for no bound.
        p99_change: the bound of the 99th percentile of a text's absolute error, or None.
        fit: how the given one of the two follows the model, or None. Without a `Network` to
            measure, the bound stays.
        max_sure_changes: the largest share of texts whose label changes although Keras is sure, or
            None for no bound.
        max_accuracy_drop: the largest accuracy drop, as a share, if labels are known; None for no
            bound.
    """

    max_change: float | None = None
    p99_change: float | None = None
    fit: Fit | None = None
    max_sure_changes: float | None = None
    max_accuracy_drop: float | None = None

    @property
    def sure_margin(self) -> float:
        """The margin between two labels above which Keras is sure.

        Two probabilities with the allowed error can swap if they are closer than twice that error.
        """
        return 2 * (self.p99_change or 0.0)


@dataclass(frozen=True)
class Recipe:
    """A way to quantize.

    Attributes:
        name: the value of `--quantize`.
        weights: the type of the stored weight matrices.
        arithmetic: `float` computes in float32, `hybrid` has integer products and float gates,
            `integer` is integer only, with activation ranges from calibration.
        summary: one line for people.
        gate: the tolerance of the result in comparison with Keras.
    """

    name: str
    weights: WeightType
    arithmetic: Arithmetic
    summary: str
    gate: Gate


# docs/verification.md describes the measurements behind each figure.
_FLOAT32_GATE = Gate(max_change=1e-5, fit=Fit(factor=4.0, least=1e-5, most=0.01))
_FLOAT16_GATE = Gate(max_change=1e-3, fit=Fit(factor=2.0, least=1e-3, most=0.01))
_INT8_GATE = Gate(
    p99_change=0.02,
    fit=Fit(factor=2.0, least=0.01, most=0.05),
    max_sure_changes=0.005,
    max_accuracy_drop=0.005,
)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "none",
            "float32",
            "float",
            "float32 weights and arithmetic",
            _FLOAT32_GATE,
        ),
        Recipe(
            "float16",
            "float16",
            "float",
            "float16 weights, float32 arithmetic",
            _FLOAT16_GATE,
        ),
        Recipe(
            "int8",
            "int8",
            "hybrid",
            "int8 weights and matrix products, float32 gates",
            _INT8_GATE,
        ),
        Recipe(
            "int8-full",
            "int8",
            "integer",
            "int8 weights and integers throughout, calibrated on texts",
            _INT8_GATE,
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises:
        OptionError: no recipe has this name; the message suggests the nearest.
    """
    return find(RECIPES, name, "recipe", "--quantize")
