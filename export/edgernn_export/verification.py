"""Verification: the gates that a file's outputs must pass in comparison with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgernn_export.comparison import Comparison, Examples, absolute_errors, compare
from edgernn_export.keras.reader import Source
from edgernn_export.recipes import Gate, Recipe
from edgernn_export.rounding import Storage, rounding_errors
from edgernn_runtime import Classifier
from edgernn_runtime.heads import Head
from edgernn_runtime.ir import Array, Network
from edgernn_runtime.tokenizer import PAD_ID

#: The number of texts of the check for leaking state, and of the negative control.
_STATE_TEXTS, _CONTROL_TEXTS = 20, 100
#: The number of texts on which the rounding error is measured, for a max absolute error and for a
#: percentile, and the limit of their tokens: a second or two of the NumPy reference.
_MAX_TEXTS, _P99_TEXTS, _TOKEN_LIMIT = 24, 100, 5000


@dataclass(frozen=True)
class Check:
    """One bound of a gate.

    Attributes:
        name: what was measured.
        found: the measured figure.
        bound: the bound.
        passed: whether the figure is within the bound.
        relation: the side of the bound on which the figure must be.
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
        comparison: the differences between the file's outputs and the reference.
        of_file: the checks of the file.
        of_texts: the checks of the texts: whether they can distinguish the model from another.
        gate: the recipe's gate, with its bound fitted to the model.
        of_pipeline: the checks against the user's own predictions, if there are any.
        suggestion: options under which Keras equals those predictions, as a sentence; or None.
    """

    comparison: Comparison
    of_file: tuple[Check, ...]
    of_texts: tuple[Check, ...]
    gate: Gate
    of_pipeline: tuple[Check, ...] = ()
    suggestion: str | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, those of the file first."""
        return (*self.of_file, *self.of_pipeline, *self.of_texts)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(one.passed for one in self.checks)


def verify(
    classifier: Classifier,
    source: Source,
    reference: Array,
    examples: Examples,
    recipe: Recipe,
    bits: int = 8,
) -> Verdict:
    """Compare a file's outputs with the reference, as closely as its recipe allows.

    Args:
        classifier: the file, opened by the runtime.
        source: the model that the file was written from.
        reference: float32 [N, C], the reference outputs for the examples.
        examples: the N texts.
        recipe: how the file was quantized.
        bits: of int8 weights, the bits that the target uses.
    """
    head, network = source.task.head, source.network
    found = compute_outputs(classifier, examples.texts)
    ids = [classifier.tokenize(text) for text in examples.texts]
    measured = network if isinstance(network, Network) else None
    gate, error = fit_gate(recipe, bits, measured, ids, reference, found)
    comparison = compare(reference, found, head, examples, gate.sure_margin)
    is_stateless = repeats_itself(classifier, examples.texts[:_STATE_TEXTS])
    fails = _perturbed_fails(classifier, reference, examples, head, gate)
    # Two labels are enough: of many classes, some are rare in any texts.
    used = comparison.classes_used
    return Verdict(
        comparison=replace(comparison, rounding_error=error, reference=source.reference_name),
        of_file=(
            *check(comparison, gate),
            _at_least("no state leaks between calls (bit-exact)", is_stateless, 1),
        ),
        of_texts=(
            _at_least("labels that Keras predicts on these texts", used, 2),
            _at_least("negative control: a perturbed model fails the gate", fails, 1),
        ),
        gate=gate,
    )


def compute_outputs(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the outputs for N texts, float32 [N, C], by the runtime with one open engine."""
    return np.stack([classifier.output(text) for text in texts])


def compute_perturbed_outputs(classifier: Classifier, texts: Sequence[str]) -> Array:
    """Return the outputs of a perturbed model for N texts, float32 [N, C].

    Every token is replaced by the next of the vocabulary, which is the same as moving the
    embedding by a row. This perturbs any model, whatever its other layers are.
    """
    words = len(classifier.bundle.vocabulary) - 1
    outputs = []
    for text in texts:
        ids = classifier.tokenize(text)
        outputs.append(classifier.output_of_ids(np.where(ids == PAD_ID, ids, ids % words + 1)))
    return np.stack(outputs)


def fit_gate(
    recipe: Recipe,
    bits: int,
    network: Network | None,
    ids: Sequence[NDArray[np.int32]],
    reference: Array,
    found: Array,
) -> tuple[Gate, float | None]:
    """Return the recipe's gate with its bound fitted to the model, and the model's rounding error.

    The error is measured only if it decides, because the NumPy reference is slow: for the max
    absolute error on the texts where the file differs most, for a percentile on any texts. It is a
    property of the model, not of the file, so that a wrong file cannot raise it.

    Args:
        recipe: how the file was quantized.
        bits: of int8 weights, the bits that the target uses.
        network: the model in the IR; None keeps the bound.
        ids: the N texts, int32 [T] each; T may be 0.
        reference: float32 [N, C], the reference outputs.
        found: float32 [N, C], the file's outputs.

    Returns:
        The gate, and the error, or None if it was not measured.
    """
    gate = recipe.gate
    if network is None or gate.fit is None:
        return gate, None
    change = absolute_errors(reference, found)
    is_p99 = gate.max_change is None
    quantile = 0.99 if is_p99 else 1.0
    figure = float(np.quantile(change, quantile))
    error, bound = None, gate.fit.most if figure > gate.fit.most else gate.fit.least
    if gate.fit.least < figure <= gate.fit.most:
        order = np.arange(len(ids))[:_P99_TEXTS] if is_p99 else np.argsort(-change)[:_MAX_TEXTS]
        rows = _first(order.tolist(), ids)
        chosen = [ids[i] for i in rows]
        errors = rounding_errors(network, Storage(recipe.weights, bits), chosen, reference[rows])
        error = float(np.quantile(errors, quantile)) if rows else 0.0
        bound = min(max(gate.fit.factor * error, gate.fit.least), gate.fit.most)
    fitted = replace(gate, p99_change=bound) if is_p99 else replace(gate, max_change=bound)
    return fitted, error


def _first(order: Sequence[int], ids: Sequence[NDArray[np.int32]]) -> list[int]:
    """Return the first texts in an order, up to the limit of tokens."""
    rows: list[int] = []
    tokens = 0
    for i in order:
        if len(ids[i]) and (not rows or tokens + len(ids[i]) <= _TOKEN_LIMIT):
            rows.append(i)
            tokens += len(ids[i])
    return rows


def check(comparison: Comparison, gate: Gate) -> tuple[Check, ...]:
    """Return the checks of a gate; a bound without a measured figure is left out."""
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
    """Return whether texts A, B, A on one open engine give bit-equal outputs for both A."""
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
    """Return whether the gate refuses a perturbed model on the first examples."""
    few = slice(_CONTROL_TEXTS)
    labels = None if examples.labels is None else examples.labels[few]
    others = replace(examples, texts=examples.texts[few], labels=labels)
    found = compute_perturbed_outputs(classifier, others.texts)
    checks = check(compare(reference[few], found, head, others, gate.sure_margin), gate)
    return not all(one.passed for one in checks)


def _at_least(name: str, found: float, bound: float) -> Check:
    return Check(name, float(found), float(bound), found >= bound, "at least")
