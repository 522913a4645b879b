"""The training's history as a picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_PANELS = (("accuracy", "Accuracy"), ("loss", "Loss"))


def plot_history(history: Mapping[str, Sequence[float]], best_epoch: int) -> bytes:
    """Return a PNG of accuracy and loss over the epochs, training and validation side by side.

    Args:
        history: accuracy, val_accuracy, loss and val_loss, one value an epoch.
        best_epoch: the epoch that was kept, from 1; it is marked.
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
