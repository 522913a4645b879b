"""Layers from ids to ids in front of an Embedding become another order of its rows."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UncoveredError
from edgernn_export.keras.reader import read_source
from edgernn_runtime import load
from edgernn_runtime.ir import Network
from tests.conftest import make_texts, make_tokenizer

layers = keras.layers
TEXTS = make_texts(60, longest=9)
MAPS = {
    "lookup": lambda: layers.IntegerLookup(vocabulary=[9, 4, 7, 2, 5, 30, 12], mask_token=0),
    "hashing": lambda: layers.Hashing(num_bins=11, mask_value=0),
    "salted": lambda: layers.Hashing(num_bins=11, mask_value=0, salt=[3, 7]),
}


def build(layer, *, mask, rows=12):
    keras.utils.set_random_seed(3)
    embedding = layers.Embedding(rows, 4, mask_zero=mask, embeddings_initializer="normal")
    text, head = keras.Input((1,), dtype="string"), layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [text, make_tokenizer(output_sequence_length=9), layer, embedding, layers.GRU(3), head]
    )
    embedding.embeddings.assign(np.random.default_rng(0).normal(0, 2, (rows, 4)))
    return model


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("name", MAPS)
def test_the_bundle_predicts_what_keras_predicts(name, mask, tmp_path):
    model = build(MAPS[name](), mask=mask)
    expected = model(tf.constant(TEXTS)[:, None]).numpy()
    assert expected.std() > 0.01
    options, examples = Options("native", allow_drop=True), Examples(tuple(TEXTS), None, "file")
    with load(export(model, tmp_path / "x.edgernn", options, examples).path) as classifier:
        found = np.array([classifier.output(text) for text in TEXTS])
    assert np.abs(found - expected).max() <= 1e-5


@pytest.mark.parametrize(
    ("layer", "mask"),
    [
        # Without a mask value the padding gets a bin, and other ids get bin 0.
        (lambda: layers.Hashing(num_bins=5), True),
        (lambda: layers.IntegerLookup(vocabulary=[9, 4]), True),
    ],
)
def test_a_mask_of_other_ids_than_the_padding_is_not_covered(layer, mask):
    network = read_source(build(layer(), mask=mask)).network
    assert isinstance(network, UncoveredError)
    assert "id 0, the masked padding" in str(network)


def test_without_a_mask_the_padding_reads_the_row_of_its_bin():
    assert isinstance(read_source(build(layers.Hashing(num_bins=5), mask=False)).network, Network)
