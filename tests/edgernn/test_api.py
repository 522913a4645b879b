"""The Python API: its examples run, and it does what the commands do."""

from __future__ import annotations

import doctest
import json
import shutil
from pathlib import Path

import pytest

import edgernn
from tests.edgernn.conftest import reviews, run, write_table

SAMPLE = Path(__file__).parents[2] / "examples" / "sentiment" / "sentiment.edgernn"
EXAMPLES = {
    test.name: test
    for test in doctest.DocTestFinder(recurse=False).find(edgernn.train, "train")
    + doctest.DocTestFinder(recurse=False).find(edgernn.evaluate, "evaluate")
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_each_function_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE, tmp_path / "sentiment.edgernn")
    test = EXAMPLES[name]
    test.globs = {"edgernn": edgernn}
    found = doctest.DocTestRunner().run(test)
    assert found.attempted >= 3
    assert not found.failed


def test_a_training_gives_what_the_command_prints(tmp_path, capfd):
    table = write_table(tmp_path / "reviews.csv", reviews(80, 1))
    heard = []
    result = edgernn.train(table, tmp_path / "api", preset="bag", note=heard.append)
    assert (
        run("train", "--data", table, "--preset", "bag", "--out", tmp_path / "cli", "--json") == 0
    )
    printed = json.loads(capfd.readouterr().out)
    assert printed == json.loads(json.dumps(result.metrics))
    assert result.deployed == "bag"
    assert any("training texts" in sentence for sentence in heard)
    assert any("validation texts: scores on so few" in warning for warning in result.warnings)
    found = edgernn.evaluate(tmp_path / "api")
    assert found.evaluation.scores == result.scores


def test_an_unknown_preset_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(edgernn.UsageError, match="did you mean small"):
        edgernn.train("reviews", tmp_path / "m", preset="smal")


def test_a_misspelt_command_is_refused_with_the_nearest(capfd):
    assert run("trian") == 2
    assert "Did you mean 'train'?" in capfd.readouterr().err
    assert run("xyzzy") == 2
    assert "Did you mean" not in capfd.readouterr().err
