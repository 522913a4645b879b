"""The pages of a training and of explained predictions."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn.explanation_page import hidden_states
from edgernn_runtime import load
from tests.edgernn.conftest import Page, run


@pytest.fixture(scope="module")
def native(trained, tmp_path_factory):
    """A native bundle of the model."""
    out = tmp_path_factory.mktemp("native") / "model.edgernn"
    assert run("export", trained, "--format", "native", "--quantize", "none", "--out", out) == 0
    return out


def test_the_report_of_a_training_is_self_contained(trained):
    text = (trained / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "script" not in page.tags
    assert not [one for one in page.addresses if not one.startswith(("#", "data:"))]
    for title in ("Learning curves", "Lengths of the training texts", "Labels", "Confusion matrix"):
        assert title in text


def test_the_page_of_explanations_escapes_texts_and_draws_states(native, tmp_path, capsys):
    page = tmp_path / "page.html"
    texts = ("a good <b>film</b>", "bad plot")
    assert run("predict", native, *texts, "--explain", "--html", page) == 0
    capsys.readouterr()
    text = page.read_text(encoding="utf-8")
    assert "a good &lt;b&gt;film" in text
    assert text.count("hidden states") == 2
    assert "script" not in Page(text).tags
    assert run("predict", native, *texts, "--html", page) == 2
    assert "--html needs --explain" in capsys.readouterr().err


def test_hidden_states_are_those_of_the_network(native, trained):
    with load(native) as classifier:
        states = hidden_states(classifier, "a good film")
        _, ids = classifier.tokens("a good film")
        assert states.shape[0] == len(ids) == 3
        assert np.abs(states).max() <= 1
    with load(trained / "tflite-int8.edgernn") as classifier:
        assert hidden_states(classifier, "a good film") is None
