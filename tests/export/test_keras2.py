"""A model that Keras 2 wrote predicts what it predicted there."""

from __future__ import annotations

import io
import json
import shutil
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from edgernn_export import Examples, Options, export
from edgernn_export.errors import ModelFileError, UnsupportedModelError
from edgernn_export.keras.hdf5_file import read_hdf5_config, read_hdf5_weights
from edgernn_export.keras.keras2_config import upgrade_config
from edgernn_export.keras.keras2_weights import set_weights
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.trusted_code import import_trusted
from edgernn_runtime import load
from tests import keras2
from tests.keras2 import IDS, MODELS, TEXTS, Saved, inputs, sequential, spread

layers = tf_keras.layers
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask"),
]


def write(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return keras2.save(model, path)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Return a function from the name of a model to its file and predictions, written once."""
    folder, written = tmp_path_factory.mktemp("keras2"), {}

    def get(name):
        if name not in written:
            suffix, build = MODELS[name]
            model = spread(build())
            predictions = model(inputs(name.startswith("text")), training=False).numpy()
            written[name] = Saved(write(model, folder / f"{name}{suffix}"), predictions)
        return written[name]

    return get


def predict(model, name):
    return np.asarray(model(tf.constant(inputs(name.startswith("text"))), training=False))


@pytest.mark.parametrize("name", MODELS)
def test_the_loaded_model_predicts_what_keras_2_predicts(name, saved):
    model = load_keras(saved(name).path)
    assert isinstance(model, keras.Model)
    expected = saved(name).predictions
    assert expected.std(axis=0).max() > 0.01
    # Single precision, for outputs that are logits.
    bound = 1e-6 * max(1.0, np.abs(expected).max())
    assert np.abs(predict(model, name) - expected).max() <= bound


@pytest.mark.parametrize("name", ["gru_before", "gru_after", "lstm", "simple", "branches"])
def test_hard_sigmoid_is_that_of_keras_2(name, saved):
    config, _ = read_hdf5_config(saved(name).path)
    model = keras.saving.deserialize_keras_object(upgrade_config(config))
    set_weights(model, read_hdf5_weights(saved(name).path))
    # Without the conversion, the same configuration and weights predict something else.
    assert np.abs(predict(model, name) - saved(name).predictions).max() > 1e-3


def test_the_hard_sigmoid_of_keras_3_is_left_alone(tmp_path):
    ids = keras.Input((12,))
    x = keras.layers.Embedding(40, 4)(ids)
    x = keras.layers.GRU(3, recurrent_activation="hard_sigmoid")(x)
    model = keras.Model(ids, keras.layers.Dense(1)(x))
    model.save(tmp_path / "model.h5")
    loaded = load_keras(tmp_path / "model.h5")
    assert np.array_equal(predict(loaded, "ids"), predict(model, "ids"))


def test_cudnn_layers_become_the_layers_that_keras_2_makes_of_them(tmp_path):
    from tf_keras.src.layers.rnn.cudnn_gru import CuDNNGRU
    from tf_keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM

    def build(lstm, gru):
        both = layers.Bidirectional(lstm(4, return_sequences=True))
        return sequential(both, gru(5), mask=False)

    # CuDNN layers run on a GPU alone; Keras 2 reads their weights into LSTM and GRU.
    path = write(spread(build(CuDNNLSTM, CuDNNGRU)), tmp_path / "model.h5")
    twin = build(layers.LSTM, layers.GRU)
    twin.load_weights(path)
    expected = twin(IDS, training=False).numpy()
    assert expected.std() > 0.01
    assert np.abs(predict(load_keras(path), "ids") - expected).max() <= 1e-6


def edit_config(path, change):
    """Rewrite the configuration in an .h5 file, as another version of Keras 2 writes it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(change(config))


def test_a_file_of_the_first_keras_2_loads(tmp_path, saved):
    def change(config):
        # No InputLayer, no name of the model, no reset_after, and a version in bytes.
        _, *parts = config["config"]["layers"]
        parts[1]["config"].pop("reset_after")
        parts[1]["config"] |= {"input_dim": None, "input_length": None}
        return {"class_name": "Sequential", "config": parts}

    path = tmp_path / "old.h5"
    shutil.copyfile(saved("gru_before").path, path)
    edit_config(path, change)
    with h5py.File(path, "r+") as file:
        file.attrs["keras_version"] = np.bytes_("2.0.8")
    difference = predict(load_keras(path), "ids") - saved("gru_before").predictions
    assert np.abs(difference).max() <= 1e-6


def test_a_file_of_keras_2_13_loads(tmp_path, saved):
    # Its weights are under another name.
    source, path = saved("branches_zip").path, tmp_path / "old.keras"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as old:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "model.weights.h5":
                buffer = io.BytesIO(data)
                with h5py.File(buffer, "r+") as file:
                    file.move("layers", "_layer_checkpoint_dependencies")
                    file["_layer_checkpoint_dependencies/functional"].move(
                        "layers", "_layer_checkpoint_dependencies"
                    )
                data = buffer.getvalue()
            old.writestr(name, data)
    difference = predict(load_keras(path), "ids") - saved("branches_zip").predictions
    assert np.abs(difference).max() <= 1e-6


@pytest.mark.parametrize(
    ("name", "target"),
    [("text_zip", "native"), ("text_folder", "onnx"), ("text_list", "tflite")],
)
def test_a_bundle_predicts_what_keras_2_predicts(name, target, saved, tmp_path):
    options = Options(target, "none", allow_drop=True)
    done = export(
        saved(name).path, tmp_path / "x.edgernn", options, Examples(tuple(TEXTS), None, "file")
    )
    with load(done.path) as classifier:
        found = np.array([classifier.output(text) for text in TEXTS])
    assert np.abs(found - saved(name).predictions).max() <= 1e-5


def refuse(path, **options):
    with pytest.raises((ModelFileError, UnsupportedModelError)) as caught:
        load_keras(path, **options)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".h5", ".keras", ""])
