"""Puts the figures of `benchmarks/results` into the README and the docs.

python benchmarks/figures.py

A result is what a command printed, with the machine it ran on. Between the marks
`<!-- figures: NAME -->` and `<!-- /figures -->` stands what was printed, and nothing typed by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (ROOT / "README.md", ROOT / "docs" / "benchmarks.md")
_PART = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def rendered(text: str) -> str:
    """Return a page with each of its parts replaced by its result, where there is one."""
    return _PART.sub(_with_figures, text)


def _with_figures(part: re.Match[str]) -> str:
    path = RESULTS / f"{part[2]}.json"
    return part[1] + _figures(path) + part[3] if path.is_file() else part[0]


def _figures(path: Path) -> str:
    result = json.loads(path.read_text(encoding="utf-8"))
    machine = result["environment"]
    packages = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    where = f"{machine['processor']}, {machine['cores']} cores; {packages}"
    lines = [f"`{result['command']}`", "", *result["printed"], "", f"*{where}*", ""]
    return "\n".join(lines)


def main() -> None:
    """Rewrite the pages."""
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
