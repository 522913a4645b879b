"""Labels in another order than the outputs are noticed; a poor model or few texts are no reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgernn_export import RECIPES, Examples, Options, export
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.label_order import check_label_order, find_order
from edgernn_export.recipes import Gate
from tests.builders import centre
from tests.conftest import make_model, make_texts

TEXTS = tuple(make_texts(120, seed=7))
TRUE = ("electric", "garden", "plumbing")
WRONG = ("plumbing", "garden", "electric")


@pytest.fixture(scope="module")
def source():
    return read_source(make_model(outputs=3, activation="softmax"), TRUE)


def outputs_for(classes, count):
    return np.eye(count, dtype=np.float32)[classes]


def warnings_of(source, labels, classes, truth):
    task = replace(source.task, labels=labels)
    examples = Examples(TEXTS[: len(truth)], tuple(map(int, truth)), "file")
    return check_label_order(task, outputs_for(classes, len(labels)), examples)


def test_an_export_with_labels_in_another_order_warns_of_the_order_that_fits(tmp_path):
    model = make_model(outputs=3, activation="softmax", bidirectional=False)
    centre(model, TEXTS)
    model.save(tmp_path / "model.keras")
    outputs = keras_outputs(read_source(load_keras(tmp_path / "model.keras")), TEXTS)
    names = [TRUE[i] for i in outputs.argmax(axis=1)]
    assert set(names) == set(TRUE)
    for labels, is_wrong in ((WRONG, True), (TRUE, False)):
        examples = Examples(TEXTS, tuple(labels.index(name) for name in names), "file")
        options = Options("native", labels=labels, allow_drop=True, overwrite=True)
        done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, examples)
        found = [one for one in done.warnings if "order of --labels may be wrong" in one]
        assert len(found) == is_wrong
        assert not found or found[0].endswith("100.0% with --labels electric,garden,plumbing")


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0), (0, 2, 1)])
def test_any_wrong_order_is_noticed_though_a_tenth_of_the_texts_are_wrong(source, order):
    draw = np.random.default_rng(1)
    classes = draw.integers(3, size=120)
    names = np.where(draw.random(120) < 0.1, draw.integers(3, size=120), classes)
    labels = tuple(TRUE[i] for i in order)
    truth = [labels.index(TRUE[i]) for i in names]
    (warning,) = warnings_of(source, labels, classes, truth)
    assert warning.endswith("with --labels electric,garden,plumbing")
    assert warnings_of(source, TRUE, classes, names) == ()


def test_a_poor_model_or_few_texts_prove_no_order(source):
    draw = np.random.default_rng(2)
    truth, names = draw.integers(40, size=120), tuple(map(str, range(40)))
    # Some order of forty labels fits any texts better than the given one.
    assert warnings_of(source, names, draw.integers(40, size=120), truth) == ()
    # A model that predicts one label alone.
    assert warnings_of(source, TRUE, np.zeros(120, int), draw.choice([1, 1, 1, 2], 120)) == ()
    assert warnings_of(source, TRUE, np.array([0, 1, 2] * 6), [2, 1, 0] * 6) == ()
    assert warnings_of(source, TRUE, np.array([0, 1, 2] * 7), [2, 1, 0] * 7) != ()


def test_what_is_assumed_of_the_output_is_warned_of(tmp_path):
    def assumed(model, labels=None):
        options = Options("native", labels=labels, allow_drop=True, overwrite=True)
        done = export(model, tmp_path / "x.edgernn", options)
        named = [one for one in done.warnings if "no --labels" in one]
        linear = [one for one in done.warnings if "taken as a logit" in one]
        return named, linear

    named, linear = assumed(make_model(outputs=3, activation="softmax", bidirectional=False))
    assert "the classes are named 0, 1, 2;" in named[0]
    assert linear == []
    named, linear = assumed(make_model(activation="linear", bidirectional=False), ("no", "yes"))
    assert named == []
    assert "its sigmoid is the probability of yes" in linear[0]


def test_a_gate_missed_on_drawn_texts_names_the_next_step(tmp_path, monkeypatch):
    strict = replace(RECIPES["int8"], gate=Gate(max_change=1e-9))
    monkeypatch.setitem(RECIPES, "int8", strict)
    model = make_model(bidirectional=False)
    for examples, is_drawn in ((None, True), (Examples(TEXTS, None, "file"), False)):
        options = Options("native", "int8", allow_drop=True, overwrite=True)
        done = export(model, tmp_path / "x.edgernn", options, examples)
        missed = [one for one in done.warnings if one.startswith("gate missed")]
        assert missed
        assert all(one.endswith("; give real texts with --texts") == is_drawn for one in missed)


def test_labels_that_no_text_has_keep_their_places():
    pairs = np.zeros((4, 4), dtype=np.intp)
    pairs[0, 1] = pairs[1, 0] = 5
    assert find_order(pairs).tolist() == [1, 0, 2, 3]
