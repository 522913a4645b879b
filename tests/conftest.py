"""Shared fixtures: small Keras models, their texts, and the data beside the clone."""

from __future__ import annotations

import os
import random
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from edgernn_export import Examples, Options, export
from edgernn_runtime import load
from tests.networks import read_network

# Without a deadline, because a shared machine is slow at times. CI uses the same examples each
# time; a developer's machine uses new ones.
settings.register_profile(
    "edgernn",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("edgernn")

#: Files that take a minute or more. They run first, so that no worker is left with one at the end.
LONGEST_FILES = (
    "test_wheels.py",
    "test_traps.py",
    "test_tutorial.py",
    "test_distribute.py",
    "test_random_networks.py",
    "test_native_loader.py",
    "test_bench.py",
    "test_long_tokens.py",
    "test_continuation.py",
    "test_training.py",
)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

WORDS = [
    "good",
    "great",
    "fine",
    "best",
    "lovely",
    "moving",
    "bad",
    "poor",
    "dull",
    "worst",
    "weak",
    "boring",
    "film",
    "plot",
    "actor",
    "scene",
    "music",
    "story",
    "a",
    "the",
    "of",
    "and",
    "is",
    "was",
    "it",
    "i",
    "not",
    "very",
    "naïve",
    "café",
    "straße",
    "東京",
    "don't",
    "film's",
]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


def make_texts(count: int, seed: int = 0, longest: int = 30) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(1, longest))) for _ in range(count)]


def make_tokenizer(**options):
    layer = keras.layers.TextVectorization(max_tokens=60, **options)
    layer.adapt(np.array([" ".join(WORDS), *make_texts(50, seed=99)], dtype=object))
    return layer


def make_model(
    *,
    cell="LSTM",
    units=(8, 4),
    merge="concat",
    outputs=1,
    activation="sigmoid",
    mask=True,
    max_length=None,
    bidirectional=True,
    scale=2.0,
    seed=0,
    tokenizer=None,
    **cell_options,
):
    """Return a seeded Keras model, strings in; `scale` spreads its outputs."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    tokenizer = tokenizer or make_tokenizer(output_sequence_length=max_length)
    stack = [
        keras.Input((1,), dtype="string"),
        tokenizer,
        layers.Embedding(tokenizer.vocabulary_size(), 6, mask_zero=mask),
    ]
    for i, size in enumerate(units):
        one = getattr(layers, cell)(size, return_sequences=i < len(units) - 1, **cell_options)
        stack.append(layers.Bidirectional(one, merge_mode=merge) if bidirectional else one)
        stack.append(layers.Dropout(0.3))
    stack += [layers.Dense(5, activation="relu"), layers.Dense(outputs, activation=activation)]
    model = keras.Sequential(stack)
    draw = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(np.asarray(variable) * scale + draw.normal(0, 0.3, variable.shape))
    return model


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED_DATA.is_dir():
        pytest.skip("the data beside the clone, ../shared/data, is not here")
    return SHARED_DATA


@pytest.fixture(scope="session")
def model():
    """Return a small model of the default architecture: two BiLSTMs, one sigmoid."""
    return make_model()


@pytest.fixture(scope="session")
def model_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def network(model):
    return read_network(model, ("neg", "pos"))


@pytest.fixture(scope="session")
def bundles(model_file, tmp_path_factory):
    """Return every bundle of the model by (format, recipe)."""
    folder = tmp_path_factory.mktemp("bundles")
    found = {}
    examples = Examples(tuple(make_texts(200)), None, "file")
    for model_format in ("tflite", "onnx", "native"):
        for recipe in ("none", "float16", "int8"):
            done = export(
                model_file,
                folder / f"{model_format}-{recipe}.edgernn",
                # int8 changes the outputs of a small random model more than those of a trained one.
                Options(model_format, recipe, labels=("neg", "pos"), allow_drop=True),
                examples,
            )
            found[model_format, recipe] = done.path
    return found


@pytest.fixture(params=["tflite", "onnx", "native"])
def bundle(request, bundles):
    return bundles[request.param, "int8"]


@pytest.fixture
def classifier(bundle):
    with load(bundle) as opened:
        yield opened
