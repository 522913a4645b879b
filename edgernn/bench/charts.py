"""A report as pictures: the spread of the times, the curve over lengths, size against accuracy.

Text, axes and grid have colours of their own that stand for the page's, so that one drawing is
right on a light and on a dark page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from edgernn.bench.records import Report, Row

#: Stand for the page's own ink and grid in an SVG.
_INK, _GRID = "#010101", "#020202"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "edgernn",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
}
_COLOURS = {
    "keras": "#7a7f87",
    "tflite": "#2a78d6",
    "onnx": "#d9730d",
    "native": "#1f9d63",
    "other": "#a052c9",
}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_WIDTH = 4.7
_PLAIN = FuncFormatter(lambda value, _: f"{value:g}")

Chart = Callable[[Axes, Sequence[Row]], None]


def _family(row: Row) -> str:
    return next((name for name in _COLOURS if row.form.startswith(name)), "other")


def _look(rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Return the colour of each form's family and a marker that is its own in it."""
    seen: dict[str, int] = {}
    looks = {}
    for row in rows:
        family = _family(row)
        looks[row.form] = _COLOURS[family], _MARKERS[seen.get(family, 0) % len(_MARKERS)]
        seen[family] = seen.get(family, 0) + 1
    return looks


def _latency(axes: Axes, rows: Sequence[Row]) -> None:
    looks = _look(rows)
    for place, row in enumerate(reversed(rows)):
        samples = np.concatenate([window.total_ms for window in row.windows])
        least, p5, p50, p95, p99 = np.quantile(samples, (0, 0.05, 0.5, 0.95, 0.99))
        colour, _ = looks[row.form]
        axes.plot([least, p99], [place, place], color=colour, linewidth=1)
        axes.plot([p5, p95], [place, place], color=colour, linewidth=6, alpha=0.45)
        axes.plot([p50], [place], marker="o", color=colour, markersize=5)
        label = f"{p50:.3g}"
        axes.annotate(label, (p50, place), (0, 6), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(rows)), [row.form for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.2)
    if len(rows) > 1:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.set_xlabel("ms, text to answer: p50, p5 to p95, least to p99")


def _curve(axes: Axes, rows: Sequence[Row]) -> None:
    looks = _look(rows)
    for row in rows:
        colour, marker = looks[row.form]
        lengths, times = zip(*((point.tokens, point.p50) for point in row.curve), strict=True)
        axes.plot(
            lengths, times, color=colour, marker=marker, markersize=4, linewidth=1, label=row.form
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("tokens")
    axes.set_ylabel("p50 ms")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=8)


def _size_accuracy(axes: Axes, rows: Sequence[Row]) -> None:
    looks = _look(rows)
    for row in rows:
        assert row.quality is not None
        assert row.file_bytes is not None
        colour, marker = looks[row.form]
        q, size = row.quality, row.file_bytes / 1e6
        value, bounds = (
            (q.agreement, q.agreement_95) if q.accuracy is None else (q.accuracy, q.accuracy_95)
        )
        assert bounds is not None
        axes.plot([size, size], [100 * x for x in bounds], color=colour, linewidth=0.8, alpha=0.5)
        axes.plot([size], [100 * value], color=colour, marker=marker, linestyle="", label=row.form)
    labeled = all(row.quality and row.quality.accuracy is not None for row in rows)
    axes.set_xlabel("file MB")
    axes.set_ylabel("accuracy, % (95 %)" if labeled else "same label as Keras, % (95 %)")
    axes.set_xlim(left=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=8)


def _charts(report: Report) -> list[tuple[str, Chart, list[Row]]]:
    """Return the charts that the report has figures for: title, chart, rows."""
    timed = [row for row in report.rows if row.windows]
    curved = [row for row in report.rows if row.curve]
    scored = [row for row in report.rows if row.quality and row.file_bytes]
    found: list[tuple[str, Chart, list[Row]]] = [
        (f"Time of an answer, {report.settings['tokens']} tokens", _latency, timed),
        ("Time by length", _curve, curved),
        ("Size and accuracy", _size_accuracy, scored),
    ]
    return [one for one in found if one[2]]


def _height(rows: Sequence[Row], chart: Chart) -> float:
    per_row = 0.36 if chart is _latency else 0.11
    return (0.9 if chart is _latency else 2.9) + per_row * len(rows)


def svg_charts(report: Report) -> list[tuple[str, str]]:
    """Return the titles and SVG texts of a report's charts, for a page that has --ink and --grid.

    An empty list where nothing was measured.
    """
    found = []
    for title, chart, rows in _charts(report):
        with mpl.rc_context({**_STYLE, **_ink(_INK, _GRID)}):
            figure = Figure(figsize=(_WIDTH, _height(rows, chart)), layout="constrained")
            _draw(figure.subplots(), chart, rows)
            target = io.BytesIO()
            FigureCanvasSVG(figure)
            figure.savefig(target, format="svg", metadata={"Date": None})
        text = target.getvalue().decode()
        text = text[text.index("<svg") :].replace(_INK, "var(--ink)").replace(_GRID, "var(--grid)")
        # The page's width decides; the picture keeps its proportions by its view box.
        text = re.sub(r' (width|height)="[0-9.]+pt"', "", text, count=2)
        found.append((title, text))
    return found


def png_chart(report: Report) -> bytes:
    """Return a report's charts as one PNG, side by side."""
    charts = _charts(report)
    with mpl.rc_context({**_STYLE, **_ink("#222222", "#dddddd")}):
        height = max((_height(rows, chart) for _, chart, rows in charts), default=1.0)
        figure = Figure(figsize=(_WIDTH * max(len(charts), 1), height), layout="constrained")
        places = figure.subplots(1, max(len(charts), 1), squeeze=False)[0]
        for axes, (title, chart, rows) in zip(places, charts, strict=False):
            _draw(axes, chart, rows)
            axes.set_title(title)
        target = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(target, format="png", dpi=150)
    return target.getvalue()


def _draw(axes: Axes, chart: Chart, rows: Sequence[Row]) -> None:
    axes.grid(linewidth=0.5)
    chart(axes, rows)


def _ink(ink: str, grid: str) -> dict[Any, Any]:
    names = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    clear = {"figure.facecolor": "none", "axes.facecolor": "none"} if ink == _INK else {}
    return {**dict.fromkeys(names, ink), "grid.color": grid, **clear}
