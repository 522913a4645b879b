"""The census: what a written file really holds, read back from its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgernn_export.errors import CensusError
from edgernn_export.recipes import Recipe

Lowering = Literal["fused", "loop", "generic"]


@dataclass(frozen=True)
class Census:
    """What a model file holds.

    Attributes:
        operators: how often each operator stands in it.
        weight_bytes: the bytes of its weight matrices, by type.
        size: the file's size in bytes.
        parts: the bytes of its constants by what they belong to: the embedding, a layer, the wide
            path.
    """

    operators: Mapping[str, int]
    weight_bytes: Mapping[str, int]
    size: int
    parts: Mapping[str, int]


#: What the last part of a constant's name is, where it is no weight.
#: The projection of a wide path is small and stays float32 in every recipe.
_NO_WEIGHT = (
    *("bias", "scale", "row_scale", "zero_point", "pad_row", "padding", "flush", "zeros"),
    "projection",
)
_WEIGHT_TYPES = ("float32", "float16", "int8", "uint8")


def is_weight(name: str, dtype: str, rank: int) -> bool:
    """Return whether a constant is a matrix of weights, by its name, type and rank."""
    return rank >= 2 and dtype in _WEIGHT_TYPES and name.rpartition("/")[2] not in _NO_WEIGHT


def part_of(name: str) -> str:
    """Return what a constant belongs to: the first part of its name, `other` for one of no part."""
    part = name.partition("/")[0]
    kind, _, number = part.partition("_")
    is_layer = kind in ("recurrent", "pooling", "dense") and number.isdecimal()
    return part if part in ("embedding", "wide") or is_layer else "other"


def check_census(
    census: Census, recipe: Recipe, foreign: Sequence[str], loops: Sequence[str]
) -> Lowering:
    """Check that a file is quantized as asked, and return how it was lowered.

    Args:
        census: what the file holds.
        recipe: what was asked.
        foreign: parts of names of operators that the file must not hold.
        loops: parts of names of operators that make it a loop rather than fused.

    Raises:
        CensusError: it holds a foreign operator, or weights of a type that was not asked for.
    """
    found = [name for name in census.operators if any(bad in name for bad in foreign)]
    if found:
        raise _foreign(foreign, found)
    if set(census.weight_bytes) != {recipe.weights}:
        raise _wrong_type(census, recipe)
    has_loop = any(part in name for name in census.operators for part in loops)
    return "loop" if has_loop else "fused"


def check_generic_census(census: Census, recipe: Recipe, foreign: Sequence[str]) -> None:
    """Check a converter's file, which leaves small matrices and biases in float32.

    Raises:
        CensusError: it holds a foreign operator, or less than half of its weights, by bytes, are
            of the type that was asked for.
    """
    found = [name for name in census.operators if any(bad in name for bad in foreign)]
    if found:
        raise _foreign(foreign, found)
    if 2 * census.weight_bytes.get(recipe.weights, 0) < sum(census.weight_bytes.values()):
        raise _wrong_type(census, recipe)


def _foreign(foreign: Sequence[str], found: Sequence[str]) -> CensusError:
    return CensusError(
        "the written file holds operators that a slim runtime lacks",
        expected=f"none of {', '.join(foreign)}",
        found=", ".join(found),
    )


def _wrong_type(census: Census, recipe: Recipe) -> CensusError:
    return CensusError(
        f"the written file is not quantized as the recipe {recipe.name} says",
        expected=f"weights of type {recipe.weights}",
        found=", ".join(f"{t} ({n:,} bytes)" for t, n in census.weight_bytes.items()),
    )
