"""The model of a well-known tutorial exports unchanged."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgernn.data.packages import load_reviews
from edgernn_export import Examples, Options, export
from edgernn_export.keras.model_file import load_keras
from edgernn_runtime import load
from tests.networks import read_network


@pytest.fixture(scope="module")
def tutorial_file(tmp_path_factory):
    """Return a `.keras` file of the tutorial's network: adapted tokenizer, one logit, no labels."""
    keras.utils.set_random_seed(3)
    rows = load_reviews().train
    texts = tf.data.Dataset.from_tensor_slices(list(rows.texts)).batch(256)
    encoder = keras.layers.TextVectorization(max_tokens=10000)
    encoder.adapt(texts)
    size = len(encoder.get_vocabulary())
    # A deprecated argument, which Keras 3 accepts with a warning.
    with pytest.warns(UserWarning, match="input_shape"):
        text = keras.layers.InputLayer(input_shape=(1,), dtype=tf.string)
    model = keras.Sequential(
        [
            text,
            encoder,
            keras.layers.Embedding(size, 64, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(64, return_sequences=True)),
            keras.layers.Bidirectional(keras.layers.LSTM(32)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(3e-3),
        metrics=["accuracy"],
    )
    short = [i for i, review in enumerate(rows.texts) if len(review) < 400][:256]
    few = rows.take(short)
    targets = np.array([label == "pos" for label in few.labels], dtype=np.float32)
    data = tf.data.Dataset.from_tensor_slices((list(few.texts), targets)).batch(64)
    model.fit(data, epochs=3, shuffle=False, verbose=0)
    path = tmp_path_factory.mktemp("tutorial") / "tutorial.keras"
    model.save(path)
    return path


@pytest.mark.parametrize("model_format", ["tflite", "onnx"])
@pytest.mark.parametrize("recipe", ["none", "int8"])
def test_the_tutorials_model_exports_unchanged(tutorial_file, tmp_path, model_format, recipe):
    texts = [text for text in load_reviews().validation.texts if len(text) < 600]
    done = export(
        tutorial_file,
        tmp_path / "x.edgernn",
        Options(model_format, recipe, labels=("negative", "positive")),
        Examples(tuple(texts[:150]), None, "file"),
    )
    assert read_network(load_keras(tutorial_file)).parameters == 751_489
    assert done.model_size < {"none": 3_100_000, "int8": 800_000}[recipe]
    with load(done.path) as classifier:
        prediction = classifier.predict("so good, I would recommend it")
        assert prediction.label in ("negative", "positive")
        assert 0.5 <= prediction.probability <= 1
