"""Which thresholds a model gets: the options, and their choice on validation texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgernn.errors import OptionError
from edgernn_export.thresholds import (
    complementary,
    f1_thresholds,
    one_threshold,
    precision_thresholds,
    true_labels,
)
from edgernn_runtime.heads import Head

#: Less than any fraction of a text that decides, more than the error of a division.
_ROUNDING = 1e-9


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


def find_unreachable(
    options: ThresholdOptions,
    thresholds: Sequence[float] | None,
    truth: Sequence[Sequence[int]],
    labels: tuple[str, ...],
) -> Iterator[str]:
    """Yield a warning if no threshold of the rare label has the wanted precision.

    Args:
        options: what the thresholds are for.
        thresholds: the chosen thresholds, [L].
        truth: the indices of each validation text's labels, [N].
        labels: the names of the labels, [L].
    """
    rare, precision = options.rare_label, options.min_precision
    if rare is None or precision is None or thresholds is None:
        return
    label = labels.index(rare)
    if thresholds[label] < 1:
        return
    texts = sum(label in one for one in truth)
    # (n + 1) / (n + 2) of n right predictions is the precision.
    fewest = max(math.ceil((2 * precision - 1) / (1 - precision) - _ROUNDING), 1)
    yield (
        f"no threshold of {rare!r} has a precision of {precision:g} on its {texts:,} validation "
        f"texts, so no text gets the label; it takes at least {fewest} right predictions: try "
        "more texts, a larger --validation-split, or --cost"
    )


def _find_rare(rare: str, labels: tuple[str, ...], *, is_multilabel: bool) -> int:
    if is_multilabel or len(labels) != 2 or rare not in labels:
        raise OptionError(
            "--rare-label is not one of two labels",
            expected="data with two labels, and the name of one of them",
            found=f"{rare!r}, and the labels {', '.join(labels[:10])}",
            hint="leave out --rare-label: --min-precision alone refuses uncertain texts",
        )
    return labels.index(rare)
