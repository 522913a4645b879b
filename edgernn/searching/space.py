"""The options that a search varies, around a preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgernn.training.options import Preset
from edgernn_runtime.ir import Pattern

Value = Any  # An int, a float or a str.

_PATTERNS: dict[str, tuple[Pattern, ...]] = {
    "bigram": ("bigram",),
    "bigram,skip": ("bigram", "skip"),
    "bigram,trigram,skip": ("bigram", "trigram", "skip"),
}


@dataclass(frozen=True)
class Choice:
    """An option with a list of values."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """A number between two bounds.

    Attributes:
        low: the lower bound.
        high: the upper bound.
        step: the distance of two values; None for any value, on a logarithmic scale.
    """

    low: float
    high: float
    step: float | None = None


def space(preset: Preset) -> dict[str, Choice | Range]:
    """Return the options that a search varies; options of a path that is not trained are not.

    The values of the preset itself are in the space.

    Args:
        preset: the preset that the search starts with.
    """
    size = preset.text.vocabulary_size
    found: dict[str, Choice | Range] = {
        "vocabulary_size": Choice(_with((size // 2, size, size * 2), size)),
    }
    if preset.text.tokenizer != "unicode":
        # Neither of the others reads the scripts that unicode was chosen for.
        found["tokenizer"] = Choice(_with(("keras", "words"), preset.text.tokenizer))
    if preset.wide is not None:
        patterns = ",".join(preset.wide.patterns)
        found["buckets"] = Choice(_with((16_384, 32_768, 65_536, 131_072), preset.wide.buckets))
        found["patterns"] = Choice(_with(tuple(_PATTERNS), patterns))
        found["fewest"] = Choice(_with((1, 2, 3), preset.wide.fewest))
    if preset.network is not None:
        network, training = preset.network, preset.training
        found["cell"] = Choice(_with(("lstm", "gru"), network.cell))
        found["units"] = Choice(_with((16, 32, 48, 64, 96, 128), network.units[0]))
        found["embedding_dim"] = Choice(_with((16, 24, 32, 40, 48, 64, 96), network.embedding_dim))
        found["dropout"] = Range(0.0, 0.8, 0.1)
        found["spatial_dropout"] = Range(0.0, 0.5, 0.1)
        found["token_dropout"] = Range(0.0, 0.6, 0.1)
        found["batch_size"] = Choice(_with((16, 32, 64, 128), training.batch_size))
        found["learning_rate"] = Range(training.learning_rate / 4, training.learning_rate * 4)
        found["adversarial"] = Choice(_with((0.0, 0.016), training.adversarial))
    return found


def values_of(preset: Preset) -> dict[str, Value]:
    """Return the preset's own values of the options that a search varies."""
    network, wide, training = preset.network, preset.wide, preset.training
    every: dict[str, Value] = {
        "vocabulary_size": preset.text.vocabulary_size,
        "tokenizer": preset.text.tokenizer,
        "buckets": wide.buckets if wide else None,
        "patterns": ",".join(wide.patterns) if wide else None,
        "fewest": wide.fewest if wide else None,
        "cell": network.cell if network else None,
        "units": network.units[0] if network else None,
        "embedding_dim": network.embedding_dim if network else None,
        "dropout": network.dropout if network else None,
        "spatial_dropout": network.spatial_dropout if network else None,
        "token_dropout": training.token_dropout if network else None,
        "batch_size": training.batch_size,
        "learning_rate": training.learning_rate,
        "adversarial": training.adversarial,
    }
    return {name: every[name] for name in space(preset)}


def apply(preset: Preset, values: Mapping[str, Value]) -> Preset:
    """Return the preset with other values.

    All recurrent layers are scaled as the first one.
    """
    tokenizer = values.get("tokenizer", preset.text.tokenizer)
    text = replace(preset.text, vocabulary_size=values["vocabulary_size"], tokenizer=tokenizer)
    network, wide, training = preset.network, preset.wide, preset.training
    if wide is not None:
        patterns = _PATTERNS.get(values["patterns"], wide.patterns)
        wide = replace(wide, buckets=values["buckets"], patterns=patterns, fewest=values["fewest"])
    if network is not None:
        factor = values["units"] / network.units[0]
        network = replace(
            network,
            cell=values["cell"],
            units=tuple(max(round(units * factor), 1) for units in network.units),
            embedding_dim=values["embedding_dim"],
            dropout=values["dropout"],
            spatial_dropout=values["spatial_dropout"],
        )
        training = replace(
            training,
            token_dropout=values["token_dropout"],
            batch_size=values["batch_size"],
            learning_rate=values["learning_rate"],
            adversarial=values["adversarial"],
        )
    return replace(preset, text=text, network=network, wide=wide, training=training)


def _with(values: tuple[Value, ...], own: Value) -> tuple[Value, ...]:
    """Return the values and the preset's own value, in order."""
    return values if own in values else tuple(sorted((*values, own)))
