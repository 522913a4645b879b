"""The Python API: the examples run, and the functions give the results of the commands."""

from __future__ import annotations

import doctest
import json
import re
import shutil
from pathlib import Path

import keras
import pytest

import edgernn
from edgernn_runtime import load
from tests.edgernn.conftest import reviews, run, write_table

SAMPLE = Path(__file__).parents[2] / "examples" / "sentiment" / "sentiment.edgernn"
EXAMPLES = {
    function.__name__: doctest.DocTestFinder(recurse=False).find(function)[0]
    for function in (edgernn.train, edgernn.evaluate, edgernn.export, edgernn.benchmark)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a small trained model, an export of it and the sample bundle."""
    home = tmp_path_factory.mktemp("api")
    texts, labels = zip(*reviews(120, 1), strict=True)
    edgernn.train(edgernn.Rows(texts, labels), home / "model", preset="bag")
    shutil.copy(SAMPLE, home / "sentiment.edgernn")
    return home


@pytest.mark.parametrize("name", ["export", "benchmark", "evaluate", "train"])
def test_the_example_of_each_function_runs(name, folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    if name == "benchmark":
        edgernn.export("model", format="native", quantize="int8")
    if name == "train":
        shutil.rmtree("model")
    test = EXAMPLES[name]
    test.globs = {"edgernn": edgernn}
    found = doctest.DocTestRunner().run(test)
    assert found.attempted >= 2
    assert not found.failed


def test_a_keras_model_in_memory_is_exported(folder, tmp_path):
    model = keras.models.load_model(folder / "model" / "model.keras")
    texts = edgernn.Rows(*zip(*reviews(60, 2), strict=True))
    out = tmp_path / "memory.edgernn"
    done = edgernn.export(model, out, format="onnx", labels=("neg", "pos"), texts=texts)
    file = edgernn.export(folder / "model", tmp_path / "file.edgernn", format="onnx", texts=texts)
    assert (done.path, done.comparison) == (out, file.comparison)
    with load(out) as classifier, load(file.path) as other:
        assert classifier.predict("a warm film") == other.predict("a warm film")
    with pytest.raises(edgernn.OptionError, match="in memory needs a path"):
        edgernn.export(model)


def test_the_keras_file_of_a_model_folder_keeps_its_labels(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    done = edgernn.export(tmp_path / "model" / "model.keras", format="native")
    assert done.path == tmp_path / "model" / "native-int8.edgernn"
    assert done.comparison.source == "model folder"
    with load(done.path) as classifier:
        assert classifier.labels == ("neg", "pos")


def test_a_training_gives_what_the_command_prints(tmp_path, capfd):
    table = write_table(tmp_path / "reviews.csv", reviews(80, 1))
    notes = []
    result = edgernn.train(table, tmp_path / "api", preset="bag", note=notes.append)
    assert (
        run("train", "--data", table, "--preset", "bag", "--out", tmp_path / "cli", "--json") == 0
    )
    printed = json.loads(capfd.readouterr().out)
    assert printed == json.loads(json.dumps(result.metrics))
    assert result.deployed == "bag"
    assert any("training texts" in sentence for sentence in notes)
    assert any(
        "validation texts: the scores are not reliable" in warning for warning in result.warnings
    )
    evaluated = edgernn.evaluate(tmp_path / "api")
    assert evaluated.evaluation.scores == result.scores


def test_an_unknown_preset_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(edgernn.OptionError, match="did you mean small"):
        edgernn.train("reviews", tmp_path / "m", preset="smal")


def test_a_misspelt_command_is_refused_with_the_nearest(capfd):
    assert run("trian") == 2
    assert "Did you mean 'train'?" in capfd.readouterr().err
    assert run("xyzzy") == 2
    assert "Did you mean" not in capfd.readouterr().err


def test_the_examples_of_the_page_run(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), {})
        for comment in re.findall(r"print\(.*\)  # (.*)", block):
            assert capsys.readouterr().out == comment + "\n"
