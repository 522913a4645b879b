"""A report as one self-contained page of HTML, without scripts."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from edgernn.benchmarking.charts import svg_charts
from edgernn.benchmarking.records import BenchmarkReport
from edgernn.benchmarking.tables import tables
from edgernn.console import Table

_TITLE = "edgernn bench"


def page(report: BenchmarkReport) -> str:
    """Return the page; it follows the light or dark theme and is readable on a phone."""
    template = Template(
        files("edgernn.benchmarking").joinpath("page.html").read_text(encoding="utf-8")
    )
    machine, settings = report.environment, report.settings
    packages = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    subtitle = (
        f"One text of {settings['tokens']} tokens at a time, {settings['threads']} thread(s). "
        f"{machine['processor']}, {machine['cores']} cores. {packages}."
    )
    marks = ["Partial: interrupted before everything was measured."] if report.partial else []
    marks += [f"Missed: {gate}" for gate in report.missed]
    charts = [
        f"<section><h2>{escape(title)}</h2>{svg}</section>" for title, svg in svg_charts(report)
    ]
    return template.substitute(
        title=_TITLE,
        subtitle=escape(subtitle),
        marks="\n".join(f'<p class="mark">{escape(mark)}</p>' for mark in marks),
        charts="\n".join(charts),
        tables="\n".join(map(_table, tables(report))),
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    ]
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f'<section><h2>{escape(table.title)}</h2><div class="wide"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{notes}</section>"
    )
