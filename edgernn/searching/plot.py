"""Plot of the trials of a search."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from edgernn.searching.trials import Trial, best_trial

_AXES = (("bytes", "size of the int8 bundle in KB", 1e-3), ("milliseconds", "ms per text", 1.0))


def plot_trials(trials: Sequence[Trial]) -> bytes:
    """Return a PNG of accuracy against size and against latency.

    The line connects the trials that no smaller or faster trial exceeds in accuracy.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    best = best_trial(trials)
    for axes, (name, label, unit) in zip(figure.subplots(1, 2, sharey=True), _AXES, strict=True):
        for fits, colour, text in ((True, "#2a78d6", "trial"), (False, "#b0b6bf", "over a limit")):
            part = [one for one in trials if one.fits == fits and one.number != 0]
            if part:
                x = [getattr(one, name) * unit for one in part]
                axes.scatter(x, [one.accuracy for one in part], color=colour, label=text, s=28)
        front = _front(trials, name)
        x = [getattr(one, name) * unit for one in front]
        axes.plot(x, [one.accuracy for one in front], color="#1f9d63", linewidth=1, label="front")
        marks = (
            ([one for one in trials if one.number == 0], "D", "#d9730d", "preset"),
            ([best] if best else [], "*", "#c22f4e", "chosen (lowest log loss)"),
        )
        for part, marker, colour, text in marks:
            x = [getattr(one, name) * unit for one in part]
            y = [one.accuracy for one in part]
            axes.scatter(x, y, marker=marker, color=colour, label=text, s=90, zorder=3)
        axes.set_xscale("log")
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.tick_params(axis="x", which="both", labelrotation=45)
    figure.axes[0].set_ylabel("validation accuracy")
    figure.axes[0].yaxis.set_major_formatter(lambda value, _: f"{value:.2%}")
    figure.axes[0].legend(fontsize=8)
    target = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(target, format="png", dpi=110)
    return target.getvalue()


def _front(trials: Sequence[Trial], name: str) -> list[Trial]:
    front: list[Trial] = []
    for one in sorted(trials, key=lambda one: (getattr(one, name), -one.accuracy)):
        if not front or one.accuracy > front[-1].accuracy:
            front.append(one)
    return front
