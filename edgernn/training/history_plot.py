"""Plot of the training history."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_PANELS = (("accuracy", "Accuracy"), ("loss", "Loss"))


def plot_history(history: Mapping[str, Sequence[float]], best_epoch: int) -> bytes:
    """Return a PNG of accuracy and loss by epoch, for training and validation.

    Args:
        history: accuracy, val_accuracy, loss and val_loss, one value per epoch.
        best_epoch: the epoch whose weights are kept, from 1; the plot marks it.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        epochs = range(1, len(history[key]) + 1)
        axes.plot(epochs, history[key], marker="o", label="training")
        axes.plot(epochs, history[f"val_{key}"], marker="o", label="validation")
        axes.axvline(best_epoch, color="grey", linestyle=":", label="kept")
        axes.set_xlabel("epoch")
        axes.set_title(title)
        axes.set_xticks(list(epochs))
        axes.grid(alpha=0.3)
        axes.legend()
    target = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(target, format="png")
    return target.getvalue()
