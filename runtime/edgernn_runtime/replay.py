"""The self-test of a bundle: replay `vectors.json` on this machine."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgernn_runtime.bundle import VECTORS, Bundle
from edgernn_runtime.errors import BundleFormatError

#: The largest change in an output that a replay accepts. Float kernels differ in the order of
#: their sums; int8 kernels round what they multiply, in places that depend on the processor.
FLOAT_TOLERANCE = 1e-4
INTEGER_TOLERANCE = 1e-2

if TYPE_CHECKING:
    from edgernn_runtime.classifier import Classifier


@dataclass(frozen=True)
class Vector:
    """A text with what the exporting machine made of it.

    Attributes:
        text: UTF-8.
        ids: its token ids.
        output: the model's output, C numbers.
    """

    text: bytes
    ids: tuple[int, ...]
    output: tuple[float, ...]


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes:
        vectors: how many texts were replayed.
        different_ids: how many of them gave other ids.
        max_change: the largest change in an output.
        tolerance: the largest change that is accepted.
    """

    vectors: int
    different_ids: int
    max_change: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether this machine gives the exported answers."""
        return self.different_ids == 0 and self.max_change <= self.tolerance


def replay(classifier: Classifier) -> Replay:
    """Return how this machine fares with a bundle's vectors.

    Raises:
        BundleFormatError: `vectors.json` is malformed or empty.
        EngineError: the engine failed.
    """
    bundle = classifier.bundle
    vectors = decode_vectors(bundle)
    different_ids, changes = 0, []
    for vector in vectors:
        different_ids += classifier.tokenize(vector.text).tolist() != list(vector.ids)
        output = classifier.output(vector.text)
        changes.append(float(np.abs(output - np.asarray(vector.output)).max()))
    return Replay(
        vectors=len(vectors),
        different_ids=different_ids,
        max_change=max(changes),
        tolerance=tolerance_of(bundle.manifest.recipe),
    )


def tolerance_of(recipe: str) -> float:
    """Return the largest change in an output that a replay accepts of a recipe."""
    return INTEGER_TOLERANCE if recipe.startswith("int8") else FLOAT_TOLERANCE


def decode_vectors(bundle: Bundle) -> tuple[Vector, ...]:
    """Return the vectors of a bundle.

    Raises:
        BundleFormatError: `vectors.json` is malformed or empty.
    """
    try:
        rows = json.loads(bundle.vectors)
    except (ValueError, RecursionError) as error:
        raise _malformed(bundle, str(error)) from error
    if not isinstance(rows, list) or not rows:
        raise _malformed(bundle, "no list, or an empty one")
    return tuple(_vector(bundle, row) for row in rows)


def _vector(bundle: Bundle, row: object) -> Vector:
    if not isinstance(row, dict):
        raise _malformed(bundle, f"a {type(row).__name__} in the list")
    text, ids, output = row.get("text"), row.get("ids"), row.get("output")
    if not isinstance(text, str):
        raise _malformed(bundle, "a text that is no string")
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _malformed(bundle, f"a text that is not base64: {error}") from error
    if not isinstance(ids, list) or not all(type(i) is int for i in ids):
        raise _malformed(bundle, "ids that are no list of integers")
    if not isinstance(output, list) or len(output) != len(bundle.manifest.empty):
        raise _malformed(bundle, "an output of another size or type")
    if not all(type(x) in (int, float) and 0 <= x <= 1 for x in output):
        raise _malformed(bundle, "an output that is no probability")
    return Vector(decoded, tuple(ids), tuple(map(float, output)))


def _malformed(bundle: Bundle, found: str) -> BundleFormatError:
    return BundleFormatError(
        "the vectors are malformed",
        path=f"{bundle.path}: {VECTORS}",
        expected="a list of text, ids and output, as `edgernn export` writes it",
        found=found,
    )