def test_a_lambda_is_refused_before_anything_is_built(suffix, tmp_path, monkeypatch):
    model = sequential(layers.GlobalMaxPooling1D(), layers.Lambda(lambda x: 2 * x, name="twice"))
    path = write(model, tmp_path / f"model{suffix}")

    def fail(*_args, **_options):
        raise AssertionError("Keras was called")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", fail)
    monkeypatch.setattr(keras.saving, "load_model", fail)
    message = refuse(path)
    assert "layer twice is a Python function" in message
    assert "a Lambda, which runs code from the file" in message


def test_an_operation_between_layers_is_refused_by_name(tmp_path):
    ids = tf_keras.Input((12,))
    x = layers.Embedding(40, 4)(ids)
    model = tf_keras.Model(ids, layers.Dense(1)(tf.reduce_mean(x, axis=1)))
    message = refuse(write(model, tmp_path / "model.h5"))
    assert "tf.math.reduce_mean is a TensorFlow operation" in message


def test_time_major_is_refused(tmp_path):
    ids = tf_keras.Input((12,))
    x = layers.LSTM(3, time_major=True, return_sequences=True)(layers.Embedding(40, 4)(ids))
    model = tf_keras.Model(ids, layers.Dense(1)(layers.GlobalMaxPooling1D()(x)))
    assert "time_major=True does not exist in Keras 3" in refuse(write(model, tmp_path / "m.h5"))


def test_a_hard_sigmoid_without_weights_in_front_is_refused(tmp_path):
    model = sequential(layers.LSTM(3, activation="hard_sigmoid", name="memory"))
    message = refuse(write(model, tmp_path / "m.h5"))
    assert "layer memory: the hard_sigmoid of Keras 2" in message


def test_weights_without_a_model_are_refused(tmp_path):
    model = sequential(layers.LSTM(3))
    model.save_weights(tmp_path / "model.h5")
    assert "the file contains weights without the model" in refuse(tmp_path / "model.h5")


def test_a_file_of_keras_1_is_refused(tmp_path, saved):
    path = tmp_path / "old.h5"
    shutil.copyfile(saved("gru_after").path, path)
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
    assert "this file is from Keras 1" in refuse(path)


