"""The NumPy reference matches Keras within 1e-5 for every cell, merge mode and depth."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_runtime.activations import sigmoid, softmax
from edgernn_runtime.reference import probabilities
from edgernn_runtime.tokenizer import Tokenizer, with_padding
from tests.conftest import make_model, make_texts
from tests.models import MODELS


def test_keras_outputs_are_what_keras_predicts():
    model = make_model(outputs=4, activation="softmax")
    texts = make_texts(9)
    direct = [model.predict(tf.constant([text]), verbose=0)[0] for text in texts]
    calls = []
    found = keras_outputs(
        read_source(model), texts, lambda done, total: calls.append((done, total))
    )
    assert found == pytest.approx(np.array(direct), abs=1e-6)
    assert calls[-1] == (9, 9)
    assert calls == sorted(calls)


def test_extreme_logits_do_not_overflow():
    with np.errstate(over="raise"):
        assert sigmoid(np.float32([-1000, 0, 1000])).tolist() == [0, 0.5, 1]
        assert softmax(np.float32([1000, 0])).tolist() == [1, 0]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize(
    "name",
    [
        "bilstm_stack",
        "gru",
        "gru_reset_before",
        "birnn_stack",
        "backward_layer_of_other_kind",
        "max_pooling_of_padded",
        "average_pooling",
        "dense_activations",
        "softmax",
    ],
)
def test_the_reference_is_keras(name):
    _, build = MODELS[name]
    source = read_source(build())
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    texts = make_texts(20, seed=5)
    for text, expected in zip(texts, keras_outputs(source, texts), strict=True):
        ids = with_padding(tokenizer.ids(text), source.task.pad_to)
        assert probabilities(source.network, ids) == pytest.approx(expected, abs=1e-5)


def test_a_network_knows_its_size(network):
    # 36 words of 6; two BiLSTMs of 8 and 4 units; dense layers of 5 and 1.
    forward = 4 * (8 * (6 + 8 + 1)), 4 * (4 * (16 + 4 + 1))
    assert network.parameters == 36 * 6 + 2 * sum(forward) + 5 * 8 + 5 + 5 + 1
