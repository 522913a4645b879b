"""The NumPy reference is Keras within 1e-5, for every cell, merge and depth that a Network has."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgernn_export.keras_answers import keras_outputs
from edgernn_export.reader import read_source
from edgernn_runtime.reference import sigmoid, softmax
from tests.conftest import make_model, make_texts


def test_keras_outputs_are_what_keras_predicts():
    model = make_model(outputs=4, activation="softmax")
    texts = make_texts(9)
    direct = [model.predict(tf.constant([text]), verbose=0)[0] for text in texts]
    found = keras_outputs(read_source(model), texts)
    assert found == pytest.approx(np.array(direct), abs=1e-6)


def test_extreme_logits_do_not_overflow():
    with np.errstate(over="raise"):
        assert sigmoid(np.float32([-1000, 0, 1000])).tolist() == [0, 0.5, 1]
        assert softmax(np.float32([1000, 0])).tolist() == [1, 0]
