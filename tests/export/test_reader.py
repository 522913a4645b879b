"""What the reader refuses, it refuses in a sentence that says what to change."""

from __future__ import annotations

import pickle
import zipfile

import keras
import numpy as np
import pytest

from edgernn_export.errors import ModelFileError, OptionError, UnsupportedModelError
from edgernn_export.keras_model import keras_outputs, load_keras
from edgernn_export.reader import read_network
from tests.conftest import make_model, make_texts, make_tokenizer

layers = keras.layers


def sequential(*tail, tokenizer=None, mask=True):
    tokenizer = tokenizer or make_tokenizer()
    embedding = layers.Embedding(tokenizer.vocabulary_size(), 4, mask_zero=mask)
    # A batch of one, because a stateful layer asks for a batch of a known size.
    text = keras.Input((1,), batch_size=1, dtype="string")
    return keras.Sequential([text, tokenizer, embedding, *tail])


REFUSED = {
    "stateful": (lambda: [layers.LSTM(3, stateful=True, name="me"), layers.Dense(1)], "stateful"),
    "activation": (
        lambda: [layers.LSTM(3, activation="relu", name="me"), layers.Dense(1)],
        "activation",
    ),
    "recurrent_activation": (
        lambda: [layers.GRU(3, recurrent_activation="tanh", name="me"), layers.Dense(1)],
        "recurrent_activation",
    ),
    "go_backwards": (
        lambda: [layers.LSTM(3, go_backwards=True, name="me"), layers.Dense(1)],
        "go_backwards",
    ),
    "merge_mode": (
        lambda: [
            layers.Bidirectional(layers.LSTM(3), merge_mode="concat", name="me"),
            layers.Dense(1, activation="tanh", name="me2"),
        ],
        "activation",
    ),
    "dense_activation": (
        lambda: [layers.LSTM(3), layers.Dense(3, activation="gelu", name="me"), layers.Dense(1)],
        "gelu",
    ),
    "softmax_of_one": (
        lambda: [layers.LSTM(3), layers.Dense(1, activation="softmax", name="me")],
        "softmax",
    ),
    "backward_layer": (
        lambda: [
            layers.Bidirectional(
                layers.LSTM(3), backward_layer=layers.GRU(3, go_backwards=True), name="me"
            ),
            layers.Dense(1),
        ],
        "backward_layer",
    ),
    "pooling": (
        lambda: [
            layers.LSTM(3, return_sequences=True, name="me"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ],
        "return_sequences",
    ),
    "normalization": (
        lambda: [layers.LSTM(3), layers.LayerNormalization(name="me"), layers.Dense(1)],
        "LayerNormalization",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_layer_that_is_not_covered_is_named(case):
    tail, said = REFUSED[case]
    with pytest.raises(UnsupportedModelError) as caught:
        read_network(sequential(*tail()))
    assert "me" in str(caught.value)
    assert said in str(caught.value)
    assert "  expected: " in str(caught.value)


def test_a_model_without_a_recurrent_layer_is_refused():
    with pytest.raises(UnsupportedModelError, match="no recurrent layer"):
        read_network(sequential(layers.Dense(1)))


def test_a_model_without_a_head_is_refused():
    with pytest.raises(UnsupportedModelError, match="no layer left"):
        read_network(sequential(layers.LSTM(3)))


def test_a_model_without_its_tokenizer_is_refused():
    model = keras.Sequential(
        [keras.Input((None,)), layers.Embedding(9, 4), layers.LSTM(3), layers.Dense(1)]
    )
    with pytest.raises(UnsupportedModelError, match="a TextVectorization layer here"):
        read_network(model)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"standardize": lambda text: text}, "standardize"),
        ({"split": lambda text: text}, "split"),
        ({"output_mode": "multi_hot"}, "output_mode"),
        ({"ragged": True}, "ragged"),
        ({"encoding": "latin-1"}, "encoding"),
    ],
)
def test_a_tokenizer_outside_the_contract_is_refused(options, said):
    vectorization = layers.TextVectorization(vocabulary=["a", "b"], name="mine", **options)
    model = make_model()
    model._layers = [vectorization, *model.layers[1:]]
    with pytest.raises(UnsupportedModelError, match=f"layer mine: {said}"):
        read_network(model)


def test_a_vocabulary_larger_than_the_embedding_is_refused():
    tokenizer = make_tokenizer()
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            tokenizer,
            layers.Embedding(5, 4, name="mine"),
            layers.LSTM(3),
            layers.Dense(1),
        ]
    )
    with pytest.raises(UnsupportedModelError, match="larger than the embedding"):
        read_network(model)


@pytest.mark.parametrize("labels", [("a",), ("a", "b", "c"), ("a", "a")])
def test_labels_that_do_not_fit_are_refused(model, labels):
    with pytest.raises(OptionError, match="labels do not fit"):
        read_network(model, labels)


def test_labels_that_are_not_given_are_numbers(model):
    assert read_network(model).labels == ("0", "1")


def test_a_model_with_two_inputs_is_refused():
    one, two = (keras.Input((1,), dtype="string") for _ in range(2))
    tokenizer = make_tokenizer()
    both = layers.Concatenate()([tokenizer(one), tokenizer(two)])
    embedded = layers.Embedding(tokenizer.vocabulary_size(), 4)(both)
    model = keras.Model([one, two], layers.Dense(1)(layers.LSTM(3)(embedded)))
    with pytest.raises(UnsupportedModelError, match="not a chain of layers"):
        read_network(model)


def test_functional_and_nested_models_are_read():
    sequential_model = make_model()
    tokenizer, *rest = sequential_model.layers
    text = keras.Input((1,), dtype="string")
    nested = keras.Sequential(rest, name="nested")
    model = keras.Model(text, nested(tokenizer(text)))
    texts = make_texts(20)
    network, expected = read_network(model), read_network(sequential_model)
    assert keras_outputs(model, network, texts) == pytest.approx(
        keras_outputs(sequential_model, expected, texts), abs=1e-6
    )
    assert np.array_equal(network.embedding, expected.embedding)


def test_whether_padding_matters_is_found_out():
    assert read_network(make_model(mask=True, max_length=9)).pad_to is None
    assert read_network(make_model(mask=False, max_length=9)).pad_to == 9
    assert read_network(make_model(mask=False)).pad_to is None


def test_a_compiled_model_with_custom_names_is_loaded(tmp_path):
    model = make_model()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    assert read_network(load_keras(tmp_path / "model.keras")).head == "binary"


def refused(path, said):
    with pytest.raises(ModelFileError) as caught:
        load_keras(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    return str(caught.value)


def test_files_that_are_no_keras_model_are_refused(tmp_path, model_file):
    assert "edgernn train" in refused(tmp_path / "none.keras", "there is no model here")
    (tmp_path / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    refused(tmp_path / "x.h5", "save it again as NAME.keras")
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"a": 1}))
    refused(tmp_path / "x.pkl", "not a .keras file")
    (tmp_path / "cut.keras").write_bytes(model_file.read_bytes()[:2000])
    refused(tmp_path / "cut.keras", "not a .keras file")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    refused(tmp_path / "other.keras", "Keras cannot load this model")
    refused(tmp_path, "a folder without model.keras")


def test_a_lambda_layer_is_not_run(tmp_path):
    model = sequential(layers.LSTM(3), layers.Lambda(lambda x: x, name="evil"), layers.Dense(1))
    model.save(tmp_path / "model.keras")
    refused(tmp_path / "model.keras", "Keras cannot load this model safely")
