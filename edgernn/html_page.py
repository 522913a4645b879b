"""A self-contained page of HTML, without scripts; it follows the light or dark theme."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from edgernn.console import Table


def render_page(
    title: str,
    subtitle: str,
    marks: Sequence[str] = (),
    charts: Sequence[tuple[str, str]] = (),
    sections: Sequence[str] = (),
) -> str:
    """Return the page, which is readable on a phone.

    Args:
        title: the title.
        subtitle: the text below the title.
        marks: sentences that stand out.
        charts: the title and the SVG of each chart.
        sections: HTML below the charts.
    """
    template = Template(files("edgernn").joinpath("page.html").read_text(encoding="utf-8"))
    drawn = [f"<section><h2>{escape(name)}</h2>{svg}</section>" for name, svg in charts]
    return template.substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        marks="\n".join(f'<p class="mark">{escape(mark)}</p>' for mark in marks),
        charts="\n".join(drawn),
        tables="\n".join(sections),
    )


def render_table(table: Table) -> str:
    """Return a section with a table."""
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    ]
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return (
        f'<section><h2>{escape(table.title)}</h2><div class="wide"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{notes}</section>"
    )
