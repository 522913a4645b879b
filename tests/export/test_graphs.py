"""Keras models whose layers make a graph: the reference, the C engine and the folder of C are Keras."""

from __future__ import annotations

import shutil

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UncoveredError, UnsupportedModelError
from edgernn_export.keras.padding import Stated
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime import load
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.ir import Network
from edgernn_runtime.ir_graph import Affine, Padding
from edgernn_runtime.reference import probabilities
from tests import graphs
from tests.conftest import make_texts
from tests.export.test_c_folder import PASSED, made
from tests.export.test_matrix import ids_of
from tests.export.test_text_front import TEXTS as TOKENIZER_TEXTS
from tests.export.test_text_front import (
    fitted,
    outputs,
    pipeline,
    sequences_of,
    write_reference,
)

native = pytest.importorskip(
    "edgernn_runtime.engines.native",
    reason="the engine in C was not built: there is no compiler",
)
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")

layers = keras.layers
#: Against Keras: the promise for floats; of halves and bytes, what these small random models lose.
BOUNDS = {"none": 1e-5, "float16": 0.005, "int8": 0.05}
#: Texts of 1 to 30 tokens: some are truncated to graphs.LENGTH.
TEXTS = ["film", "a", "film a", *make_texts(30, seed=2, longest=30)]
#: Keras does not broadcast the mask of these.
UNMASKED = (graphs.weights_by_a_product,)
CASES = [
    pytest.param(build, length, mask, id=f"{build.__name__}-{length}-{mask}")
    for build in graphs.BUILDERS
    for length in (graphs.LENGTH, None)
    for mask in (False, True)
    if (length or build in graphs.ANY_LENGTH) and not (mask and build in UNMASKED)
]


def check_model(model, texts=TEXTS):
    """Compare every recipe of a model with Keras and the reference, and return its network."""
    source = read_source(model)
    network = source.network
    assert isinstance(network, Network), network
    expected, ids = keras_outputs(source, texts), [ids_of(network, text) for text in texts]
    defined = np.stack([probabilities(network, row) for row in ids])
    assert np.abs(defined - expected).max() <= 1e-5
    for recipe, bound in BOUNDS.items():
        data = TARGETS["native"].writer.write(network, RECIPES[recipe], "0")
        found = np.stack([native.Engine(data, 1).run(row) for row in ids])
        assert np.abs(found - expected).max() <= bound, recipe
        read = np.stack([numpy_reference.Engine(data, 1).run(row) for row in ids])
        assert np.abs(found - read).max() <= (0.01 if recipe == "int8" else 1e-5), recipe
    return network, expected


@pytest.mark.parametrize(("build", "length", "mask"), CASES)
def test_a_graph_is_keras(build, length, mask):
    embeddings = graphs.BUILDERS[build]
    _, found = check_model(graphs.graph_model(build, length, mask, embeddings=embeddings))
    # What a text is matters, or nothing is compared.
    assert found.std(axis=0).max() > 1e-3


def test_a_masked_model_reads_bare_ids_and_pads_where_keras_ignores_the_mask():
    network, _ = check_model(graphs.graph_model(graphs.convolution_and_lstm, mask=True))
    assert network.task.pad_to is None
    assert isinstance(network.layers[0], Padding)
    assert np.array_equal(network.layers[0].row, network.embedding[0])
    network, _ = check_model(graphs.graph_model(graphs.convolution_and_lstm))
    assert network.task.pad_to == graphs.LENGTH
    network, _ = check_model(graphs.graph_model(graphs.transformer_block, mask=True))
    assert network.task.pad_to is None
    assert not any(isinstance(layer, Padding) for layer in network.layers)


def test_a_normalization_behind_a_product_is_part_of_it():
    network = read_source(graphs.graph_model(graphs.stack_of_convolutions)).network
    assert not any(isinstance(layer, Affine) for layer in network.layers)
    assert network.layers[0].activation == "relu"
    # The product of this one has an activation.
    network = read_source(graphs.graph_model(graphs.residual)).network
    assert sum(isinstance(layer, Affine) for layer in network.layers) == 1


def _operation(x):
    return graphs.head(keras.ops.sum(x, axis=1))


def _function(x):
    return graphs.head(layers.Lambda(lambda y: keras.ops.sum(y, axis=1))(x))


def test_an_operation_is_a_layer_and_a_function_is_not_guessed_at():
    check_model(graphs.graph_model(_operation))
    network = read_source(graphs.graph_model(_function)).network
    assert isinstance(network, UncoveredError)
    assert "Lambda" in str(network)


def _max_of_attention(x):
    return graphs.head(layers.GlobalMaxPooling1D()(layers.MultiHeadAttention(2, 3)(x, x)))


def _axis(x):
    return graphs.head(layers.LSTM(3)(layers.Concatenate(axis=1)([x, x])))


def _groups(x):
    return graphs.head(layers.GlobalMaxPooling1D()(layers.Conv1D(6, 3, groups=2)(x)))


def _separable(x):
    return graphs.head(layers.GlobalMaxPooling1D()(layers.SeparableConv1D(6, 3)(x)))


def _reversed(x):
    states = layers.LSTM(6, return_sequences=True, go_backwards=True)(x)
    return graphs.head(layers.LSTM(3)(layers.Add()([x, states])))


@pytest.mark.parametrize(
    ("build", "options", "words"),
    [
        (_max_of_attention, {"mask": True}, "padding has one value"),
        (_axis, {}, "axis=-1"),
        (_groups, {}, "groups"),
        (_separable, {}, "SeparableConv1D"),
        (_reversed, {"mask": True}, "mask of the other order"),
        (graphs.transformer_block, {"max_length": None}, "texts of one length"),
    ],
)
def test_what_a_graph_does_not_cover_is_a_sentence(build, options, words):
    network = read_source(graphs.graph_model(build, **options)).network
    assert isinstance(network, UncoveredError)
    assert words in str(network)


