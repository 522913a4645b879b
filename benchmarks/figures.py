"""Puts the figures of `benchmarks/results` into the README and the docs.

python benchmarks/figures.py

A result is what a command printed, with the machine it ran on. Between the marks
`<!-- figures: NAME -->` and `<!-- /figures -->` stands what was printed, and nothing typed by hand;
`<!-- figures: NAME first 2 -->` stands for its first two tables.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "benchmarks.md")
_PART = re.compile(
    r"(<!-- figures: (?P<name>[\w-]+)(?: first (?P<first>\d+))? -->\n).*?(<!-- /figures -->)",
    re.DOTALL,
)


def rendered(text: str) -> str:
    """Return a page with each of its parts replaced by its result, where there is one."""
    return _PART.sub(_with_figures, text)


def _with_figures(part: re.Match[str]) -> str:
    path = RESULTS / f"{part['name']}.json"
    tables = int(part["first"]) if part["first"] else None
    return part[1] + _figures(path, tables) + part[4] if path.is_file() else part[0]


def _figures(path: Path, tables: int | None) -> str:
    result = json.loads(path.read_text(encoding="utf-8"))
    machine = result["environment"]
    packages = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    where = f"{machine['processor']}, {machine['cores']} cores; {packages}"
    printed = result["printed"] if tables is None else first_tables(result["printed"], tables)
    lines = [f"`{result['command']}`", "", *printed, "", f"*{where}*", ""]
    return "\n".join(lines)


def first_tables(lines: list[str], count: int) -> list[str]:
    """Return the lines up to the end of a page's `count`-th table."""
    ends = [
        i
        for i, (line, after) in enumerate(zip(lines, [*lines[1:], ""], strict=True), 1)
        if line.startswith("|") and not after.startswith("|")
    ]
    return lines[: ends[count - 1]]


def main() -> None:
    """Rewrite the pages."""
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
