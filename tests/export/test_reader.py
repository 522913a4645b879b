"""The reader: what a Network covers, what it does not, and whether padding matters."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edgernn_export.errors import UncoveredError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_runtime.ir import Pooling
from edgernn_runtime.reference import probabilities
from edgernn_runtime.tokenizer import Tokenizer
from tests.conftest import make_model, make_texts, make_tokenizer
from tests.models import both, cell, dense, sequences, text_model
from tests.networks import read_network

layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")


def residual():
    tokenizer = make_tokenizer()
    text = keras.Input((1,), dtype="string")
    x = layers.Embedding(tokenizer.vocabulary_size(), 10, mask_zero=True)(tokenizer(text))
    x = layers.Concatenate(axis=1, name="me")([x, both(sequences("LSTM"))(x)])
    return keras.Model(text, dense()(cell("LSTM")(x)))


UNCOVERED = {
    "conv": (
        lambda: text_model(layers.SeparableConv1D(4, 3, name="me"), cell("LSTM"), dense()),
        "SeparableConv1D",
    ),
    "normalization": (
        lambda: text_model(cell("LSTM"), layers.GroupNormalization(1, name="me"), dense()),
        "GroupNormalization",
    ),
    "residual": (residual, "axis=-1"),
    "activation": (
        lambda: text_model(cell("LSTM", activation="mish", name="me"), dense()),
        "activation=mish",
    ),
    "gate_activation": (
        lambda: text_model(cell("GRU", recurrent_activation="mish", name="me"), dense()),
        "recurrent_activation=mish",
    ),
    "leaky_relu": (
        lambda: text_model(
            cell("LSTM"), layers.Dense(3), layers.ReLU(negative_slope=0.1, name="me"), dense()
        ),
        "negative_slope=0.1",
    ),
    "kept_dimensions": (
        lambda: text_model(
            sequences("LSTM"),
            layers.GlobalMaxPooling1D(keepdims=True, name="me"),
            layers.Flatten(),
            dense(),
        ),
        "keepdims=True",
    ),
    "mask_of_the_other_order": (
        lambda: text_model(
            sequences("LSTM", go_backwards=True), cell("LSTM", name="me"), dense(), max_length=9
        ),
        "mask of the other order",
    ),
    "rnn_of_a_cell": (
        lambda: text_model(layers.RNN(layers.LSTMCell(3), name="me"), dense()),
        "found:    RNN",
    ),
}


@pytest.mark.parametrize("case", UNCOVERED)
def test_a_layer_that_is_not_covered_is_named(case):
    build, said = UNCOVERED[case]
    with pytest.raises(UncoveredError) as caught:
        read_network(build())
    assert "layer me" in str(caught.value)
    assert said in str(caught.value)
    assert "  expected: " in str(caught.value)


def test_labels_that_are_not_given_are_numbers(model):
    assert read_network(model).task.labels == ("0", "1")


def test_functional_and_nested_models_are_read():
    sequential_model = make_model()
    tokenizer, *rest = sequential_model.layers
    text = keras.Input((1,), dtype="string")
    nested = keras.Sequential(rest, name="nested")
    model = keras.Model(text, nested(tokenizer(text)))
    texts = make_texts(20)
    source, expected = read_source(model), read_source(sequential_model)
    assert keras_outputs(source, texts) == pytest.approx(keras_outputs(expected, texts), abs=1e-6)
    assert np.array_equal(source.network.embedding, expected.network.embedding)


def test_a_compiled_model_with_custom_names_is_loaded(tmp_path):
    model = make_model()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    assert read_network(load_keras(tmp_path / "model.keras")).task.head == "binary"


def pool(layer, **options):
    return lambda length: text_model(
        both(sequences("LSTM")), layer(), dense(), max_length=length, **options
    )


#: What stands between the text and the answer, and whether the answer depends on the padding.
INVARIANCE = {
    "masked": (lambda length: text_model(both(cell("LSTM")), dense(), max_length=length), False),
    "unmasked": (
        lambda length: text_model(both(cell("LSTM")), dense(), max_length=length, mask=False),
        True,
    ),
    "masked_average": (pool(layers.GlobalAveragePooling1D), False),
    "unmasked_average": (pool(layers.GlobalAveragePooling1D, mask=False), True),
    # Keras zeroes padded states, and the maximum takes the zeros in.
    "masked_maximum": (pool(layers.GlobalMaxPooling1D), True),
    "unmasked_maximum": (pool(layers.GlobalMaxPooling1D, mask=False), True),
}


@pytest.mark.parametrize("length", [5, 40], ids=["shorter", "longer"])
@pytest.mark.parametrize("case", INVARIANCE)
def test_whether_padding_matters_is_found_out_and_is_true(case, length):
    build, depends = INVARIANCE[case]
    source, bare = read_source(build(length)), read_source(build(None))
    short, long = make_texts(40, longest=4), make_texts(40, seed=1, longest=30)
    texts = [*short, *(" ".join(text.split()[:length]) for text in long)]
    change = np.abs(keras_outputs(source, texts) - keras_outputs(bare, texts)).max()
    # Keras itself: the same weights, padded and bare.
    assert (change > 1e-4) == depends
    network = source.network
    is_fed_pads = network.task.pad_to == length
    has_pad_row = any(isinstance(x, Pooling) and x.pad_row for x in network.layers)
    assert (is_fed_pads or has_pad_row) == depends
    assert is_fed_pads == case.startswith("unmasked")
    tokenizer = Tokenizer(network.task.tokenizer, network.task.vocabulary)
    for text, expected in zip(texts, keras_outputs(source, texts), strict=True):
        ids = tokenizer.ids(text)
        if is_fed_pads:
            ids = np.pad(ids, (0, length - len(ids)))
        assert probabilities(network, ids) == pytest.approx(expected, abs=1e-5)


def test_without_a_length_a_text_is_answered_as_if_alone():
    source = read_source(text_model(both(cell("LSTM")), dense(), mask=False))
    texts = ["good film", "a much longer text of several words of any kind"]
    together, alone = keras_outputs(source, texts), keras_outputs(source, texts[:1])
    assert together[0] == pytest.approx(alone[0], abs=1e-6)
