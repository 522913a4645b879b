"""Random models of every covered form: the NumPy reference is Keras, and so are the files."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn_export.errors import UncoveredError
from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.recipes import RECIPES
from edgernn_runtime.engines import open_engine
from edgernn_runtime.reference import probabilities
from tests.builders import know, spread, text_model
from tests.conftest import make_texts, make_tokenizer
from tests.export.test_matrix import ids_of
from tests.networks import FILE_TARGETS

layers = keras.layers
#: What any weights leave bounded, so that no state grows beyond what a float keeps to 1e-5.
BOUNDED = ("tanh", "sigmoid", "hard_sigmoid", "softsign")
POOLINGS = ("GlobalMaxPooling1D", "GlobalAveragePooling1D")


@st.composite
def cells(draw, is_sequence):
    kind = draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    options = {
        "return_sequences": is_sequence,
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from(BOUNDED)),
    }
    if kind != "SimpleRNN":
        options["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    if kind == "GRU":
        options["reset_after"] = draw(st.booleans())
    return kind, options


@st.composite
def recurrent(draw, is_sequence):
    """Return units, the first cell, the second or None, and how they are merged, or None."""
    units, backwards = draw(st.integers(1, 6)), draw(st.booleans())
    kind, options = draw(cells(is_sequence))
    first = kind, {**options, "units": units, "go_backwards": backwards}
    form = draw(st.sampled_from(["plain", "both", "own"]))
    if form == "plain":
        return first, None, None
    second = None
    if form == "own" or backwards:
        kind, options = draw(cells(is_sequence))
        second = kind, {**options, "units": units, "go_backwards": not backwards}
    return first, second, draw(st.sampled_from(["concat", "sum", "ave", "mul"]))


def build_recurrent(first, second, merge):
    layer, other = (
        None if one is None else getattr(layers, one[0])(**one[1]) for one in (first, second)
    )
    if merge is None:
        return layer
    return layers.Bidirectional(layer, backward_layer=other, merge_mode=merge)


@st.composite
def descriptions(draw):
    """Return what `build` makes a model of, so that a failing one can be read."""
    depth = draw(st.integers(1, 3))
    poolings = draw(st.lists(st.sampled_from(POOLINGS), max_size=3))
    outputs = draw(st.integers(1, 4))
    return {
        "recurrent": [
            draw(recurrent(is_sequence=i < depth - 1 or bool(poolings))) for i in range(depth)
        ],
        "poolings": poolings,
        "wide": draw(st.none() | wide_paths()),
        "dense": draw(
            st.lists(
                st.tuples(
                    st.integers(1, 5),
                    st.sampled_from(["relu", "tanh", "gelu", "selu", "softplus"]),
                ),
                max_size=2,
            )
        ),
        "head": (
            outputs,
            draw(st.sampled_from(["linear", "sigmoid", "softmax"] if outputs > 1 else ["sigmoid"])),
        ),
        "options": {
            "max_length": draw(st.sampled_from([None, 6, 25])),
            "mask": draw(st.booleans()),
            "scale": draw(st.sampled_from([0.5, 1.0])),
            "seed": draw(st.integers(0, 1000)),
        },
    }


@st.composite
def wide_paths(draw):
    """Return the options of a wide path, and whether it is the only path."""
    patterns = st.sampled_from(["bigram", "trigram", "skip"])
    return {
        "buckets": draw(st.integers(1, 50)),
        "patterns": draw(st.lists(patterns, unique=True)),
        "rank": draw(st.none() | st.integers(1, 3)),
    }, draw(st.booleans())


def build(description, texts):
    """Return the model: a recurrent path, a wide path, or both with their logits added up."""
    options = description["options"]
    tokenizer = make_tokenizer(output_sequence_length=options["max_length"])
    text = keras.Input((1,), dtype="string")
    ids, size = tokenizer(text), tokenizer.vocabulary_size()
    (outputs, activation), logits, is_alone = description["head"], [], False
    if description["wide"] is not None:
        wide_options, is_alone = description["wide"]
        logits.append(HashedNgrams(size, outputs=outputs, **wide_options)(ids))
    if not is_alone:
        x = layers.Embedding(size, 6, mask_zero=options["mask"])(ids)
        logits.append(layers.Dense(outputs)(build_recurrent_path(description, x)))
    total = logits[0] if len(logits) == 1 else layers.Add()(logits)
    model = spread(
        keras.Model(text, layers.Activation(activation)(total)), options["scale"], options["seed"]
    )
    for layer in model.layers:
        if isinstance(layer, HashedNgrams):
            know(layer, tokenizer, texts)
    return model


def build_recurrent_path(description, x):
    for one in description["recurrent"]:
        x = build_recurrent(*one)(x)
    poolings = [getattr(layers, name)()(x) for name in description["poolings"]]
    if poolings:
        x = poolings[0] if len(poolings) == 1 else layers.Concatenate()(poolings)
    for one in description["dense"]:
        x = layers.Dense(*one)(x)
    return x


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@settings(max_examples=40)
@given(descriptions(), st.integers(0, 1000))
def test_a_random_model_is_the_same_everywhere(description, seed):
    texts = make_texts(12, seed=seed, longest=30)
    source = read_source(build(description, texts))
    if isinstance(source.network, UncoveredError):
        # The one thing that a Network does not cover of these.
        assert "mask of the other order" in str(source.network)
        return
    expected = keras_outputs(source, texts)
    ids = [ids_of(source.network, text) for text in texts]
    found = np.stack([probabilities(source.network, row) for row in ids])
    assert np.abs(found - expected).max() <= 1e-5
    for target in FILE_TARGETS.values():
        engine = open_engine(
            target.name, target.writer.write(source.network, RECIPES["none"], "0"), 1
        )
        found = np.stack([engine.run(one) for one in ids])
        assert np.abs(found - expected).max() <= 1e-5, target.name


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_large_weights_and_cells_beyond_ten(cell):
    # Gates that are wide open: an LSTM's cell adds up over a text.
    model = text_model(layers.Bidirectional(getattr(layers, cell)(4)), layers.Dense(3))
    spread(model, scale=12.0, seed=3)
    if cell == "LSTM":
        for layer in (model.layers[2].forward_layer, model.layers[2].backward_layer):
            kernel, recurrent_kernel, bias = layer.get_weights()
            gates = np.split(bias, 4)
            bias = np.concatenate([gates[0] + 20, gates[1] + 20, gates[2], gates[3]])
            layer.set_weights([kernel, recurrent_kernel, bias])
    source = read_source(model)
    texts = make_texts(60, seed=5)
    expected = keras_outputs(source, texts)
    ids = [ids_of(source.network, text) for text in texts]
    found = np.stack([probabilities(source.network, row) for row in ids])
    assert np.abs(found - expected).max() <= 1e-5
