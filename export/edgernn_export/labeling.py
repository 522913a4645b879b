"""Labeling of texts by a model with thresholds: their choice, their effect, and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgernn_export.comparison import Examples
from edgernn_export.decisions import Coverage, decide, measure_coverage
from edgernn_export.errors import OptionError
from edgernn_export.thresholds import (
    check_thresholds,
    count_right,
    fewest_right,
    precision_thresholds,
    true_labels,
)
from edgernn_runtime.heads import expand_binary
from edgernn_runtime.ir import Array, Task

#: More names of labels are not printed.
_MOST_NAMES = 10
_REMEDY = "more texts with --texts, or a lower --min-precision"


@dataclass(frozen=True)
class Labeling:
    """The thresholds of a model, and their effect.

    Attributes:
        thresholds: the least probability of each label, or None.
        coverage: the effect of the thresholds on the examples; None without thresholds, or without
            the labels of the examples.
        warnings: what the user should know, a sentence each.
    """

    thresholds: tuple[float, ...] | None
    coverage: Coverage | None = None
    warnings: tuple[str, ...] = ()


def choose_labeling(
    task: Task,
    outputs: Array,
    examples: Examples,
    thresholds: tuple[float, ...] | None,
    min_precision: float | None,
) -> Labeling:
    """Return the thresholds of a bundle: the given ones, or chosen on the examples.

    Args:
        task: the classifier with its labels.
        outputs: float32 [N, C], Keras's outputs for the texts.
        examples: the N texts, with or without labels.
        thresholds: the least probability of each label, or None.
        min_precision: instead of `thresholds`, the precision to choose them for.

    Raises:
        OptionError: the examples have no labels, or there is not one threshold for each label.
    """
    if min_precision is None:
        check_thresholds(thresholds, task.labels)
    elif examples.labels is None:
        raise OptionError(
            "the thresholds cannot be chosen",
            expected="texts with labels, and the names of the labels",
            found=f"{len(examples.texts):,} texts without labels",
            hint="pass --texts FILE and --labels, or leave out --min-precision",
        )
    if examples.labels is None or (min_precision is None and thresholds is None):
        return Labeling(thresholds)
    truth = true_labels(examples.labels, len(task.labels))
    probabilities = expand_binary(outputs) if task.head == "binary" else outputs
    if min_precision is not None:
        thresholds = precision_thresholds(probabilities, truth, task.head, min_precision)
    assert thresholds is not None
    decisions = decide(probabilities, thresholds, is_multilabel=task.head == "multilabel")
    coverage = measure_coverage(decisions, truth, thresholds)
    if min_precision is None:
        return Labeling(thresholds, coverage)
    right = count_right(probabilities, truth, task.head)
    warnings = find_unreachable(coverage, right, task.labels, min_precision, _REMEDY)
    return Labeling(thresholds, coverage, tuple(warnings))


def find_unreachable(
    coverage: Coverage, right: Sequence[int], labels: Sequence[str], precision: float, remedy: str
) -> Iterator[str]:
    """Yield a warning if no text gets a label, or some label is never predicted.

    Args:
        coverage: the effect of the thresholds on the texts that they were chosen on.
        right: how many predictions of each label can be right, [L].
        labels: the names of the labels, [L].
        precision: the precision that the thresholds were chosen for.
        remedy: what to try, as options of the command.
    """
    missing = [i for i, threshold in enumerate(coverage.thresholds) if threshold >= 1]
    if coverage.texts == 0 and len(missing) < len(labels):
        least = f"{min(coverage.thresholds):.5g}"
        yield (
            "no validation text gets a label: none has a probability that reaches its threshold, "
            f"which is at least {least}; try more training texts, or leave out --min-precision"
        )
    if not missing:
        return
    counts = _join(f"{right[i]:,} of {labels[i]!r}" for i in missing)
    if len(missing) == len(labels):
        subject = "a label"
        counts = f"{sum(right):,}: {counts}"
    else:
        noun = "label" if len(missing) == 1 else "labels"
        subject = f"the {noun} {_join(repr(labels[i]) for i in missing)}"
    yield (
        f"no text gets {subject}: a precision of {precision:g} takes at least "
        f"{fewest_right(precision):,} right predictions, and more if some are wrong; the "
        f"validation texts have {counts}; try {remedy}"
    )


def _join(parts: Iterator[str]) -> str:
    """Return the parts with commas between them; of many parts, the first ones."""
    listed = list(parts)
    rest = len(listed) - _MOST_NAMES
    return ", ".join(listed[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
