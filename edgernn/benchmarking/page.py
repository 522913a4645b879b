"""A report as one self-contained page of HTML, without scripts."""

from __future__ import annotations

from edgernn.benchmarking.charts import svg_charts
from edgernn.benchmarking.records import BenchmarkReport
from edgernn.benchmarking.tables import tables
from edgernn.html_page import render_page, render_table

_TITLE = "edgernn bench"


def page(report: BenchmarkReport) -> str:
    """Return the page; it follows the light or dark theme and is readable on a phone."""
    machine, settings = report.environment, report.settings
    packages = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    subtitle = (
        f"One text of {settings['tokens']} tokens at a time, {settings['threads']} thread(s). "
        f"{machine['processor']}, {machine['cores']} cores. {packages}."
    )
    marks = ["Partial: interrupted before everything was measured."] if report.partial else []
    marks += [f"Missed: {gate}" for gate in report.missed]
    return render_page(
        _TITLE, subtitle, marks, svg_charts(report), list(map(render_table, tables(report)))
    )
