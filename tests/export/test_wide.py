"""The wide path: HashedNgrams in Keras, read into a Network, equal to the NumPy reference."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn_export.errors import UncoveredError, UnsupportedModelError
from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.layers import read_wide
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_runtime.ir import Network
from edgernn_runtime.ngrams import COEFFICIENTS, hashes, keys
from edgernn_runtime.reference import probabilities, run_wide
from edgernn_runtime.tokenizer import Tokenizer, with_padding
from tests.conftest import make_texts, make_tokenizer
from tests.models import both, dense, joined_poolings, sequences, text_model, wide_model
from tests.networks import read_network

layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")


def filled(layer, ids, seed=0):
    """Give a HashedNgrams layer random weights, and its buckets the checksums of the ids."""
    layer.build(None)
    draw = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(draw.normal(0, 1, variable.shape))
    found = np.concatenate([hashes(row, layer.patterns, layer.buckets) for row in ids])
    checksums = np.zeros(layer.buckets, dtype=np.uint8)
    checksums[found // 256] = found % 256
    layer.checksums.assign(checksums)
    return layer


def test_the_hash_is_as_specified():
    ids = np.array([5, 7, 3])
    found = hashes(ids, ("bigram", "trigram", "skip"), 1000)
    a, b, c = 2654435761, 2246822519, 3266489917
    expected = [
        *(5 * a + 7 * b, 7 * a + 3 * b, 3 * a),
        *(5 * a + 7 * b + 3 * c, 7 * a + 3 * b, 3 * a),
        *(5 * b + 3 * c + 12345, 7 * b + 12345, 3 * b + 12345),
    ]
    assert found.tolist() == [value % 256_000 for value in expected]


def test_no_sum_of_a_hash_overflows_for_ids_below_2_to_the_24():
    largest = 2**24 - 1
    for coefficients in COEFFICIENTS.values():
        assert sum(factor * largest for factor in coefficients[:3]) + coefficients[3] < 2**63


def test_padding_has_no_key_and_changes_none():
    bare = keys(np.array([4, 9, 4]), 10, ("bigram", "skip"), 64)
    padded = keys(np.array([4, 9, 4, 0, 0, 0]), 10, ("bigram", "skip"), 64)
    assert bare.tolist() == padded.tolist()
    assert not len(keys(np.zeros(3, dtype=np.int32), 10, ("bigram",), 64))


def test_a_word_counts_once():
    assert keys(np.array([4, 4, 4]), 10, (), 64).tolist() == [4 * 256]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 19), max_size=12), min_size=1, max_size=4),
    st.integers(0, 2),
    st.sampled_from([("bigram",), ("bigram", "skip"), ("trigram", "bigram"), ()]),
)
def test_keras_layer_agrees_with_the_reference(texts, rank, patterns):
    longest = max(map(len, texts)) + 1
    ids = np.array([row + [0] * (longest - len(row)) for row in texts], dtype=np.int32)
    layer = filled(HashedNgrams(20, 31, 3, patterns, rank or None), ids)
    found = np.asarray(layer(ids))
    wide = read_wide(layer)
    for row, expected in zip(ids, found, strict=True):
        own = row[row != 0]
        assert np.allclose(run_wide(wide, own), expected, atol=1e-5)
        assert np.allclose(run_wide(wide, row), expected, atol=1e-5)


@pytest.mark.parametrize("max_length", [None, 12])
@pytest.mark.parametrize(
    "build",
    [
        lambda n: wide_model(outputs=1, max_length=n),
        lambda n: wide_model(outputs=4, max_length=n),
        lambda n: wide_model(outputs=4, max_length=n, rank=2),
        lambda n: wide_model(outputs=1, max_length=n, alone=True),
        lambda n: wide_model(outputs=3, max_length=n, alone=True, rank=2),
        lambda n: wide_model(outputs=1, max_length=n, mask=False),
        lambda n: joined_poolings(max_length=n),
        lambda n: joined_poolings(max_length=n, order=("average", "max", "average")),
    ],
)
def test_a_model_of_both_paths_is_read_as_keras_computes_it(build, max_length):
    source = read_source(build(max_length))
    assert isinstance(source.network, Network), source.network
    texts = make_texts(40)
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    for text, expected in zip(texts, keras_outputs(source, texts), strict=True):
        ids = with_padding(tokenizer.ids(text), source.task.pad_to)
        assert np.allclose(probabilities(source.network, ids), expected, atol=1e-5)


def test_the_layer_survives_saving(tmp_path):
    model = wide_model(outputs=3, rank=2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    ids = np.array([["a film"]], dtype=object)
    assert np.array_equal(np.asarray(model(ids)), np.asarray(again(ids)))


def test_a_wide_path_of_other_ids_is_not_covered():
    tokenizer, other = make_tokenizer(), make_tokenizer(output_sequence_length=3)
    text = keras.Input((1,), dtype="string")
    size = tokenizer.vocabulary_size()
    x = layers.Embedding(size, 6, mask_zero=True)(tokenizer(text))
    x = dense(1, None)(layers.GlobalMaxPooling1D()(both(sequences("LSTM"))(x)))
    wide = HashedNgrams(size, 8, 1, name="me")(layers.Identity()(other(text)))
    model = keras.Model(text, layers.Activation("sigmoid")(layers.Add()([x, wide])))
    with pytest.raises((UncoveredError, UnsupportedModelError)):
        read_network(model)


def test_a_table_smaller_than_the_vocabulary_is_refused():
    tokenizer = make_tokenizer()
    text = keras.Input((1,), dtype="string")
    wide = HashedNgrams(5, 8, 1, name="me")(tokenizer(text))
    with pytest.raises(UnsupportedModelError, match="me: the vocabulary is larger"):
        read_source(keras.Model(text, layers.Activation("sigmoid")(wide)))


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="bigram, trigram, skip"):
        HashedNgrams(5, 8, 1, patterns=("quadgram",))


def test_poolings_of_two_sequences_are_a_graph():
    tokenizer = make_tokenizer()
    text = keras.Input((1,), dtype="string")
    x = layers.Embedding(tokenizer.vocabulary_size(), 6, mask_zero=True)(tokenizer(text))
    y = both(sequences("LSTM"))(x)
    parts = [layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(y)]
    model = keras.Model(text, dense()(layers.Concatenate(name="me")(parts)))
    names = [type(layer).__name__ for layer in read_network(model).layers]
    assert names.count("Pooling") == 2
    assert "Combination" in names


def test_text_model_without_a_wide_path_has_none():
    assert (
        read_network(text_model(both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense())).wide
        is None
    )
