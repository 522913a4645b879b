"""What an evaluation tells beyond the scores."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.evaluation import evaluation
from tests.edgernn.conftest import reviews, run, write_table

LABELS = ("a", "b")


def answers(probability_of_b):
    return np.array([[1 - p, p] for p in probability_of_b], dtype=np.float32)


def test_the_calibration_error_of_known_answers():
    # Ten answers of 0.9, of which six are right: 0.3 too sure; ten of 0.6, all right: 0.4 too shy.
    probabilities = answers([0.9] * 10 + [0.6] * 10)
    truth = [1] * 6 + [0] * 4 + [1] * 10
    found = evaluation(["word"] * 20, truth, probabilities, LABELS)
    assert found.calibration_error == pytest.approx(0.35, abs=1e-6)
    assert [(part.texts, part.accuracy) for part in found.calibration] == [(10, 1.0), (10, 0.6)]


def test_the_surest_mistakes_come_first():
    probabilities = answers([0.9, 0.2, 0.99, 0.4, 0.8])
    found = evaluation([f"text {i}" for i in range(5)], [0, 1, 0, 0, 1], probabilities, LABELS)
    assert [(m.text, m.label, m.given) for m in found.mistakes] == [
        ("text 2", "a", "b"),
        ("text 0", "a", "b"),
        ("text 1", "b", "a"),
    ]


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.floats(0, 1)), min_size=1))
def test_every_text_is_in_one_part_and_one_bin(rows):
    texts = [" ".join(["w"] * words) for words, _, _ in rows]
    truth = [int(label) for _, label, _ in rows]
    found = evaluation(texts, truth, answers([p for _, _, p in rows]), LABELS)
    assert sum(part.texts for part in found.lengths) == len(rows)
    assert sum(part.texts for part in found.calibration) == len(rows)
    assert 0 <= found.calibration_error <= 1
    right = sum(part.accuracy * part.texts for part in found.lengths)
    assert right == pytest.approx(found.scores.accuracy * len(rows))
    highs = [part.high for part in found.lengths]
    assert highs == sorted(highs)


def test_a_folder_and_a_bundle_are_told_alike(trained, tmp_path, capsys):
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
    for title in ("By the length of the text", "How sure, and how often right"):
        assert title in out
    assert "expected calibration error" in out
