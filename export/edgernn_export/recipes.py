"""Recipes: how weights are stored and computed with. A recipe is a record, not a branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgernn_export.names import row_named

WeightType = Literal["float32", "float16", "int8"]
Arithmetic = Literal["float", "hybrid", "integer"]


@dataclass(frozen=True)
class Gate:
    """How close a written file must come to Keras.

    Attributes:
        max_change: the largest change in any probability, or None for no bound.
        p99_change: the 99th percentile of the change in probability, or None for no bound.
        min_agreement: the least share of texts that keep their label, or None for no bound.
        max_accuracy_drop: the most that accuracy may fall, as a share, where labels are known;
            None for no bound.
    """

    max_change: float | None = None
    p99_change: float | None = None
    min_agreement: float | None = None
    max_accuracy_drop: float | None = None


@dataclass(frozen=True)
class Recipe:
    """A way to quantize.

    Attributes:
        name: what `--quantize` calls it.
        weights: the type in which the weight matrices are stored.
        arithmetic: `float` computes in float32, `hybrid` has integer products and float gates,
            `integer` has nothing but integers, whose ranges real texts tell.
        summary: one line for people.
        gate: how close the result must come to Keras.
    """

    name: str
    weights: WeightType
    arithmetic: Arithmetic
    summary: str
    gate: Gate


_INT8_GATE = Gate(p99_change=0.02, min_agreement=0.99, max_accuracy_drop=0.005)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("none", "float32", "float", "float32 weights and arithmetic", Gate(max_change=1e-5)),
        Recipe(
            "float16",
            "float16",
            "float",
            "float16 weights, float32 arithmetic",
            Gate(max_change=1e-3),
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


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        OptionError: there is none; the message suggests the nearest.
    """
    return row_named(RECIPES, name, "recipe", "--quantize")