def test_a_saved_model_that_keras_3_exported_is_refused(model, tmp_path):
    model.export(tmp_path / "folder", verbose=False)
    message = refuse(tmp_path / "folder")
    assert "this SavedModel does not contain a Keras model" in message
    assert "model.save('model.keras')" in message


def test_a_saved_model_of_a_subclass_is_refused(tmp_path):
    class Mine(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.out = layers.Dense(1)

        def call(self, x):
            return self.out(x)

    model = Mine()
    model(np.zeros((1, 3), dtype=np.float32))
    assert "a subclass of keras.Model" in refuse(write(model, tmp_path / "folder"))


def test_an_h5_file_without_the_vocabulary_is_refused(tmp_path):
    # Keras 3 writes such a file without a warning.
    tokenizer = keras.layers.TextVectorization(name="words")
    tokenizer.adapt(["a film"])
    embedding = keras.layers.Embedding(5, 4)
    text = keras.Input((1,), dtype="string")
    stack = [text, tokenizer, embedding, keras.layers.GRU(3), keras.layers.Dense(1)]
    keras.Sequential(stack).save(tmp_path / "model.h5")
    assert "the vocabulary of layer words is not in the file" in refuse(tmp_path / "model.h5")


def test_weights_that_do_not_fit_are_refused(tmp_path, saved):
    path = tmp_path / "other.h5"
    shutil.copyfile(saved("gru_after").path, path)
    with h5py.File(path, "r+") as file:
        del file["model_weights/out/out/bias:0"]
        file["model_weights/out/out/bias:0"] = np.zeros(3, dtype=np.float32)
    assert "Keras cannot load this model" in refuse(path)


@pytest.mark.parametrize("kind", ["soft", "external", "dataset"])
def test_weights_outside_the_file_are_not_read(kind, tmp_path, saved):
    path, name = tmp_path / "other.h5", "model_weights/out/out/bias:0"
    shutil.copyfile(saved("gru_after").path, path)
    with h5py.File(path, "r+") as file:
        del file[name]
        if kind == "soft":
            file[name] = h5py.SoftLink("/model_weights/out/out/kernel:0")
        elif kind == "external":
            file[name] = h5py.ExternalLink(str(saved("gru_after").path), name)
        else:
            file.create_dataset(name, (1,), "f4", external=[(str(path), 0, 4)])
    message = refuse(path)
    assert "a link" in message if kind != "dataset" else "stored in another file" in message


def test_a_damaged_saved_model_is_refused(tmp_path, saved):
    path = tmp_path / "folder"
    shutil.copytree(saved("gru_folder").path, path)
    data = (path / "keras_metadata.pb").read_bytes()
    for size in (1, 100, len(data) // 2, len(data) - 1):
        (path / "keras_metadata.pb").write_bytes(data[:size])
        assert "folder" in refuse(path)


def standardized(path):
    def shout(text):
        return tf.strings.upper(text)

    model = keras2.of_text(standardize=shout, vocabulary=["GOOD", "FILM"])
    return write(spread(model), path), model


@pytest.mark.parametrize("suffix", [".keras", ""])
def test_a_function_that_standardizes_is_replaced_if_its_steps_are_declared(suffix, tmp_path):
    path, original = standardized(tmp_path / f"model{suffix}")
    message = refuse(path)
    assert "shout is not part of Keras" in message
    assert "--standardize STEPS" in message
    assert "--trust-code" in message
    declared = load_keras(path, declared_standardize=True)
    raw, upper = np.array([["good film"]], dtype=object), np.array([["GOOD FILM"]], dtype=object)
    expected = original(raw, training=False).numpy()
    assert np.abs(np.asarray(declared(tf.constant(upper))) - expected).max() <= 1e-6
    assert np.abs(np.asarray(declared(tf.constant(raw))) - expected).max() > 1e-3

    module = tmp_path / "mine.py"
    module.write_text(
        "import tensorflow as tf\n\n\ndef shout(text):\n    return tf.strings.upper(text)\n"
    )
    # A trusted function runs, although its steps are declared: verification can compare the two.
    for is_declared in (False, True):
        trusted = load_keras(path, import_trusted(module), declared_standardize=is_declared)
        assert np.abs(np.asarray(trusted(tf.constant(raw))) - expected).max() <= 1e-6
