"""Verification: the written file's outputs against Keras's own, and the gates they must pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.recipes import Gate, Recipe
from edgernn_export.rounding import Storage, rounding_errors
from edgernn_runtime import Classifier
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import Array, Network, Task
from edgernn_runtime.tokenizer import PAD_ID

Source = Literal["model folder", "file", "synthetic"]

#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959964
#: Texts of the check for leaking state, and of the negative control.
_FEW, _CONTROLS = 20, 100
#: Texts on which the rounding error is measured, for a max absolute error and for a percentile, and
#: their tokens: a second or two of the NumPy reference.
_WORST, _SAMPLE, _MOST_TOKENS = 24, 100, 5000


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
    """How a file's outputs differ from Keras's on the same texts.

    The absolute error of a text is the largest difference in any of its probabilities.

    Attributes:
        texts: the number of texts.
        source: where they come from.
        classes_used: the number of labels that Keras predicts at least once.
        max_change: the max absolute error.
        mean_change: the mean absolute error.
        p99_change: the 99th percentile of the absolute error.
        agreement: label agreement, the share of texts with the same label.
        sure_changes: the share of texts with another label although Keras is sure.
        keras_accuracy: the accuracy of Keras, or None without true labels.
        accuracy: the accuracy of the file, or None.
        accuracy_drop: the first less the second, or None.
        accuracy_drop_95: its 95 % interval, from the paired differences, or None.
        rounding_error: the same figure as the gate bounds, max or 99th percentile, of what rounding
            costs the model itself; None where it does not decide and was not measured.
    """

    texts: int
    source: Source
    classes_used: int
    max_change: float
    mean_change: float
    p99_change: float
    agreement: float
    sure_changes: float
    keras_accuracy: float | None = None
    accuracy: float | None = None
    accuracy_drop: float | None = None
    accuracy_drop_95: tuple[float, float] | None = None
    rounding_error: float | None = None

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
        relation: on which side of the bound the figure must be.
    """

    name: str
    found: float
    bound: float
    passed: bool
    relation: Literal["at most", "at least"] = "at most"

    @property
    def expected(self) -> str:
        """The bound in words, such as `at most 0.02`."""
        return f"{self.relation} {self.bound:.3g}"


