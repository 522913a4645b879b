"""`--trust-code`: layers and functions of the user's own module."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgernn_export import Examples, Options, export
from edgernn_export.errors import ModelFileError, OptionError, UnsupportedModelError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.reader import read_source
from edgernn_export.keras.trusted_code import import_trusted
from edgernn_runtime import load
from tests.conftest import make_texts, make_tokenizer

MODULE = """
from pathlib import Path

import keras
import tensorflow as tf

Path(__file__).with_suffix(".ran").touch()


@keras.saving.register_keras_serializable("mine")
class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2 * x


class Plain(keras.layers.Layer):
    def call(self, x):
        return x + 1


@keras.saving.register_keras_serializable("mine")
def shout(text):
    return tf.strings.lower(text)


def square(x):
    return x * x
"""
TEXTS = make_texts(60, longest=9)


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MODULE)
    yield path
    forget()


def forget():
    """Remove what the module registered, as in a new process."""
    registered = keras.saving.get_custom_objects()
    for name in [key for key in registered if key.startswith("mine>")]:
        del registered[name]


def save(path, module, *, standardize=None):
    """Save a model with the module's layers, and forget them; return its predictions."""
    code = import_trusted(module).objects
    options = {"standardize": code[standardize]} if standardize else {}
    tokenizer = make_tokenizer(name="words", **options)
    if path.suffix == ".h5":
        # An .h5 file contains the vocabulary only if it is given as a list.
        words = tokenizer.get_vocabulary()[2:]
        tokenizer = keras.layers.TextVectorization(vocabulary=words, name="words", **options)
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            tokenizer,
            keras.layers.Embedding(60, 4, mask_zero=True),
            keras.layers.LSTM(3),
            code["Doubling"](name="twice"),
            code["Plain"](),
            keras.layers.Dense(4, activation=code["square"]),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.save(path)
    expected = model(tf.constant(TEXTS)[:, None]).numpy()
    forget()
    module.with_suffix(".ran").unlink()
    return expected


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_module_is_run_only_if_it_is_trusted(suffix, tmp_path, module):
    path = tmp_path / f"model{suffix}"
    expected = save(path, module)
    with pytest.raises(UnsupportedModelError, match="twice is not part of Keras") as caught:
        load_keras(path)
    assert "--trust-code" in str(caught.value)
    assert not module.with_suffix(".ran").exists()
    found = load_keras(path, import_trusted(module))(tf.constant(TEXTS)[:, None])
    assert module.with_suffix(".ran").exists()
    assert np.abs(np.asarray(found) - expected).max() <= 1e-6


def test_names_of_other_modules_stay_refused(tmp_path, module):
    save(tmp_path / "model.keras", module)
    other = tmp_path / "other.py"
    other.write_text("def square(x):\n    return x * x\n")
    with pytest.raises(UnsupportedModelError, match="twice is not part of Keras"):
        load_keras(tmp_path / "model.keras", import_trusted(other))


def test_imported_names_are_not_those_of_the_module(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from subprocess import run\nfrom keras.layers import Lambda\n")
    assert import_trusted(path).objects == {}


def test_a_lambda_stays_refused(tmp_path, module):
    ids = keras.Input((4,))
    model = keras.Model(ids, keras.layers.Lambda(lambda x: x, name="same")(ids))
    model.save(tmp_path / "model.keras")
    with pytest.raises(UnsupportedModelError, match="layer same is a Python function"):
        load_keras(tmp_path / "model.keras", import_trusted(module))


@pytest.mark.parametrize("target", ["tflite", "onnx"])
def test_a_layer_of_ones_own_is_exported_by_the_fallback_conversion(target, tmp_path, module):
    expected = save(tmp_path / "model.keras", module)
    options = Options(target, trust_code=module, allow_drop=True)
    examples = Examples(tuple(TEXTS), None, "file")
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, examples)
    assert any("twice" in warning for warning in done.warnings)
    with load(done.path) as classifier:
        found = np.array([classifier.output(text) for text in TEXTS])
    assert np.abs(found - expected).max() <= 1e-5


def test_the_native_target_refuses_it_by_name(tmp_path, module):
    save(tmp_path / "model.keras", module)
    options = Options("native", trust_code=module)
    with pytest.raises(UnsupportedModelError, match="layer twice is not covered"):
        export(tmp_path / "model.keras", tmp_path / "x.edgernn", options)


def test_a_function_that_standardizes_must_be_declared_too(tmp_path, module):
    expected = save(tmp_path / "model.keras", module, standardize="shout")
    model = load_keras(tmp_path / "model.keras", import_trusted(module))
    # Verification gets the ids from the function itself.
    found = np.asarray(model(tf.constant(TEXTS)[:, None]))
    assert np.abs(found - expected).max() <= 1e-6
    with pytest.raises(UnsupportedModelError, match="standardize is outside") as caught:
        read_source(model)
    assert "the function shout" in str(caught.value)
    assert "--standardize STEPS" in str(caught.value)


def test_a_path_that_is_not_python_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="--trust-code does not name a Python file"):
        import_trusted(tmp_path / "mine.py")
    (tmp_path / "mine.py").write_text("import no_such_module\n")
    with pytest.raises(ModelFileError, match="No module named 'no_such_module'"):
        import_trusted(tmp_path / "mine.py")


def test_declared_steps_replace_a_function_that_is_not_trusted(tmp_path, module):
    code = import_trusted(module).objects
    tokenizer = make_tokenizer(name="words", standardize=code["shout"])
    embedding = keras.layers.Embedding(60, 4, mask_zero=True)
    head = keras.layers.Dense(1, activation="sigmoid")
    text = keras.Input((1,), dtype="string")
    model = keras.Sequential([text, tokenizer, embedding, keras.layers.LSTM(3), head])
    model.save(tmp_path / "model.keras")
    texts = [text.upper() for text in TEXTS]
    expected = model(tf.constant(texts)[:, None]).numpy()
    forget()
    module.with_suffix(".ran").unlink()

    def run(steps, **options):
        examples = Examples(tuple(texts), None, "file")
        out = tmp_path / "x.edgernn"
        stated = Options("onnx", standardize=steps, allow_drop=True, overwrite=True, **options)
        with load(export(tmp_path / "model.keras", out, stated, examples).path) as classifier:
            return np.array([classifier.output(text) for text in texts])

    assert np.abs(run(("lower",)) - expected).max() <= 1e-5
    assert not module.with_suffix(".ran").exists()
    # Wrong steps pass here, because nothing contradicts them ...
    assert np.abs(run(("strip_digits",)) - expected).max() > 1e-3
    # ... but not if the function itself is compared.
    assert np.abs(run(("lower",), trust_code=module) - expected).max() <= 1e-5
    with pytest.raises(OptionError, match="--standardize does not do what the function"):
        export(
            tmp_path / "model.keras",
            tmp_path / "y.edgernn",
            Options("onnx", standardize=("strip_digits",), trust_code=module),
            Examples(tuple(texts), None, "file"),
        )
