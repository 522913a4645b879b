"""Charts of a report: latency, latency by length, accuracy by size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from edgernn.benchmarking.records import BenchmarkReport, VariantResult
from edgernn.plotting import render_png, render_svg

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

Chart = Callable[[Axes, Sequence[VariantResult]], None]


def _family(result: VariantResult) -> str:
    return next((name for name in _COLOURS if result.variant.startswith(name)), "other")


def _look(results: Sequence[VariantResult]) -> dict[str, tuple[str, str]]:
    """Return the colour and the marker of each variant; a family has one colour."""
    seen: dict[str, int] = {}
    looks = {}
    for result in results:
        family = _family(result)
        looks[result.variant] = _COLOURS[family], _MARKERS[seen.get(family, 0) % len(_MARKERS)]
        seen[family] = seen.get(family, 0) + 1
    return looks


def _latency(axes: Axes, results: Sequence[VariantResult]) -> None:
    looks = _look(results)
    for place, result in enumerate(reversed(results)):
        samples = np.concatenate([window.total_ms for window in result.windows])
        low, p5, p50, p95, p99 = np.quantile(samples, (0, 0.05, 0.5, 0.95, 0.99))
        colour, _ = looks[result.variant]
        axes.plot([low, p99], [place, place], color=colour, linewidth=1)
        axes.plot([p5, p95], [place, place], color=colour, linewidth=6, alpha=0.45)
        axes.plot([p50], [place], marker="o", color=colour, markersize=5)
        label = f"{p50:.3g}"
        axes.annotate(label, (p50, place), (0, 6), textcoords="offset points", ha="center")
    axes.set_yticks(range(len(results)), [result.variant for result in reversed(results)])
    axes.set_ylim(-0.6, len(results) - 0.2)
    if len(results) > 1:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.set_xlabel("latency in ms: p50, p5 to p95, min to p99")


def _curve(axes: Axes, results: Sequence[VariantResult]) -> None:
    looks = _look(results)
    for result in results:
        colour, marker = looks[result.variant]
        lengths, times = zip(*((point.tokens, point.p50) for point in result.curve), strict=True)
        axes.plot(
            lengths,
            times,
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1,
            label=result.variant,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("tokens")
    axes.set_ylabel("latency p50, ms")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=8)


def _size_accuracy(axes: Axes, results: Sequence[VariantResult]) -> None:
    looks = _look(results)
    for result in results:
        assert result.quality is not None
        assert result.file_bytes is not None
        colour, marker = looks[result.variant]
        q, size = result.quality, result.file_bytes / 1e6
        value, bounds = (
            (q.label_agreement, q.label_agreement_95)
            if q.accuracy is None
            else (q.accuracy, q.accuracy_95)
        )
        assert bounds is not None
        axes.plot([size, size], [100 * x for x in bounds], color=colour, linewidth=0.8, alpha=0.5)
        axes.plot(
            [size], [100 * value], color=colour, marker=marker, linestyle="", label=result.variant
        )
    labeled = all(result.quality and result.quality.accuracy is not None for result in results)
    axes.set_xlabel("file MB")
    axes.set_ylabel("accuracy, % (95 %)" if labeled else "label agreement, % (95 %)")
    axes.set_xlim(left=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=8)


def _charts(report: BenchmarkReport) -> list[tuple[str, Chart, list[VariantResult]]]:
    """Return the charts that the report has figures for: title, chart, results."""
    timed = [result for result in report.results if result.windows]
    curved = [result for result in report.results if result.curve]
    scored = [result for result in report.results if result.quality and result.file_bytes]
    charts: list[tuple[str, Chart, list[VariantResult]]] = [
        (f"Latency, {report.settings['tokens']} tokens", _latency, timed),
        ("Latency by length", _curve, curved),
        ("Size and accuracy", _size_accuracy, scored),
    ]
    return [chart for chart in charts if chart[2]]


def _height(results: Sequence[VariantResult], chart: Chart) -> float:
    per_result = 0.36 if chart is _latency else 0.11
    return (0.9 if chart is _latency else 2.9) + per_result * len(results)


def svg_charts(report: BenchmarkReport) -> list[tuple[str, str]]:
    """Return the titles and SVG texts of a report's charts; empty if nothing was measured.

    The page must define the CSS variables --ink and --grid.
    """
    return [
        (title, render_svg(partial(_draw, charts=[("", chart, results)]), _WIDTH, height))
        for title, chart, results in _charts(report)
        for height in [_height(results, chart)]
    ]


def png_chart(report: BenchmarkReport) -> bytes:
    """Return a report's charts as one PNG, side by side."""
    charts = _charts(report)
    height = max((_height(results, chart) for _, chart, results in charts), default=1.0)
    return render_png(partial(_draw, charts=charts), _WIDTH * max(len(charts), 1), height)


def _draw(figure: Figure, charts: Sequence[tuple[str, Chart, list[VariantResult]]]) -> None:
    """Draw charts side by side; a title may be empty."""
    places = figure.subplots(1, max(len(charts), 1), squeeze=False)[0]
    for axes, (title, chart, results) in zip(places, charts, strict=False):
        axes.grid(visible=True)
        chart(axes, results)
        axes.set_title(title)
