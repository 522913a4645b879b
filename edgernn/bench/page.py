"""A report as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from edgernn.bench.charts import svg_charts
from edgernn.bench.records import Report
from edgernn.bench.tables import tables
from edgernn.console import Table

_TITLE = "edgernn bench"


def page(report: Report) -> str:
    """Return the page: light and dark as the reader's system is, readable on a phone."""
    template = Template(files("edgernn.bench").joinpath("page.html").read_text(encoding="utf-8"))
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
