"""One long URL in the training texts does not keep a model from being exported."""

from __future__ import annotations

import shutil
import subprocess

import keras
import numpy as np
import pytest

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_runtime import EdgernnError, load
from edgernn_runtime.vocabulary import MAX_TOKEN_BYTES
from tests.conftest import make_model, make_texts

URL = "httpsexamplecom" + "a" * 3000
LONGEST = "é" * (MAX_TOKEN_BYTES // 2) + "b"


def model_of(*tokens):
    layer = keras.layers.TextVectorization()
    layer.adapt(np.array([" ".join(tokens), *make_texts(30)], dtype=object))
    assert set(tokens) <= set(layer.get_vocabulary())
    return make_model(tokenizer=layer)


@pytest.fixture(scope="module")
def model():
    assert len(LONGEST.encode()) == MAX_TOKEN_BYTES
    return model_of(URL, LONGEST)


@pytest.fixture(scope="module")
def model_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "model.keras"
    model.save(path)
    return path


TEXTS = [f"good {URL} film", f"{LONGEST} bad {URL}", f"{LONGEST}b good", *make_texts(10)]


@pytest.mark.parametrize("model_format", ["tflite", "onnx", "native"])
def test_long_tokens_have_ids_of_their_own(model, model_file, tmp_path, model_format):
    examples = Examples(tuple(TEXTS), None, "file")
    done = export(
        model_file, tmp_path / "x.edgernn", Options(model_format, allow_drop=True), examples
    )
    expected = keras_outputs(read_source(model), TEXTS)
    with load(done.path) as classifier:
        ids = classifier.tokenize(TEXTS[1]).tolist()
        assert [classifier.bundle.vocabulary[i].decode() for i in ids] == [LONGEST, "bad", URL]
        assert classifier.tokenize(f"{LONGEST}b").tolist() == [1]
        found = np.array([classifier.output(text) for text in TEXTS])
        assert found == pytest.approx(expected, abs=1e-5)
        assert classifier.self_test().passed


def test_texts_that_are_drawn_stay_short(model_file, tmp_path):
    done = export(model_file, tmp_path / "x.edgernn", Options("native"))
    with load(done.path) as classifier:
        assert len(classifier.bundle.vectors) < 100_000
        assert classifier.self_test().passed


def test_the_c_folder_gives_the_same_ids(model_file, tmp_path):
    if shutil.which("cc") is None or shutil.which("make") is None:
        pytest.skip("there is no C compiler")
    examples = Examples(tuple(TEXTS), None, "file")
    export(model_file, tmp_path / "c", Options("c", allow_drop=True), examples)
    # The program runs the test vectors, TEXTS among them, and compares the ids too.
    done = subprocess.run(
        ["make", "-C", tmp_path / "c", "test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_longer_token_is_refused_by_name(tmp_path):
    model_of(LONGEST + "b").save(tmp_path / "model.keras")
    with pytest.raises(EdgernnError, match="a token of the vocabulary is too long") as caught:
        export(tmp_path / "model.keras", tmp_path / "x.edgernn", Options("native"))
    assert not isinstance(caught.value, UnsupportedModelError)
    assert "65,536 bytes in line" in str(caught.value)
