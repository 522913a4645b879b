"""The figures of the README and the docs are those that the benchmarks printed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
spec = importlib.util.spec_from_file_location("figures", BENCHMARKS / "figures.py")
figures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(figures)


@pytest.mark.parametrize("page", figures.PAGES, ids=lambda page: page.name)
def test_no_figure_is_typed_by_hand(page):
    text = page.read_text(encoding="utf-8")
    assert "<!-- figures: " in text
    assert figures.rendered(text) == text


def test_each_result_is_shown():
    shown = "".join(page.read_text(encoding="utf-8") for page in figures.PAGES)
    names = {path.stem for path in figures.RESULTS.glob("*.json")}
    assert names <= set(re.findall(r"<!-- figures: ([\w-]+) -->", shown))


def test_the_first_tables_end_where_the_next_begins():
    lines = ["a", "", "| 1 |", "|---|", "| 2 |", "", "b", "| 3 |", "| 4 |"]
    assert figures.first_tables(lines, 1) == lines[:5]
    assert figures.first_tables(lines, 2) == lines
