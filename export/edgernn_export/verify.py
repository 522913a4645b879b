"""Verification: the written file's answers beside Keras's own, and the gates they must pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.recipes import Gate
from edgernn_runtime import Classifier
from edgernn_runtime.heads import Head
from edgernn_runtime.network import Array
from edgernn_runtime.tokenizer import PAD_ID

Source = Literal["model folder", "file", "synthetic"]

#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959964


@dataclass(frozen=True)
class Examples:
    """Texts to compare on.

    Attributes:
        texts: the texts.
        labels: the index of each text's true class, or None where it is not known.
        source: where they come from.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...] | None
    source: Source


@dataclass(frozen=True)
class Comparison:
    """How a file's answers differ from Keras's on the same texts.

    The change of a text is the largest change in any of its probabilities.

    Attributes:
        texts: how many texts were compared.
        source: where they come from.
        classes_used: how many labels Keras gave at least once.
        max_change: the largest change.
        mean_change: the mean of the changes.
        p99_change: their 99th percentile.
        agreement: the share of texts with the same label.
        keras_accuracy: the share that Keras gets right, or None without true labels.
        accuracy: the share that the file gets right, or None.
        accuracy_drop: the first less the second, or None.
        accuracy_drop_95: its 95 % interval, from the paired differences, or None.
    """

    texts: int
    source: Source
    classes_used: int
    max_change: float
    mean_change: float
    p99_change: float
    agreement: float
    keras_accuracy: float | None = None
    accuracy: float | None = None
    accuracy_drop: float | None = None
    accuracy_drop_95: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as the manifest keeps them."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """One bound of a gate.

    Attributes:
        name: what was measured.
        found: the measured figure.
        bound: the figure it is held to.
        passed: whether it holds.
    """

    name: str
    found: float
    bound: float
    passed: bool


def outputs_of(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the model's outputs through the runtime, float32 [N, C], in one open engine."""
    return np.stack([classifier.output(text) for text in texts])


def outputs_of_other_words(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the outputs for each text with every word replaced by the next of the vocabulary.

    They are those of a file whose embedding's rows were moved by one, which is another model.
    """
    words = len(classifier.bundle.vocabulary) - 1
    outputs = []
    for text in texts:
        ids = classifier.tokenize(text)
        outputs.append(classifier.output_of_ids(np.where(ids == PAD_ID, ids, ids % words + 1)))
    return np.stack(outputs)


def compare(reference: Array, found: Array, head: Head, examples: Examples) -> Comparison:
    """Return how outputs [N, C] differ from Keras's [N, C] on the examples."""
    change = np.abs(reference - found).max(axis=1)
    reference_class, found_class = _classes(reference, head), _classes(found, head)
    accuracy: dict[str, Any] = {}
    if examples.labels is not None:
        labels = np.asarray(examples.labels)
        accuracy = _accuracy(reference_class == labels, found_class == labels)
    return Comparison(
        texts=len(change),
        source=examples.source,
        classes_used=len(set(reference_class.tolist())),
        max_change=float(change.max()),
        mean_change=float(change.mean()),
        p99_change=float(np.quantile(change, 0.99)),
        agreement=float((reference_class == found_class).mean()),
        **accuracy,
    )


def check(comparison: Comparison, gate: Gate) -> tuple[Check, ...]:
    """Return the bounds of the gate with what was measured; one without a figure is left out."""
    agreement, least = comparison.agreement, gate.min_agreement
    checks = [] if least is None else [Check("same label", agreement, least, agreement >= least)]
    at_most = (
        ("largest change in probability", comparison.max_change, gate.max_change),
        ("p99 change in probability", comparison.p99_change, gate.p99_change),
        ("accuracy drop", comparison.accuracy_drop, gate.max_accuracy_drop),
    )
    for name, found, bound in at_most:
        if found is not None and bound is not None:
            checks.append(Check(name, found, bound, found <= bound))
    return tuple(checks)


def repeats_itself(classifier: Classifier, texts: Sequence[str]) -> bool:
    """Return whether A, B, A on one open engine gives both A's the same answer to the bit."""
    first, *others = texts
    before = classifier.output(first)
    for text in others:
        classifier.output(text)
        if classifier.output(first).tobytes() != before.tobytes():
            return False
    return True


def _classes(outputs: Array, head: Head) -> NDArray[np.intp]:
    if head == "binary":
        return (outputs[:, 0] > 0.5).astype(np.intp)
    return np.asarray(np.argmax(outputs, axis=1))


def _accuracy(reference_right: NDArray[np.bool_], right: NDArray[np.bool_]) -> dict[str, Any]:
    drops = reference_right.astype(float) - right.astype(float)
    half = Z95 * float(drops.std()) / math.sqrt(len(drops))
    drop = float(drops.mean())
    return {
        "keras_accuracy": float(reference_right.mean()),
        "accuracy": float(right.mean()),
        "accuracy_drop": drop,
        "accuracy_drop_95": (drop - half, drop + half),
    }
