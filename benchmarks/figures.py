"""Insert the results of `benchmarks/results` into the README and the docs, and draw the charts.

python benchmarks/figures.py

A result is the output of a command and the machine it ran on. It is inserted between the marks
`<!-- figures: NAME -->` and `<!-- /figures -->`. `<!-- figures: NAME first 2 -->` inserts its first
two tables, `<!-- figures: NAME summary -->` the rows and columns of `SUMMARY`, and
`<!-- figures: NAME rows C, Go -->` the rows of its first table that have these names.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = tuple(
    ROOT / page
    for page in (
        *("README.md", "docs/benchmarks.md", "docs/your-model.md"),
        *(f"docs/hosts/{host}.md" for host in ("csharp", "go", "java", "rust", "swift")),
    )
)
#: Rows and columns of the README's table, which are those of the chart, too.
SUMMARY = (
    "keras tf.function",
    "tf2onnx",
    "TFLite converter, tf_keras, int8",
    "PyTorch",
    "OpenVINO, default precision",
    "tflite-int8",
    "onnx-none",
    "native-int8",
)
_OWN = ("tflite-int8", "onnx-none", "native-int8")
_COLUMNS = ("variant", "file MB", "p50 ms", "p95 ms", "memory MB", "label agreement")
#: Colours of text, other bars and edgernn's bars, for each theme of a page.
_THEMES = {
    "light": ("#1d2126", "#a2abb6", "#1f9d63"),
    "dark": ("#e7eaee", "#5c6670", "#35c281"),
}
#: The picture of the README chooses the chart of the reader's theme.
CHARTS = {theme: ROOT / "docs" / "images" / f"latency-{theme}.svg" for theme in _THEMES}
_PART = re.compile(
    r"(<!-- figures: (?P<name>[\w-]+)"
    r"(?: first (?P<first>\d+)| (?P<summary>summary)| rows (?P<rows>[^\n]+?))? -->\n)"
    r".*?(?P<end><!-- /figures -->)",
    re.DOTALL,
)


def rendered(text: str) -> str:
    """Return a page with each marked region replaced by its result, if there is one."""
    return _PART.sub(_with_figures, text)


def _with_figures(part: re.Match[str]) -> str:
    if not (RESULTS / f"{part['name']}.json").is_file():
        return part[0]
    result = _read(part["name"])
    lines = result["printed"]
    if part["first"]:
        lines = first_tables(lines, int(part["first"]))
    elif part["summary"]:
        lines = summary(lines)
    elif part["rows"]:
        lines = chosen_rows(lines, part["rows"].split(", "))
    return part[1] + _figures(result, lines, has_packages=not part["rows"]) + part["end"]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _figures(result: dict[str, Any], lines: list[str], *, has_packages: bool) -> str:
    machine = result["environment"]
    where = f"{machine['processor']}, {machine['cores']} cores"
    if has_packages:
        where += "; " + ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    return "\n".join([f"`{result['command']}`", "", *lines, "", f"*{where}*", ""])


def first_tables(lines: list[str], count: int) -> list[str]:
    """Return the lines up to the end of a page's `count`-th table."""
    ends = [
        i
        for i, (line, after) in enumerate(zip(lines, [*lines[1:], ""], strict=True), 1)
        if line.startswith("|") and not after.startswith("|")
    ]
    return lines[: ends[count - 1]]


def chosen_rows(lines: list[str], names: list[str]) -> list[str]:
    """Return the rows of the first table with these names, below its head.

    Raises:
        KeyError: the table has no such row.
    """
    head, marks, *rows = [line for line in first_tables(lines, 1) if line.startswith("|")]
    by_name = {_cells(row)[0]: row for row in rows}
    return [head, marks, *(by_name[name] for name in names)]


def summary(lines: list[str]) -> list[str]:
    """Return the rows of `SUMMARY` of the first table, without the other columns.

    Raises:
        KeyError, ValueError: the table has no such row or column.
    """
    head, _, *rows = [_cells(line) for line in first_tables(lines, 1) if line.startswith("|")]
    by_name = {row[0]: row for row in rows}
    places = [head.index(column) for column in _COLUMNS]
    chosen = [[by_name[name][place] for place in places] for name in SUMMARY]
    marks = ["---", *["---:"] * (len(places) - 1)]
    return [f"| {' | '.join(row)} |" for row in ([*_COLUMNS], marks, *chosen)]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def latency_chart(theme: str) -> str:
    """Return an SVG of the p50 latencies of `SUMMARY`, for a light or dark page."""
    ink, other, own = _THEMES[theme]
    _, _, *rows = [_cells(line) for line in summary(_read("peers")["printed"])]
    times = [float(row[2]) for row in rows]
    bars = []
    for i, (name, value) in enumerate(zip(SUMMARY, times, strict=True)):
        y, width = 34 + 26 * i, 440 * value / max(times)
        colour = own if name in _OWN else other
        bars += [
            f'<text x="232" y="{y + 13}" text-anchor="end">{name}</text>',
            f'<rect x="240" y="{y}" width="{width:.1f}" height="18" rx="2" fill="{colour}"/>',
            f'<text x="{246 + width:.1f}" y="{y + 13}">{value:g}</text>',
        ]
    height = 34 + 26 * len(rows)
    title = "Latency p50 of one text of 200 tokens in ms, one thread (green: edgernn)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 {height}" role="img">',
            f"<title>{title}</title>",
            f"<style>text {{ font: 13px system-ui, sans-serif; fill: {ink} }}</style>",
            f'<text x="8" y="18">{title}</text>',
            *bars,
            "</svg>\n",
        ]
    )


def main() -> None:
    """Rewrite the pages and the charts."""
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8")), encoding="utf-8")
    for theme, path in CHARTS.items():
        path.write_text(latency_chart(theme), encoding="utf-8")


if __name__ == "__main__":
    main()