EXAMPLES = Examples(tuple(make_texts(60, seed=3)), None, "synthetic")


@pytest.mark.parametrize("build", [graphs.convolution_and_lstm, graphs.transformer_block])
def test_a_bundle_and_a_folder_of_c_verify_themselves(build, tmp_path):
    graphs.graph_model(build, mask=True, scale=2.0).save(tmp_path / "model.keras")
    for recipe in ("none", "int8"):
        options = Options("native", recipe, allow_drop=True)
        done = export(tmp_path / "model.keras", tmp_path / f"{recipe}.edgernn", options, EXAMPLES)
        assert done.lowering == "fused"
        with load(done.path) as classifier:
            assert classifier.self_test().passed
    if shutil.which("cc") and shutil.which("make"):
        options = Options("c", "int8", allow_drop=True)
        export(tmp_path / "model.keras", tmp_path / "c", options, EXAMPLES)
        assert made(tmp_path / "c", "test").startswith(PASSED)


def test_a_converted_graph_reads_the_padding_that_keras_has(tmp_path):
    # Native pads behind the embedding; a converted model has no such layer.
    graphs.graph_model(graphs.convolution_and_lstm, mask=True).save(tmp_path / "model.keras")
    options = Options("tflite", "none", allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.lowering == "fallback"
    assert "Conv1D" in done.warnings[0]
    assert done.comparison.max_change <= 1e-5
    with load(done.path) as classifier:
        assert len(classifier.tokenize("film")) == graphs.LENGTH


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize(
    "build",
    [
        graphs.convolution_and_lstm,
        graphs.weights_of_steps,
        graphs.transformer_block,
        graphs.residual,
        graphs.causal_attention,
    ],
)
def test_padding_in_front_of_a_text_is_that_of_keras(build, mask, tmp_path):
    # With an OOV token, because masked attention to no token at all is NaN in Keras.
    tokenizer = fitted(oov_token="<OOV>")
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())
    model = graphs.graph_of_ids(build, len(tokenizer.word_index) + 1, mask)
    predict = pipeline(model, sequences_of(tokenizer), "pre", "pre", graphs.LENGTH)
    texts = TOKENIZER_TEXTS[:60]
    options = Options(
        "native",
        tokenizer=tmp_path / "tokenizer.json",
        stated=Stated("pre", "pre"),
        reference=write_reference(tmp_path / "reference.csv", predict, texts),
    )
    done = export(model, tmp_path / "x.edgernn", options)
    assert done.lowering == "fused"
    assert np.abs(outputs(done.path, texts) - predict(texts)).max() <= 1e-5


#: Random layers of a sequence, as what `random_model` makes a layer of.
SEQUENCES = st.one_of(
    st.tuples(
        st.just("Conv1D"),
        st.fixed_dictionaries(
            {
                # Keras warns of a softmax over one column.
                "filters": st.integers(2, 6),
                "kernel_size": st.integers(1, 4),
                "padding": st.sampled_from(["valid", "same", "causal"]),
                "activation": st.sampled_from(["relu", "tanh", "softmax", "linear"]),
                "use_bias": st.booleans(),
            },
            optional={"strides": st.integers(1, 3)},
        ),
    ),
    st.tuples(
        st.sampled_from(["MaxPooling1D", "AveragePooling1D"]),
        st.fixed_dictionaries(
            {
                "pool_size": st.integers(1, 3),
                "strides": st.integers(1, 3),
                "padding": st.sampled_from(["valid", "same"]),
            }
        ),
    ),
    st.tuples(st.sampled_from(["LayerNormalization", "BatchNormalization"]), st.just({})),
    st.tuples(st.just("Activation"), st.fixed_dictionaries({"activation": st.just("sigmoid")})),
    st.tuples(st.just("Dense"), st.fixed_dictionaries({"units": st.integers(1, 6)})),
    st.tuples(
        st.sampled_from(["LSTM", "GRU"]),
        st.fixed_dictionaries({"units": st.integers(1, 5), "return_sequences": st.just(True)}),
    ),
    st.tuples(st.just("branch"), st.sampled_from(["Add", "Multiply", "Maximum", "Concatenate"])),
    st.tuples(st.just("attention"), st.booleans()),
)
REDUCTIONS = st.sampled_from(["GlobalMaxPooling1D", "GlobalAveragePooling1D", "Flatten", "LSTM"])


def random_model(x, description, reduction):
    for kind, options in description:
        if kind == "branch":
            x = getattr(layers, options)()([x, layers.Dense(x.shape[-1], activation="tanh")(x)])
        elif kind == "attention":
            x = layers.Attention()([x, x], use_causal_mask=options)
        else:
            x = getattr(layers, kind)(**options)(x)
    return graphs.head(
        layers.LSTM(3)(x) if reduction == "LSTM" else getattr(layers, reduction)()(x)
    )


@settings(max_examples=12)
@given(st.lists(SEQUENCES, min_size=1, max_size=4), REDUCTIONS, st.booleans(), st.integers(0, 1000))
def test_a_random_graph_is_keras(description, reduction, mask, seed):
    try:
        model = graphs.graph_model(
            lambda x: random_model(x, description, reduction), 20, mask, seed
        )
    except ValueError as error:
        # A window is longer than what the layers before it leave.
        if "output size" not in str(error) and "negative" not in str(error):
            raise
        return
    network = read_source(model).network
    if isinstance(network, UncoveredError):
        assert "padding has one value" in str(network)
        return
    try:
        check_model(model, TEXTS[:15])
    except UnsupportedModelError as error:
        if "Keras itself fails" not in str(error):
            raise
