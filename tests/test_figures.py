"""The figures of the README and the docs equal the output of the benchmarks."""

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


def test_the_chart_is_drawn_from_the_results():
    assert figures.CHART.read_text(encoding="utf-8") == figures.latency_chart()


def test_the_summary_has_the_chosen_rows_and_columns():
    names = [*figures._COLUMNS[:2], "speedup", *figures._COLUMNS[2:]]
    rows = [[name, "1", "drop", "2", "3", "4", "5"] for name in ("other", *figures.SUMMARY)]
    lines = ["title", ""] + ["| " + " | ".join(row) + " |" for row in (names, ["---"] * 7, *rows)]
    found = figures.summary(lines)
    assert found[0] == "| " + " | ".join(figures._COLUMNS) + " |"
    assert found[2:] == [f"| {name} | 1 | 2 | 3 | 4 | 5 |" for name in figures.SUMMARY]
    with pytest.raises(KeyError):
        figures.summary([line for line in lines if "PyTorch" not in line])
