"""The classifier predicts, keeps no state between texts, and closes."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import edgernn_runtime
from edgernn_runtime import EdgernnError, load
from edgernn_runtime.errors import (
    ClosedError,
    EngineError,
    EngineMissingError,
    OptionError,
    TextError,
)
from tests.conftest import make_texts

FORMS = [(f, r) for f in ("tflite", "onnx", "native") for r in ("none", "float16", "int8")]


def test_a_prediction_names_the_most_probable_label(classifier):
    prediction = classifier.predict("a good film")
    assert set(prediction.probabilities) == {"neg", "pos"} == set(classifier.labels)
    assert prediction.probability == max(prediction.probabilities.values())
    assert prediction.probabilities[prediction.label] == prediction.probability
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_a_logit_is_never_what_a_user_compares(bundles):
    # A logit of 0.2 is positive, and yet below the 0.5 that it was once compared with.
    for path in bundles.values():
        with load(path) as classifier:
            for text in make_texts(50):
                prediction = classifier.predict(text)
                assert 0 <= prediction.probability <= 1
                assert (prediction.label == "pos") == (prediction.probabilities["pos"] > 0.5)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_no_state_leaks_from_one_text_into_the_next(bundles, form):
    texts = make_texts(30)
    with load(bundles[form]) as classifier:
        first = [classifier.output(text).tobytes() for text in texts]
        for i, text in enumerate(texts):
            classifier.output(texts[-1 - i])
            assert classifier.output(text).tobytes() == first[i]
            assert classifier.output(text).tobytes() == first[i]


def test_bytes_and_str_have_the_same_prediction(classifier):
    assert classifier.predict("naïve café film") == classifier.predict("naïve café film".encode())


@pytest.mark.parametrize("text", ["", "   ", "...", "\n\t", b""])
def test_a_text_without_tokens_has_an_output(classifier, text):
    assert classifier.tokenize(text).tolist() == []
    assert classifier.output(text)[0] == np.float32(classifier.bundle.manifest.empty[0])


def test_ids_have_the_prediction_of_their_text(classifier):
    ids = classifier.tokenize("a good film")
    assert classifier.predict_ids(ids) == classifier.predict("a good film")


@pytest.mark.parametrize("ids", [[-1], [10_000], [[1, 2]], [0.5]])
def test_ids_outside_the_vocabulary_are_refused(classifier, ids):
    with pytest.raises(TextError, match="invalid ids for this vocabulary"):
        classifier.predict_ids(np.array(ids))


def test_threads_share_a_classifier(classifier):
    texts = make_texts(40)
    alone = [classifier.predict(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(classifier.predict, texts * 5)) == alone * 5


def test_a_closed_classifier_raises(bundle):
    classifier = load(bundle)
    classifier.close()
    classifier.close()
    with pytest.raises(ClosedError, match="is closed"):
        classifier.predict("a")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", None])
def test_threads_below_one_are_refused(bundle, threads):
    with pytest.raises(OptionError, match="threads is out of range") as caught:
        load(bundle, threads=threads)
    assert f"found:    {threads!r}" in str(caught.value)
    assert str(bundle) in str(caught.value)


@pytest.mark.parametrize(
    ("bundle", "package", "extra"),
    [("tflite", "ai_edge_litert", "litert"), ("onnx", "onnxruntime", "onnx")],
    indirect=["bundle"],
)
def test_a_missing_engine_names_the_package_to_install(bundle, package, extra, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else real(name)
    )
    with pytest.raises(EngineMissingError) as caught:
        load(bundle)
    assert f"pip install 'edgernn-runtime[{extra}]'" in str(caught.value)
    assert str(bundle) in str(caught.value)


@pytest.mark.parametrize("model_format", ["tflite", "onnx", "native"])
@pytest.mark.parametrize("model", [b"", b"12345678", b"\0" * 1000])
def test_an_invalid_model_is_an_engine_error(model_format, model):
    with pytest.raises(EngineError, match="cannot load the model"):
        edgernn_runtime.classifier.open_engine(model_format, model, 1)


def test_every_error_is_of_one_family():
    module = edgernn_runtime.errors
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    errors = [value for value in classes if issubclass(value, Exception)]
    assert len(errors) > 5
    assert all(issubclass(error, EdgernnError) for error in errors)


def test_an_error_shows_where_expected_found_and_next():
    error = EdgernnError("it failed", path="a/b", expected="x", found="y", hint="repair it")
    assert str(error).splitlines() == [
        "it failed",
        "  where:    a/b",
        "  expected: x",
        "  found:    y",
        "  next:     repair it",
    ]
    assert str(EdgernnError("it failed")) == "it failed"
