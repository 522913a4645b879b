"""The figures of the README and the docs equal the output of the benchmarks."""

from __future__ import annotations

import importlib.util
import json
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


def test_chosen_rows_have_the_head_of_their_table():
    lines = ["", "| host | ms |", "|---|---:|", "| C | 1 |", "| Go | 2 |", "| C# | 3 |", "", "b"]
    assert figures.chosen_rows(lines, ["C", "C#"]) == [*lines[1:4], lines[5]]
    with pytest.raises(KeyError, match="Rust"):
        figures.chosen_rows(lines, ["C", "Rust"])


@pytest.mark.parametrize("theme", figures.CHARTS)
def test_the_chart_is_drawn_from_the_results(theme):
    drawn = figures.latency_chart(theme)
    assert figures.CHARTS[theme].read_text(encoding="utf-8") == drawn
    result = json.loads((figures.RESULTS / "peers.json").read_text(encoding="utf-8"))
    rows = [figures._cells(line) for line in figures.summary(result["printed"])[2:]]
    shown = re.findall(r">([^<>]+)</text>", drawn)[1:]
    assert dict(zip(shown[::2], map(float, shown[1::2]), strict=True)) == {
        row[0]: pytest.approx(float(row[2])) for row in rows
    }
    assert drawn.count("<rect ") == len(rows)


def test_the_readme_shows_the_charts_of_both_themes():
    text = (figures.ROOT / "README.md").read_text(encoding="utf-8")
    for path in figures.CHARTS.values():
        assert f'"{path.relative_to(figures.ROOT).as_posix()}"' in text


def test_the_summary_has_the_chosen_rows_and_columns():
    names = [*figures._COLUMNS[:2], "speedup", *figures._COLUMNS[2:]]
    rows = [[name, "1", "drop", "2", "3", "4", "5"] for name in ("other", *figures.SUMMARY)]
    lines = ["title", ""] + ["| " + " | ".join(row) + " |" for row in (names, ["---"] * 7, *rows)]
    found = figures.summary(lines)
    assert found[0] == "| " + " | ".join(figures._COLUMNS) + " |"
    assert found[2:] == [f"| {name} | 1 | 2 | 3 | 4 | 5 |" for name in figures.SUMMARY]
    with pytest.raises(KeyError):
        figures.summary([line for line in lines if "PyTorch" not in line])
