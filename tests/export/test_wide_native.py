"""Keras models with a wide path or joined poolings, through the native format and the C folder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from edgernn_export import Examples, Options, export
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.lowering import lower
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime import load
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.ir import Network
from edgernn_runtime.reference import probabilities
from edgernn_runtime.tokenizer import Tokenizer, with_padding
from tests.conftest import make_texts
from tests.export.test_c_folder import PASSED, made
from tests.models import joined_poolings, wide_model

native = pytest.importorskip(
    "edgernn_runtime.engines.native",
    reason="the engine in C was not built: there is no compiler",
)
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")

MODELS = {
    "binary": wide_model,
    "multiclass": lambda: wide_model(outputs=4),
    "padded": lambda: wide_model(max_length=12),
    "unmasked": lambda: wide_model(max_length=12, mask=False),
    "rank": lambda: wide_model(outputs=4, rank=2),
    "bag": lambda: wide_model(alone=True),
    "bag_padded": lambda: wide_model(outputs=3, max_length=12, alone=True),
    "bag_rank": lambda: wide_model(outputs=3, alone=True, rank=2),
    "poolings": joined_poolings,
    "poolings_padded": lambda: joined_poolings(max_length=40),
    "poolings_unmasked": lambda: joined_poolings(max_length=40, mask=False),
    "three_poolings": lambda: joined_poolings(order=("average", "max", "average")),
}
#: Against Keras: the promise for floats; of halves and bytes, what these small random models lose.
BOUNDS = {"none": 1e-5, "float16": 0.01, "int8": 0.15}
TEXTS = make_texts(40)
EXAMPLES = Examples(tuple(make_texts(120, seed=3)), None, "synthetic")


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_is_keras_and_the_reference(name):
    source = read_source(MODELS[name]())
    network = source.network
    assert isinstance(network, Network), network
    tokenizer = Tokenizer(source.task.tokenizer, source.task.vocabulary)
    rows = [with_padding(tokenizer.ids(text), network.task.pad_to) for text in TEXTS]
    keras, defined = keras_outputs(source, TEXTS), [probabilities(network, ids) for ids in rows]
    for recipe, bound in BOUNDS.items():
        lowered = lower(source, TARGETS["native"], RECIPES[recipe], "default", "0" * 64)
        assert lowered.lowering == "fused"
        data = lowered.members["model.bin"]
        found = np.stack([native.Engine(data, 1).run(ids) for ids in rows])
        assert np.abs(found - keras).max() <= bound
        assert np.abs(found - np.stack(defined)).max() <= bound
        if recipe != "int8" or network.embedding is None:
            expected = np.stack([numpy_reference.Engine(data, 1).run(ids) for ids in rows])
            assert np.abs(found - expected).max() <= 1e-6


@pytest.mark.parametrize("recipe", BOUNDS)
@pytest.mark.parametrize("name", ["bag", "multiclass", "poolings"])
def test_a_bundle_verifies_itself(name, recipe, tmp_path):
    MODELS[name]().save(tmp_path / "model.keras")
    options = Options("native", recipe, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert (done.lowering, "wide" in done.stats.operators) == ("fused", name != "poolings")
    with load(done.path) as classifier:
        assert classifier.self_test().passed
        assert classifier.predict("a good film").label in classifier.labels


@pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("make") is None, reason="there is no C compiler"
)
@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("bag", "none"),
        ("bag", "float16"),
        ("bag", "int8"),
        ("bag_rank", "int8"),
        ("multiclass", "int8"),
        ("poolings_padded", "int8"),
    ],
)
def test_a_folder_of_c_passes_its_vectors(name, recipe, tmp_path):
    MODELS[name]().save(tmp_path / "model.keras")
    options = Options("c", recipe, allow_drop=True)
    export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
    assert made(tmp_path / "c", "test").startswith(PASSED)
