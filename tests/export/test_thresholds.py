"""Thresholds are chosen on labeled texts for a precision, for F1, or by cost."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn_export import OptionError, Options, export
from edgernn_export.comparison import Examples
from edgernn_export.thresholds import (
    complementary,
    describe_thresholds,
    f1_thresholds,
    fewest_right,
    one_threshold,
    precision_thresholds,
    true_labels,
)
from edgernn_runtime import load
from edgernn_runtime.errors import BundleVersionError
from tests.conftest import make_model, make_texts


def two(probabilities):
    """Return the probabilities of two labels, float32 [N, 2], from those of the second."""
    second = np.asarray(probabilities, dtype=np.float32)
    return np.stack([1 - second, second], axis=1)


def calibrated(count, seed):
    """Return calibrated probabilities of two labels, and which label each text has."""
    draw = np.random.default_rng(seed)
    second = draw.uniform(size=count).astype(np.float32)
    return two(second), true_labels((draw.uniform(size=count) < second).astype(int).tolist(), 2)


def test_the_lowest_threshold_with_the_precision_is_chosen():
    # 40 sure texts are right; of 10 less sure ones, 5. (45 + 1) / (50 + 2) is below 0.9.
    probabilities = two([0.9] * 40 + [0.7] * 10)
    truth = true_labels([1] * 40 + [1, 0] * 5, 2)
    found = precision_thresholds(probabilities, truth, "multiclass", 0.9)
    assert found[1] == pytest.approx(0.8, abs=1e-4)
    assert precision_thresholds(probabilities, truth, "multiclass", 0.85)[1] == 0.5


def test_the_precision_holds_on_other_texts():
    thresholds = precision_thresholds(*calibrated(4000, 1), "multiclass", 0.95)
    probabilities, truth = calibrated(20_000, 2)
    reached = probabilities >= np.asarray(thresholds)
    assert (reached & truth).sum() / reached.sum() >= 0.94
    # The mean of the probabilities above 0.9 is 0.95.
    assert thresholds == pytest.approx((0.9, 0.9), abs=0.05)


def test_a_label_with_few_texts_takes_the_threshold_of_all():
    probabilities = np.full((100, 3), 0.05, dtype=np.float32)
    probabilities[:95, 0], probabilities[95:, 1] = 0.9, 0.8
    found = precision_thresholds(
        probabilities, true_labels([0] * 95 + [1] * 5, 3), "multiclass", 0.9
    )
    assert found[1] == found[2] == 0.5


def test_a_label_that_is_never_precise_is_not_predicted():
    probabilities = two(np.linspace(0.6, 0.99, 80))
    truth = true_labels([0, 1] * 40, 2)
    assert precision_thresholds(probabilities, truth, "multiclass", 0.95)[1] == 1


def test_a_label_with_the_precision_has_a_threshold_below_1():
    # The middle of the two probabilities rounds to 1.
    probabilities = two([1.0] * 40 + [0.99999] * 10)
    truth = true_labels([1] * 40 + [0] * 10, 2)
    found = precision_thresholds(probabilities, truth, "multiclass", 0.95)
    assert found == (1 - 2**-16,) * 2


@pytest.mark.parametrize("precision", [0.4, 0.5, 0.75, 0.9, 0.95, 0.97, 0.99])
def test_fewer_right_predictions_do_not_show_a_precision(precision):
    fewest = fewest_right(precision)
    for count, is_shown in ((fewest, True), (fewest - 1, False)):
        probabilities, truth = two([0.9] * count), true_labels([1] * count, 2)
        found = precision_thresholds(probabilities, truth, "multiclass", precision)
        assert (found[1] < 1) == is_shown


def test_thresholds_are_described_by_label_or_by_their_range():
    assert describe_thresholds(("a", "b"), (0.5, 0.75)) == "a 0.5, b 0.75"
    assert describe_thresholds(("a", "b"), (0.5, 0.5)) == "0.5 for every label"
    many = tuple(map(str, range(11)))
    assert describe_thresholds(many, (0.5, *[0.75] * 9, 1 - 2**-16)) == "0.5 to 0.99998"


def test_thresholds_of_several_labels_have_the_highest_f1():
    probabilities = np.asarray([[0.3, 0.9]] * 20 + [[0.2, 0.8]] * 20, dtype=np.float32)
    truth = true_labels([(0, 1)] * 20 + [()] * 20, 2)
    assert f1_thresholds(probabilities, truth) == pytest.approx((0.25, 0.85), abs=1e-4)


def test_a_threshold_does_not_split_equal_probabilities():
    probabilities = two([0.8] * 50)
    truth = true_labels([1] * 30 + [0] * 20, 2)
    assert precision_thresholds(probabilities, truth, "multiclass", 0.9)[1] == 1


@pytest.mark.parametrize("label", [0, 1])
def test_of_two_complementary_thresholds_every_text_reaches_one(label):
    for threshold in (0.1, 1 / 11, 0.123456, 0.5, 0.9999):
        first, second = complementary(threshold, label)
        assert first + second == 1
        near = np.float32(second) + np.arange(-3, 4, dtype=np.float32) * np.float32(2**-24)
        for p in near[(near > 0) & (near < 1)]:
            assert p >= second or 1 - p >= first
            assert float(p) >= second or 1 - float(p) >= first


def test_one_label_has_the_precision_and_all_texts_get_a_label():
    probabilities, truth = calibrated(4000, 3)
    first, second = one_threshold(probabilities, truth, 1, 0.75)
    # The mean of the probabilities above 0.5 is 0.75.
    assert second == pytest.approx(0.5, abs=0.05)
    assert first == 1 - second


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("thresholds") / "model.keras"
    make_model().save(path)
    return path


@pytest.mark.parametrize("form", ["tflite", "onnx", "native"])
def test_thresholds_are_chosen_at_export(model, tmp_path, form):
    texts = tuple(make_texts(200))
    out = tmp_path / "model.edgernn"
    options = {"labels": ("neg", "pos"), "format": form}
    export(model, out, Options(**options), Examples(texts, None, "file"))
    with load(out) as classifier:
        assert classifier.thresholds is None
        truth = tuple(classifier.labels.index(classifier.predict(t).label) for t in texts)
    half = tuple(label if i % 2 else 1 - label for i, label in enumerate(truth))
    wanted = Options(**options, min_precision=0.9, overwrite=True)
    done = export(model, out, wanted, Examples(texts, half, "file"))
    assert done.thresholds == (1, 1)
    assert (done.coverage.texts, done.coverage.precision) == (0, None)
    (warning,) = (one for one in done.warnings if "no text gets" in one)
    assert "no text gets a label: a precision of 0.9 takes at least 8 right" in warning
    assert "--texts" in warning
    reached = export(model, out, wanted, Examples(texts, truth, "file"))
    assert (reached.coverage.texts, reached.coverage.precision) == (200, 1)
    assert not any("no text gets" in one for one in reached.warnings)
    export(model, out, wanted, Examples(texts, half, "file"))
    with load(out) as classifier:
        assert classifier.thresholds == (1, 1)
        assert {classifier.predict(text).label for text in texts} == {None}
        assert classifier.predict(texts[0]).best == classifier.labels[truth[0]]


def test_wrong_thresholds_are_refused(model, tmp_path):
    for thresholds in ((0.5,), (0.5, 1.5)):
        options = Options("native", labels=("neg", "pos"), thresholds=thresholds)
        with pytest.raises(OptionError, match="thresholds do not fit"):
            export(model, tmp_path / "model.edgernn", options)
    with pytest.raises(OptionError, match="cannot be chosen"):
        export(model, tmp_path / "model.edgernn", Options("native", min_precision=0.9))


def test_a_reader_that_does_not_know_thresholds_refuses_the_bundle(model, tmp_path, monkeypatch):
    out = tmp_path / "model.edgernn"
    export(model, out, Options("tflite", labels=("neg", "pos"), thresholds=(0.75, 0.5)))
    monkeypatch.setattr("edgernn_runtime.manifest.SCHEMA_VERSION", 2)
    with pytest.raises(BundleVersionError, match="edgernn-bundle/3"):
        load(out)
