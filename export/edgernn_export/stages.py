"""The results of the stages of an export: a lowered file, a candidate, a verified bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgernn_export.model_stats import LoweringKind, ModelStats
from edgernn_runtime.bundle import Bundle


@dataclass(frozen=True)
class LoweredFile:
    """A model file of a target.

    Attributes:
        model: the name of the model's member in the bundle.
        members: the bytes of the model, and of further files that it needs, by member name.
        stats: the model statistics, read back from the file.
        lowering: how the file was made.
        interface: names, dtypes and shapes of its inputs and outputs.
        warnings: what the user should know, a sentence each.
    """

    model: str
    members: Mapping[str, bytes]
    stats: ModelStats
    lowering: LoweringKind
    interface: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A bundle in memory that is not verified yet.

    Attributes:
        bundle: the bundle as a device reads it, without test vectors and card.
        members: the bytes of the vocabulary and of the model, by member name.
        lowered: the model file.
    """

    bundle: Bundle
    members: Mapping[str, bytes]
    lowered: LoweredFile


@dataclass(frozen=True)
class VerifiedBundle:
    """A complete bundle in memory, with the figures of its verification.

    Attributes:
        bundle: the bundle.
        members: all members by name, the manifest first.
        name: the model's name in C.
    """

    bundle: Bundle
    members: Mapping[str, bytes]
    name: str = "model"
