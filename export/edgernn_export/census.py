"""The census: what a written file really holds, read back from its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgernn_export.errors import CensusError
from edgernn_export.recipes import Recipe


@dataclass(frozen=True)
class Census:
    """What a model file holds.

    Attributes:
        operators: how often each operator stands in it.
        weight_bytes: the bytes of its weight matrices, by type.
        size: the file's size in bytes.
    """

    operators: Mapping[str, int]
    weight_bytes: Mapping[str, int]
    size: int


def check_census(census: Census, recipe: Recipe, forbidden: Sequence[str]) -> None:
    """Check that a file is fused and quantized as asked.

    Raises:
        CensusError: it holds a forbidden operator, or weights of a type that was not asked for.
    """
    loops = [name for name in census.operators if any(bad in name for bad in forbidden)]
    if loops:
        raise CensusError(
            "the written file is not fused",
            expected=f"none of {', '.join(forbidden)}",
            found=", ".join(loops),
        )
    if set(census.weight_bytes) != {recipe.weights}:
        raise CensusError(
            f"the written file is not quantized as the recipe {recipe.name} says",
            expected=f"weights of type {recipe.weights}",
            found=", ".join(f"{t} ({n:,} bytes)" for t, n in census.weight_bytes.items()),
        )