@dataclass(frozen=True)
class Verdict:
    """The result of a verification.

    Attributes:
        comparison: how the file's outputs differ from Keras's.
        of_file: the checks of the file.
        of_texts: the checks of the texts: whether they tell the model from another one at all.
    """

    comparison: Comparison
    of_file: tuple[Check, ...]
    of_texts: tuple[Check, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, those of the file first."""
        return (*self.of_file, *self.of_texts)

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return all(one.passed for one in self.checks)


def verify(
    classifier: Classifier,
    network: Network | None,
    reference: Array,
    examples: Examples,
    task: Task,
    recipe: Recipe,
    bits: int = 8,
) -> Verdict:
    """Return whether a file's outputs are Keras's, as far as its recipe promises.

    Args:
        classifier: the file, opened by the runtime.
        network: the model as plain data, or None where it is not covered.
        reference: float32 [N, C], Keras's outputs for the examples.
        examples: the N texts.
        task: the model's head and labels.
        recipe: how the file was quantized.
        bits: of int8 weights, the bits that the target uses.
    """
    found = outputs_of(classifier, examples.texts)
    ids = [classifier.tokenize(text) for text in examples.texts]
    gate, error = fit_gate(recipe, bits, network, ids, reference, found)
    comparison = compare(reference, found, task.head, examples, gate.sure_margin)
    steady = repeats_itself(classifier, examples.texts[:_FEW])
    fails = _perturbed_fails(classifier, reference, examples, task.head, gate)
    # With many classes some are rare in any texts, so that not each of them need occur.
    used = comparison.classes_used
    return Verdict(
        comparison=replace(comparison, rounding_error=error),
        of_file=(
            *check(comparison, gate),
            _at_least("no state leaks between calls (bit-exact)", steady, 1),
        ),
        of_texts=(
            _at_least("labels that Keras predicts on these texts", used, 2),
            _at_least("negative control: a perturbed model fails the gate", fails, 1),
        ),
    )


def outputs_of(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the model's outputs through the runtime, float32 [N, C], in one open engine."""
    return np.stack([classifier.output(text) for text in texts])


def outputs_of_other_words(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the outputs for each text with every word replaced by the next of the vocabulary.

    They are those of a perturbed model, whose embedding is moved by a row. The other layers do
    not matter for it, so that it serves any model.
    """
    words = len(classifier.bundle.vocabulary) - 1
    outputs = []
    for text in texts:
        ids = classifier.tokenize(text)
        outputs.append(classifier.output_of_ids(np.where(ids == PAD_ID, ids, ids % words + 1)))
    return np.stack(outputs)


def compare(
    reference: Array, found: Array, head: Head, examples: Examples, sure_margin: float = 0.0
) -> Comparison:
    """Return how outputs [N, C] differ from Keras's [N, C] on the examples.

    Args:
        reference: float32 [N, C], Keras's outputs.
        found: float32 [N, C], the file's.
        head: how outputs become labels.
        examples: the N texts.
        sure_margin: the margin above which Keras counts as sure; see `Gate`.
    """
    change = np.abs(reference - found).max(axis=1)
    reference_class, found_class = _classes(reference, head), _classes(found, head)
    margins = _margins(reference, found_class, head)
    accuracy: dict[str, Any] = {}
    if examples.labels is not None:
        labels = np.asarray(examples.labels)
        accuracy = _accuracy(reference_class == labels, found_class == labels)
    differs = reference_class != found_class
    return Comparison(
        texts=len(change),
        source=examples.source,
        classes_used=len(set(reference_class.tolist())),
        max_change=float(change.max()),
        mean_change=float(change.mean()),
        p99_change=float(np.quantile(change, 0.99)),
        agreement=float(1 - differs.mean()),
        sure_changes=float((differs & (margins > sure_margin)).mean()),
        **accuracy,
    )


def fit_gate(
    recipe: Recipe,
    bits: int,
    network: Network | None,
    ids: Sequence[NDArray[np.int32]],
    reference: Array,
    found: Array,
) -> tuple[Gate, float | None]:
    """Return the recipe's gate with its bound fitted to the model, and the model's rounding error.

    The error is measured only where it decides, since the NumPy reference is slow: for a max
    absolute error on the texts where the file differs most, for a percentile on any. It is the
    model's, not the file's, so that a wrong file cannot raise it.

    Args:
        recipe: how the file was quantized.
        bits: of int8 weights, the bits that the target uses.
        network: the model as plain data; None keeps the bound.
        ids: the N texts, int32 [T] each; T may be 0.
        reference: float32 [N, C], Keras's outputs.
        found: float32 [N, C], the file's.

    Returns:
        The gate, and the error, or None where it was not measured.
    """
    gate = recipe.gate
    if network is None or gate.fit is None:
        return gate, None
    change = np.abs(reference - found).max(axis=1)
    is_p99 = gate.max_change is None
    quantile = 0.99 if is_p99 else 1.0
    figure = float(np.quantile(change, quantile))
    error, bound = None, gate.fit.most if figure > gate.fit.most else gate.fit.least
    if gate.fit.least < figure <= gate.fit.most:
        order = np.arange(len(ids))[:_SAMPLE] if is_p99 else np.argsort(-change)[:_WORST]
        rows = _first(order.tolist(), ids)
        chosen = [ids[i] for i in rows]
        errors = rounding_errors(network, Storage(recipe.weights, bits), chosen, reference[rows])
        error = float(np.quantile(errors, quantile)) if rows else 0.0
        bound = min(max(gate.fit.factor * error, gate.fit.least), gate.fit.most)
    fitted = replace(gate, p99_change=bound) if is_p99 else replace(gate, max_change=bound)
    return fitted, error


def _first(order: Sequence[int], ids: Sequence[NDArray[np.int32]]) -> list[int]:
    """Return the first texts in an order, as many as the NumPy reference evaluates in seconds."""
    rows: list[int] = []
    tokens = 0
    for i in order:
        if len(ids[i]) and (not rows or tokens + len(ids[i]) <= _MOST_TOKENS):
            rows.append(i)
            tokens += len(ids[i])
    return rows


def check(comparison: Comparison, gate: Gate) -> tuple[Check, ...]:
    """Return the bounds of the gate with what was measured; one without a figure is left out."""
    sure = f"labels changed where Keras is sure by {gate.sure_margin:.2g}"
    at_most = (
        (sure, comparison.sure_changes, gate.max_sure_changes),
        ("max absolute error", comparison.max_change, gate.max_change),
        ("p99 absolute error", comparison.p99_change, gate.p99_change),
        ("accuracy drop", comparison.accuracy_drop, gate.max_accuracy_drop),
    )
    return tuple(
        Check(name, found, bound, found <= bound)
        for name, found, bound in at_most
        if found is not None and bound is not None
    )


def repeats_itself(classifier: Classifier, texts: Sequence[str]) -> bool:
    """Return whether A, B, A on one open engine gives both A's the same output to the bit."""
    first, *others = texts
    before = classifier.output(first)
    for text in others:
        classifier.output(text)
        if classifier.output(first).tobytes() != before.tobytes():
            return False
    return True


def _perturbed_fails(
    classifier: Classifier, reference: Array, examples: Examples, head: Head, gate: Gate
) -> bool:
    """Return whether the gate refuses a perturbed model on the first of the examples."""
    few = slice(_CONTROLS)
    labels = None if examples.labels is None else examples.labels[few]
    others = replace(examples, texts=examples.texts[few], labels=labels)
    found = outputs_of_other_words(classifier, others.texts)
    checks = check(compare(reference[few], found, head, others, gate.sure_margin), gate)
    return not all(one.passed for one in checks)


def _at_least(name: str, found: float, bound: float) -> Check:
    return Check(name, float(found), float(bound), found >= bound, "at least")


def _classes(outputs: Array, head: Head) -> NDArray[np.intp]:
    if head == "binary":
        return (outputs[:, 0] > 0.5).astype(np.intp)
    return np.asarray(np.argmax(outputs, axis=1))


def _margins(reference: Array, chosen: NDArray[np.intp], head: Head) -> Array:
    """Return by how much Keras prefers its own label to the chosen one, float32 [N]."""
    if head == "binary":
        reference = np.concatenate([1 - reference, reference], axis=1)
    rows = np.arange(len(reference))
    return np.asarray(reference.max(axis=1) - reference[rows, chosen], dtype=np.float32)


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
