"""The self-test: run the test vectors of a bundle, `vectors.json`, on this machine."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edgernn_runtime.bundle import VECTORS, Bundle
from edgernn_runtime.errors import BundleFormatError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The largest absolute error of an output that passes. Float kernels differ in the order of their
#: sums; int8 kernels round intermediate values, in places that depend on the processor.
FLOAT_TOLERANCE = 1e-4
INTEGER_TOLERANCE = 1e-2
#: The recipes with int8 kernels. Any other, also one that this version does not know, gets the
#: strict tolerance: then a self-test may fail, but none passes that should not.
INTEGER_RECIPES = ("int8", "int8-full")


@dataclass(frozen=True)
class TestVector:
    """A text with its ids and output on the exporting machine.

    Attributes:
        text: UTF-8.
        ids: its token ids.
        output: the model's output, C probabilities.
    """

    text: bytes
    ids: tuple[int, ...]
    output: tuple[float, ...]


@dataclass(frozen=True)
class SelfTestResult:
    """The result of a self-test.

    Attributes:
        vectors: number of test vectors.
        different_ids: number of test vectors whose ids differ.
        max_abs_error: the largest absolute error of an output.
        tolerance: the largest absolute error that passes.
    """

    vectors: int
    different_ids: int
    max_abs_error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the ids are equal and the outputs within the tolerance."""
        return self.different_ids == 0 and self.max_abs_error <= self.tolerance


class Testable(Protocol):
    """The part of a classifier that a self-test needs."""

    bundle: Bundle

    def tokenize(self, text: str | bytes) -> NDArray[np.int32]:
        """Return the ids of a text, int32 [T]."""

    def output(self, text: str | bytes) -> NDArray[np.float32]:
        """Return the model's output for a text, float32 [C]."""


def run_self_test(classifier: Testable) -> SelfTestResult:
    """Run the test vectors of a classifier's bundle.

    Raises:
        BundleFormatError: `vectors.json` is malformed or empty.
        EngineError: the engine failed.
        ClosedError: the classifier was closed.
    """
    bundle = classifier.bundle
    vectors = decode_test_vectors(bundle)
    different_ids = 0
    errors: list[float] = []
    for vector in vectors:
        different_ids += classifier.tokenize(vector.text).tolist() != list(vector.ids)
        output = classifier.output(vector.text).tolist()
        errors += [abs(x - y) for x, y in zip(output, vector.output, strict=True)]
    return SelfTestResult(
        vectors=len(vectors),
        different_ids=different_ids,
        max_abs_error=max(errors),
        tolerance=get_tolerance(bundle.manifest.recipe),
    )


def get_tolerance(recipe: str) -> float:
    """Return the largest absolute error of an output that passes with a recipe."""
    return INTEGER_TOLERANCE if recipe in INTEGER_RECIPES else FLOAT_TOLERANCE


def decode_test_vectors(bundle: Bundle) -> tuple[TestVector, ...]:
    """Return the test vectors of a bundle, at least one.

    Raises:
        BundleFormatError: `vectors.json` is malformed or empty.
    """
    try:
        rows = json.loads(bundle.vectors)
    except (ValueError, RecursionError) as error:
        raise _malformed(bundle, str(error)) from error
    if not isinstance(rows, list) or not rows:
        raise _malformed(bundle, "not a list, or an empty list")
    return tuple(_decode_test_vector(bundle, row) for row in rows)


def _decode_test_vector(bundle: Bundle, row: object) -> TestVector:
    if not isinstance(row, dict):
        raise _malformed(bundle, f"a {type(row).__name__} in the list")
    text, ids, output = row.get("text"), row.get("ids"), row.get("output")
    if not isinstance(text, str):
        raise _malformed(bundle, "a text that is not a string")
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _malformed(bundle, f"a text that is not base64: {error}") from error
    if not isinstance(ids, list) or not all(type(i) is int for i in ids):
        raise _malformed(bundle, "ids that are not a list of integers")
    if not isinstance(output, list) or len(output) != len(bundle.manifest.empty):
        raise _malformed(bundle, "an output of another size or type")
    if not all(type(x) in (int, float) and 0 <= x <= 1 for x in output):
        raise _malformed(bundle, "an output that is not a probability")
    return TestVector(decoded, tuple(ids), tuple(map(float, output)))


def _malformed(bundle: Bundle, found: str) -> BundleFormatError:
    return BundleFormatError(
        "the test vectors are malformed",
        path=f"{bundle.path}: {VECTORS}",
        expected="a list of text, ids and output, as `edgernn export` writes it",
        found=found,
    )
