"""Renders a drawing as PNG, or as SVG in the colours of the page around it."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

#: Draws on an empty figure.
Drawing = Callable[[Figure], None]

#: Placeholders for the ink and grid colours of the page.
_INK, _GRID = "#010101", "#020202"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "edgernn",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
}
_CLEAR: dict[Any, Any] = {"figure.facecolor": "none", "axes.facecolor": "none"}


def render_png(draw: Drawing, width: float, height: float) -> bytes:
    """Return a PNG with a white background; the sizes are in inches."""
    return _render(draw, (width, height), _colours("#222222", "#dddddd"), format="png", dpi=150)


def render_svg(draw: Drawing, width: float, height: float) -> str:
    """Return an SVG element without a size, to be placed in a page.

    The page must define the CSS variables --ink and --grid, so that one drawing fits a light and
    a dark page.

    Args:
        draw: draws on the figure.
        width: the width in inches; the page scales it.
        height: the height in inches.
    """
    style = {**_colours(_INK, _GRID), **_CLEAR}
    text = _render(draw, (width, height), style, format="svg", metadata={"Date": None}).decode()
    text = text[text.index("<svg") :].replace(_INK, "var(--ink)").replace(_GRID, "var(--grid)")
    # The page sets the width, the view box keeps the proportions.
    return re.sub(r' (width|height)="[0-9.]+pt"', "", text, count=2)


def _render(
    draw: Drawing, size: tuple[float, float], style: Mapping[Any, Any], **options: Any
) -> bytes:
    target = io.BytesIO()
    with mpl.rc_context({**_STYLE, **style}), warnings.catch_warnings():
        # A character that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(target, **options)
    return target.getvalue()


def _colours(ink: str, grid: str) -> dict[Any, Any]:
    names = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    return {**dict.fromkeys(names, ink), "grid.color": grid}
