"""Evaluations: calibration, accuracy by length, mistakes."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.evaluation import evaluate_predictions
from edgernn.evaluation_tables import evaluation_tables
from tests.edgernn.conftest import reviews, run, write_table

LABELS = ("a", "b")


def outputs(probability_of_b):
    return np.array([[1 - p, p] for p in probability_of_b], dtype=np.float32)


def test_the_calibration_error_of_known_outputs():
    # Ten outputs of 0.9, six right: 0.3 too high. Ten of 0.6, all right: 0.4 too low.
    probabilities = outputs([0.9] * 10 + [0.6] * 10)
    truth = [1] * 6 + [0] * 4 + [1] * 10
    found = evaluate_predictions(["word"] * 20, truth, probabilities, LABELS)
    assert found.calibration_error == pytest.approx(0.35, abs=1e-6)
    assert [(part.texts, part.accuracy) for part in found.calibration] == [(10, 1.0), (10, 0.6)]


def test_the_most_confident_mistakes_come_first():
    probabilities = outputs([0.9, 0.2, 0.99, 0.4, 0.8])
    found = evaluate_predictions(
        [f"text {i}" for i in range(5)], [0, 1, 0, 0, 1], probabilities, LABELS
    )
    assert [(m.text, m.label, m.predicted) for m in found.mistakes] == [
        ("text 2", "a", "b"),
        ("text 0", "a", "b"),
        ("text 1", "b", "a"),
    ]


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.floats(0, 1)), min_size=1))
def test_every_text_is_in_one_bin_of_each_kind(rows):
    texts = [" ".join(["w"] * words) for words, _, _ in rows]
    truth = [int(label) for _, label, _ in rows]
    found = evaluate_predictions(texts, truth, outputs([p for _, _, p in rows]), LABELS)
    assert sum(part.texts for part in found.lengths) == len(rows)
    assert sum(part.texts for part in found.calibration) == len(rows)
    assert 0 <= found.calibration_error <= 1
    right = sum(part.accuracy * part.texts for part in found.lengths)
    assert right == pytest.approx(found.scores.accuracy * len(rows))
    assert len(found.lengths) <= 4
    for shorter, longer in itertools.pairwise(found.lengths):
        assert shorter.low <= shorter.high < longer.low <= longer.high


def test_texts_of_one_length_are_in_one_bin():
    lengths = [3] * 2 + [4] * 3 + [5] * 9 + [6] * 6
    texts = [" ".join(["w"] * words) for words in lengths]
    found = evaluate_predictions(texts, [1] * 20, outputs([0.9] * 20), LABELS)
    assert [(b.low, b.high, b.texts) for b in found.lengths] == [(3, 4, 5), (5, 5, 9), (6, 6, 6)]
    tables = evaluation_tables("title", found, None)
    assert [row[0] for row in tables[2].rows] == ["3 to 4", "5", "6"]


def test_a_folder_and_a_bundle_are_evaluated_alike(trained, tmp_path, capsys):
    table = write_table(tmp_path / "test.csv", reviews(80, 7))
    found = []
    for path in (trained, trained / "onnx-none.edgernn"):
        picture = tmp_path / "plot.png"
        options = ("--data", table, "--plot", picture, "--json")
        assert run("evaluate", path, *options) == 0
        found.append(json.loads(capsys.readouterr().out))
        assert picture.read_bytes().startswith(b"\x89PNG")
        picture.unlink()
    folder, bundle = found
    assert folder["confusion"] == bundle["confusion"]
    assert folder["lengths"] == bundle["lengths"]
    assert folder["calibration_error"] == pytest.approx(bundle["calibration_error"], abs=1e-5)
    assert run("evaluate", trained / "onnx-none.edgernn", "--data", table) == 0
    out = capsys.readouterr().out
    for title in ("Accuracy by text length", "Calibration", "Confusion matrix"):
        assert title in out
    assert "expected calibration error" in out


def test_a_bundle_alone_has_no_texts_to_evaluate_on(trained, tmp_path, capsys):
    run("export", trained, "--format", "native", "--out", tmp_path / "alone.edgernn")
    capsys.readouterr()
    assert run("evaluate", tmp_path / "alone.edgernn") == 2
    error = capsys.readouterr().err
    assert "there are no texts to evaluate on" in error
    assert "pass labeled texts: --data FILE" in error
    assert run("evaluate", tmp_path / "none.edgernn") == 2
    assert "nothing at this path" in capsys.readouterr().err
