"""The weight of a token is the change of the probability without it."""

from __future__ import annotations

import pytest

from edgernn_export import Examples, Options, export
from edgernn_runtime import Prediction, load
from tests.conftest import make_model, make_texts


def test_a_weight_is_the_change_of_the_probability(classifier):
    found = classifier.explain("Good, unheard film!")
    assert found.prediction == classifier.predict("Good, unheard film!")
    assert [token.token for token in found.tokens] == ["good", "unheard", "film"]
    assert [token.is_known for token in found.tokens] == [True, False, True]
    assert [token.id for token in found.tokens] == classifier.tokenize("good unheard film").tolist()
    label, probability = found.prediction.label, found.prediction.probability
    rest = ["unheard film", "good film", "good unheard"]
    for token, text in zip(found.tokens, rest, strict=True):
        without = classifier.predict(text).probabilities[label]
        assert token.weight == pytest.approx(probability - without, abs=1e-7)


@pytest.mark.parametrize("text", ["", "...", "film", b"\xff film"])
def test_any_text_is_explained(classifier, text):
    found = classifier.explain(text)
    assert found.prediction == classifier.predict(text)
    assert len(found.tokens) == len(classifier.tokenize(text))


def test_a_padded_model_is_fed_the_pads_each_time(tmp_path):
    make_model(mask=False, max_length=9).save(tmp_path / "model.keras")
    examples = Examples(tuple(make_texts(50)), None, "file")
    options = Options("onnx", allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, examples)
    with load(done.path) as classifier:
        found = classifier.explain("good film plot")
        assert len(found.tokens) == 3
        without = classifier.predict("good film").probabilities[found.prediction.label]
        expected = found.prediction.probability - without
        assert found.tokens[2].weight == pytest.approx(expected, abs=1e-7)


def test_labels_above_a_threshold_are_sorted():
    prediction = Prediction("b", 0.9, {"a": 0.6, "b": 0.9, "c": 0.2}, ("b", "a"))
    assert prediction.above() == ("b", "a")
    assert prediction.above(0.7) == ("b",)
    assert prediction.above(0.95) == ()


def test_a_classifier_passes_its_self_test(classifier):
    result = classifier.self_test()
    assert result.passed
    assert result.vectors == 25
