"""Model statistics in bundles: those of this version, and the census of the first."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.edgernn.conftest import run

FIXTURES = Path(__file__).parents[1] / "runtime" / "fixtures"


@pytest.mark.parametrize("version", ["this", "first"])
def test_inspect_reads_the_statistics(bundles, version, capsys):
    path = bundles["native", "none"] if version == "this" else FIXTURES / "bundle-1-native.edgernn"
    with zipfile.ZipFile(path) as archive:
        figures = json.loads(archive.read("manifest.json"))["figures"]
    key, other = ("model_stats", "census") if version == "this" else ("census", "model_stats")
    assert other not in figures
    assert run("inspect", path) == 0
    shown = capsys.readouterr().out
    # Without the statistics, the table has one row for the whole model.
    for part, size in figures[key]["parts"].items():
        assert part in shown
        assert f"{size:,}" in shown
