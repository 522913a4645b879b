"""The NumPy reference is Keras within 1e-5, for every cell, merge and depth that a Network has."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgernn_export.keras_model import keras_outputs
from edgernn_export.reader import read_network
from edgernn_runtime.reference import probabilities, sigmoid, softmax
from edgernn_runtime.tokenizer import Tokenizer
from tests.conftest import make_model, make_texts

CASES = {
    "lstm": {},
    "gru": {"cell": "GRU"},
    "gru_reset_before": {"cell": "GRU", "reset_after": False},
    "rnn": {"cell": "SimpleRNN", "scale": 1.0},
    "sum": {"merge": "sum"},
    "ave": {"merge": "ave"},
    "mul": {"merge": "mul"},
    "one_layer": {"units": (7,)},
    "three_layers": {"units": (6, 5, 4)},
    "forward_only": {"bidirectional": False},
    "no_bias": {"use_bias": False},
    "gru_no_bias": {"cell": "GRU", "use_bias": False},
    "large_weights": {"scale": 12.0, "units": (4,)},
    "multiclass": {"outputs": 4, "activation": "softmax"},
    "multiclass_logits": {"outputs": 4, "activation": None},
    "multilabel": {"outputs": 3, "activation": "sigmoid"},
    "one_logit": {"activation": None},
    "padded": {"mask": False, "max_length": 12},
    "unmasked": {"mask": False},
    "cut": {"max_length": 5},
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_is_keras(case):
    model = make_model(**CASES[case])
    network = read_network(model)
    tokenizer = Tokenizer(network.tokenizer, network.vocabulary)
    texts = make_texts(60, seed=5)
    expected = keras_outputs(model, network, texts)
    for text, output in zip(texts, expected, strict=True):
        ids = tokenizer.ids(text)
        if network.pad_to:
            ids = np.pad(ids, (0, network.pad_to - len(ids)))
        assert probabilities(network, ids) == pytest.approx(output, abs=1e-5)


def test_keras_outputs_are_what_keras_predicts():
    model = make_model(outputs=4, activation="softmax")
    texts = make_texts(9)
    direct = [model.predict(tf.constant([text]), verbose=0)[0] for text in texts]
    found = keras_outputs(model, read_network(model), texts)
    assert found == pytest.approx(np.array(direct), abs=1e-6)


def test_extreme_logits_do_not_overflow():
    with np.errstate(over="raise"):
        assert sigmoid(np.float32([-1000, 0, 1000])).tolist() == [0, 0.5, 1]
        assert softmax(np.float32([1000, 0])).tolist() == [1, 0]
