"""Model statistics: operators, weights and sizes of a written file, read back from its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgernn_export.errors import ModelStatsError
from edgernn_export.recipes import Recipe

#: How a file was made: fused operators, fused operators and loops, or the fallback conversion.
LoweringKind = Literal["fused", "loop", "fallback"]


@dataclass(frozen=True)
class ModelStats:
    """Statistics of a model file.

    Attributes:
        operators: the number of occurrences of each operator.
        weight_bytes: the bytes of the weight matrices, by type.
        size: the file's size in bytes.
        parts: the bytes of the constants of each part: the embedding, a layer, the wide path.
    """

    operators: Mapping[str, int]
    weight_bytes: Mapping[str, int]
    size: int
    parts: Mapping[str, int]


#: The last part of the name of a constant that is not a weight. The projection of a wide path is
#: small and stays float32 in every recipe.
_NO_WEIGHT = (
    *("bias", "scale", "row_scale", "zero_point", "pad_row", "padding", "flush", "zeros"),
    "projection",
)
_WEIGHT_TYPES = ("float32", "float16", "int8", "uint8")


def is_weight(name: str, dtype: str, rank: int) -> bool:
    """Return whether a constant is a weight matrix, by its name, type and rank."""
    return rank >= 2 and dtype in _WEIGHT_TYPES and name.rpartition("/")[2] not in _NO_WEIGHT


def get_part(name: str) -> str:
    """Return the part that a constant belongs to: the first part of its name, else `other`."""
    part = name.partition("/")[0]
    kind, _, number = part.partition("_")
    is_layer = kind in ("recurrent", "pooling", "dense") and number.isdecimal()
    return part if part in ("embedding", "wide") or is_layer else "other"


def check_stats(
    stats: ModelStats, recipe: Recipe, foreign: Sequence[str], loops: Sequence[str]
) -> LoweringKind:
    """Check that a file is quantized as requested, and return how it was lowered.

    Args:
        stats: the statistics of the file.
        recipe: the requested recipe.
        foreign: substrings of names of operators that the file must not contain.
        loops: substrings of names of operators that are loops.

    Raises:
        ModelStatsError: it contains a foreign operator, or weights of another type.
    """
    _check_operators(stats, foreign)
    if set(stats.weight_bytes) != {recipe.weights}:
        raise _wrong_type(stats, recipe)
    has_loop = any(part in name for name in stats.operators for part in loops)
    return "loop" if has_loop else "fused"


def check_fallback_stats(stats: ModelStats, recipe: Recipe, foreign: Sequence[str]) -> None:
    """Check the file of a fallback conversion, where small matrices and biases stay float32.

    Args:
        stats: the statistics of the file.
        recipe: the requested recipe.
        foreign: substrings of names of operators that the file must not contain.

    Raises:
        ModelStatsError: it contains a foreign operator, or less than half of its weights, by
            bytes, are of the requested type.
    """
    _check_operators(stats, foreign)
    if 2 * stats.weight_bytes.get(recipe.weights, 0) < sum(stats.weight_bytes.values()):
        raise _wrong_type(stats, recipe)


def _check_operators(stats: ModelStats, foreign: Sequence[str]) -> None:
    found = [name for name in stats.operators if any(part in name for part in foreign)]
    if found:
        raise ModelStatsError(
            "the written file contains operators that a slim runtime lacks",
            expected=f"none of {', '.join(foreign)}",
            found=", ".join(found),
        )


def _wrong_type(stats: ModelStats, recipe: Recipe) -> ModelStatsError:
    return ModelStatsError(
        f"the weights of the written file do not follow the recipe {recipe.name}",
        expected=f"weights of type {recipe.weights}",
        found=", ".join(f"{t} ({n:,} bytes)" for t, n in stats.weight_bytes.items()),
    )
