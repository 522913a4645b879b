"""Plots of scores: learning curves, confusion matrix, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgernn.evaluation import Evaluation
from edgernn.metrics import Scores
from edgernn.plotting import render_png

_PANELS = (("accuracy", "Accuracy"), ("loss", "Loss"))
_COLOURS = {"training": "#2a78d6", "validation": "#d9730d"}
_GREY = "#7a7f87"
#: With more classes, the cells are too small for counts.
_MOST_COUNTS = 20
_LONGEST_LABEL = 24


def history_png(history: Mapping[str, Sequence[float]], best_epoch: int) -> bytes:
    """Return a PNG of accuracy and loss by epoch, for training and validation.

    Args:
        history: accuracy, val_accuracy, loss and val_loss, one value per epoch.
        best_epoch: the epoch whose weights are kept, from 1; the plot marks it.
    """
    return render_png(lambda figure: draw_history(figure, history, best_epoch), 8, 3.2)


def confusion_png(scores: Scores) -> bytes:
    """Return a PNG of the confusion matrix."""
    side = confusion_size(scores)
    return render_png(lambda figure: draw_confusion(figure.subplots(), scores), side + 0.6, side)


def evaluation_png(evaluation: Evaluation) -> bytes:
    """Return a PNG of the confusion matrix and the calibration, side by side."""
    side = confusion_size(evaluation.scores)

    def draw(figure: Figure) -> None:
        matrix, calibration = figure.subplots(1, 2, width_ratios=(side + 0.6, 3.6))
        draw_confusion(matrix, evaluation.scores)
        draw_calibration(calibration, evaluation)

    return render_png(draw, side + 4.2, max(side, 3.6))


def draw_history(figure: Figure, history: Mapping[str, Sequence[float]], best_epoch: int) -> None:
    """Draw accuracy and loss by epoch, side by side; the arguments are those of `history_png`."""
    for axes, (key, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        epochs = range(1, len(history[key]) + 1)
        for part, name in (("training", key), ("validation", f"val_{key}")):
            axes.plot(epochs, history[name], "o-", color=_COLOURS[part], markersize=4, label=part)
        axes.axvline(best_epoch, color=_GREY, linestyle=":", label=f"kept: epoch {best_epoch}")
        axes.set_xlabel("epoch")
        axes.set_title(title)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(visible=True)
        axes.legend()


def confusion_size(scores: Scores) -> float:
    """Return the side of a confusion matrix in inches."""
    longest = max(len(_shortened(one.label)) for one in scores.classes)
    return min(2.0 + 0.4 * len(scores.classes) + 0.07 * longest, 11.0)


def draw_confusion(axes: Axes, scores: Scores) -> None:
    """Draw the confusion matrix: true class by row, each cell coloured by its share of the row."""
    counts = np.asarray(scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_shortened(one.label) for one in scores.classes]
    # A label may contain dollars, which matplotlib would read as mathematics.
    text: dict[str, Any] = {"fontsize": 9 if len(names) <= _MOST_COUNTS else 5}
    text["parse_math"] = False
    is_short = len(names) < 4 and max(map(len, names)) < 9
    axes.set_xticks(range(len(names)), names, rotation=0 if is_short else 90, **text)
    axes.set_yticks(range(len(names)), names, **text)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{scores.texts:,} texts, accuracy {scores.accuracy:.1%}")
    axes.spines[:].set_visible(False)
    if len(names) <= _MOST_COUNTS:
        for (row, column), count in np.ndenumerate(counts):
            ink = "#ffffff" if shares[row, column] > 0.5 else "#1d2126"
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=ink)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    bar.outline.set_visible(False)


def draw_calibration(axes: Axes, evaluation: Evaluation) -> None:
    """Draw accuracy by probability of the predicted label, beside the diagonal."""
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
    means = [one.probability for one in evaluation.calibration]
    accuracies = [one.accuracy for one in evaluation.calibration]
    axes.plot(means, accuracies, "o-", color=_COLOURS["validation"], markersize=4)
    axes.set_xlabel("probability of the predicted label")
    axes.set_ylabel("accuracy")
    axes.set_title(f"expected calibration error {evaluation.calibration_error:.3f}")
    axes.grid(visible=True)


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
