"""Which thresholds a model gets: the options, and their choice on validation texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn.errors import OptionError
from edgernn_export.decisions import Coverage
from edgernn_export.labeling import find_unreachable
from edgernn_export.thresholds import (
    complementary,
    count_right,
    f1_thresholds,
    one_threshold,
    precision_thresholds,
    true_labels,
)
from edgernn_runtime.heads import Head

_REMEDY = "more of them (a larger --validation-split, or --validation), or a lower --min-precision"


@dataclass(frozen=True)
class ThresholdOptions:
    """What the thresholds of a model are for.

    Attributes:
        min_precision: the wanted precision of the predictions of each label, above 0 and below 1;
            None for no thresholds, or of a multi-label model, for those with the highest F1.
        rare_label: of two labels, the one whose predictions have that precision, while every other
            text gets the other label; None for thresholds below which a text has no label.
        cost: instead of `min_precision`, what a missed text of the rare label costs, if a false
            alarm costs 1.
    """

    min_precision: float | None = None
    rare_label: str | None = None
    cost: float | None = None


def check_threshold_options(options: ThresholdOptions) -> None:
    """Check that the options fit together.

    Raises:
        OptionError: the cost is given without a rare label, or with a precision, or a rare label
            without either.
    """
    has_both = options.cost is not None and options.min_precision is not None
    has_neither = options.cost is None and options.min_precision is None
    if options.rare_label is None and options.cost is not None:
        found, hint = "--cost alone", "name the label with --rare-label"
    elif options.rare_label is not None and (has_both or has_neither):
        found = "both" if has_both else "neither"
        hint = "leave out one of them" if has_both else "add --min-precision 0.9"
    else:
        return
    raise OptionError(
        "the options for the thresholds do not fit",
        expected="--rare-label with --min-precision or with --cost",
        found=found,
        hint=hint,
    )


def choose_thresholds(
    options: ThresholdOptions,
    probabilities: NDArray[np.float32],
    truth: Sequence[Sequence[int]],
    labels: tuple[str, ...],
    *,
    is_multilabel: bool,
) -> tuple[float, ...] | None:
    """Return the thresholds of a model, one for each label, or None.

    Args:
        options: what the thresholds are for.
        probabilities: of validation texts, float32 [N, L].
        truth: the indices of each text's labels, [N].
        labels: the names of the labels, [L].
        is_multilabel: whether a text may have several labels.

    Raises:
        OptionError: the rare label is not one of two labels.
    """
    true = true_labels(truth, len(labels))
    if options.rare_label is not None:
        rare = _find_rare(options.rare_label, labels, is_multilabel=is_multilabel)
        if options.cost is not None:
            # Expected costs are equal at p * cost = 1 - p.
            return complementary(1 / (1 + options.cost), rare)
        assert options.min_precision is not None
        return one_threshold(probabilities, true, rare, options.min_precision)
    if options.min_precision is not None:
        head: Head = "multilabel" if is_multilabel else "multiclass"
        return precision_thresholds(probabilities, true, head, options.min_precision)
    return f1_thresholds(probabilities, true) if is_multilabel else None


def describe_unreachable(
    options: ThresholdOptions,
    coverage: Coverage | None,
    probabilities: NDArray[np.float32],
    truth: Sequence[Sequence[int]],
    labels: tuple[str, ...],
    *,
    is_multilabel: bool,
) -> tuple[str, ...]:
    """Return a warning if no threshold of a label has the wanted precision, or an empty tuple.

    Args:
        options: what the thresholds are for.
        coverage: the effect of the chosen thresholds on the validation texts, or None.
        probabilities: of the validation texts, float32 [N, L].
        truth: the indices of each text's labels, [N].
        labels: the names of the labels, [L].
        is_multilabel: whether a text may have several labels.
    """
    precision, is_rare = options.min_precision, options.rare_label is not None
    if precision is None or coverage is None:
        return ()
    # A rare label may be predicted where the other one is more probable.
    head: Head = "multilabel" if is_multilabel or is_rare else "multiclass"
    right = count_right(probabilities, true_labels(truth, len(labels)), head)
    remedy = f"{_REMEDY}, or --cost" if is_rare else _REMEDY
    return tuple(find_unreachable(coverage, right, labels, precision, remedy))


def _find_rare(rare: str, labels: tuple[str, ...], *, is_multilabel: bool) -> int:
    if is_multilabel or len(labels) != 2 or rare not in labels:
        raise OptionError(
            "--rare-label is not one of two labels",
            expected="data with two labels, and the name of one of them",
            found=f"{rare!r}, and the labels {', '.join(labels[:10])}",
            hint="leave out --rare-label: --min-precision alone refuses uncertain texts",
        )
    return labels.index(rare)
