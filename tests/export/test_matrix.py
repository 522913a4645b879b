"""Every covered form of model, through every format, variant and recipe."""

from __future__ import annotations

import numpy as np
import pytest

from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.lowering import lower
from edgernn_export.recipes import RECIPES
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import Network
from edgernn_runtime.reference import probabilities
from edgernn_runtime.tokenizer import Tokenizer, with_padding
from tests.conftest import make_texts
from tests.models import FUSED, MODELS
from tests.networks import FILE_TARGETS

HASH = "0" * 64
#: A text of each number of words from 1 to 40 (0 needs no engine), and some of any.
TEXTS = (
    *(" ".join(make_texts(1, seed=n)[0].split()[:1] * n) for n in range(1, 41)),
    *(" ".join((make_texts(3, seed=n)[0] + " film a plot" * n).split()[:n]) for n in range(1, 41)),
    *make_texts(20, seed=5, longest=60),
)
#: Against Keras: the promise for floats; for the small random models here, what halves and bytes
#: of such weights lose at most. A trained model is held to more, in benchmarks/trained.py.
BOUNDS = {"none": 1e-5, "float16": 0.01, "int8": 0.7}


def ids_of(network, text):
    ids = Tokenizer(network.task.tokenizer, network.task.vocabulary).ids(text)
    return with_padding(ids, network.task.pad_to)


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("name", MODELS)
def test_every_file_is_keras(name):
    lowering, build = MODELS[name]
    source = read_source(build())
    network = source.network
    assert isinstance(network, Network), network
    expected = keras_outputs(source, TEXTS)
    ids = [ids_of(network, text) for text in TEXTS]
    reference = np.stack([probabilities(network, row) for row in ids])
    assert np.abs(reference - expected).max() <= BOUNDS["none"]
    for target in FILE_TARGETS.values():
        for variant in ("default", "stateless") if target.name == "tflite" else ("default",):
            for recipe in (RECIPES[name] for name in BOUNDS):
                lowered = lower(source, target, recipe, variant, HASH)
                check_file(lowered, target, recipe, variant, ids, expected)
                if target.name == "onnx" or variant == "default":
                    assert lowered.lowering == (lowering if target.name == "tflite" else FUSED)


def check_file(lowered, target, recipe, variant, ids, expected):
    engine = open_engine(target.name, lowered.members[target.member], 1)
    if variant == "stateless":
        # The state of the text before is there, and must not matter.
        engine._interpreter.reset_all_variables = lambda: None
    found = np.stack([engine.run(one) for one in ids])
    change = np.abs(found - expected).max()
    assert change <= BOUNDS[recipe.name], (target.name, variant, recipe.name)
    again = np.stack([engine.run(one) for one in reversed(ids)])[::-1]
    assert found.tobytes() == np.ascontiguousarray(again).tobytes(), "A-B-A"


def test_there_are_enough_models():
    assert len(MODELS) >= 60
