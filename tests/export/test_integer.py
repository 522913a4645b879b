"""The integer-only recipe: near Keras, integers throughout, and its kernel's silent limit."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgernn_export import Examples, Options, export
from edgernn_export.errors import OptionError, UnsupportedModelError
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.lowering import lower
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_export.tflite import integer_layers
from edgernn_export.tflite.calibration import calibrate
from edgernn_export.tflite.integer_writer import write_calibrated
from edgernn_runtime.engines import open_engine
from edgernn_runtime.reference import probabilities
from tests.conftest import make_texts
from tests.export.test_formats import counting_network
from tests.export.test_matrix import ids_of
from tests.models import both, cell, dense, joined_poolings, sequences, text_model, wide_model

layers = keras.layers
TFLITE, RECIPE = TARGETS["tflite"], RECIPES["int8-full"]
TEXTS = make_texts(80, seed=4)

MODELS = {
    "lstm": lambda: text_model(cell("LSTM"), dense(), scale=1.0),
    "bilstm_stack": lambda: text_model(
        both(sequences("LSTM")), both(cell("LSTM", 4)), dense(5, "relu"), dense(), scale=1.0
    ),
    "backwards": lambda: text_model(
        sequences("LSTM", go_backwards=True), cell("LSTM"), dense(), scale=1.0
    ),
    "product": lambda: text_model(both(cell("LSTM"), merge_mode="mul"), dense(), scale=1.0),
    "maximum": lambda: text_model(
        both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense(3, "softmax"), scale=1.0
    ),
    "average": lambda: text_model(
        both(sequences("LSTM")), layers.GlobalAveragePooling1D(), dense(3, "sigmoid"), scale=1.0
    ),
    "dense_first": lambda: text_model(dense(7, "relu"), both(cell("LSTM")), dense(), scale=1.0),
    "padded": lambda: text_model(both(cell("LSTM")), dense(), scale=1.0, max_length=20, mask=False),
    "joined": joined_poolings,
    "joined_other_order": lambda: joined_poolings(order=("average", "max")),
    "wide": wide_model,
    "wide_multiclass_with_rank": lambda: wide_model(outputs=4, rank=2),
    "wide_alone": lambda: wide_model(alone=True),
}


def written(source):
    return lower(source, TFLITE, RECIPE, "default", "0" * 64, TEXTS).members[TFLITE.member]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("name", MODELS)
def test_integers_are_near_keras(name):
    source = read_source(MODELS[name]())
    engine = open_engine("tflite", written(source), 1)
    expected = keras_outputs(source, TEXTS)
    rows = [ids_of(source.network, text) for text in TEXTS]
    found = np.stack([engine.run(row) for row in rows])
    assert np.abs(found - expected).max() <= 0.05
    again = np.stack([engine.run(row) for row in reversed(rows)])[::-1]
    assert found.tobytes() == np.ascontiguousarray(again).tobytes()


def test_nothing_between_ids_and_probabilities_is_a_float(network):
    source = read_source(MODELS["bilstm_stack"]())
    model = schema.ModelT.InitFromPackedBuf(written(source), 0)
    (graph,) = model.subgraphs
    floats = [t.name for t in graph.tensors if t.type == schema.TensorType.FLOAT32]
    assert floats == [b"probabilities"]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
def test_only_the_last_step_of_a_wide_path_is_a_float():
    source = read_source(wide_model())
    model = schema.ModelT.InitFromPackedBuf(written(source), 0)
    (graph,) = model.subgraphs
    name_of = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    floats = {
        name_of[model.operatorCodes[operator.opcodeIndex].builtinCode]
        for operator in graph.operators
        if graph.tensors[operator.outputs[0]].type == schema.TensorType.FLOAT32
    }
    assert floats == {"CAST", "SUM", "MUL", "ADD", "DEQUANTIZE", "LOGISTIC"}


def test_a_cell_of_six_integer_bits_is_right():
    network, ids = counting_network(), np.int32([2] * 40 + [3] * 35)
    found = calibrate(network, [ids])
    assert found[0].cells[0] == pytest.approx(40, abs=1)
    data = write_calibrated(network, "0", found)
    expected = probabilities(network, ids)
    assert open_engine("tflite", data, 1).run(ids) == pytest.approx(expected, abs=0.05)


def test_the_kernel_fails_in_silence_at_seven_integer_bits(monkeypatch):
    # What a cell beyond 64 asks for; saturated there, its tanh is 1 all the same.
    network = read_source(text_model(both(cell("LSTM", 16)), dense(), scale=2.0)).network
    rows = [ids_of(network, text) for text in TEXTS]
    found = tuple(replace(one, cells=(100.0,) * len(one.cells)) for one in calibrate(network, rows))
    expected = np.stack([probabilities(network, row) for row in rows])

    def largest_change():
        data = write_calibrated(network, "0", found)
        engine = open_engine("tflite", data, 1)
        return np.abs(np.stack([engine.run(row) for row in rows]) - expected).max()

    assert largest_change() <= 0.05
    monkeypatch.setattr(integer_layers, "_MOST_CELL_BITS", 7)
    assert largest_change() > 0.1


REFUSED = {
    "gru": (lambda: text_model(cell("GRU", name="me"), dense()), "gru tanh sigmoid"),
    "activation": (
        lambda: text_model(cell("LSTM", activation="relu", name="me"), dense()),
        "lstm relu sigmoid",
    ),
    "merge": (lambda: text_model(both(cell("LSTM"), merge_mode="sum", name="me"), dense()), "sum"),
    "dense": (
        lambda: text_model(cell("LSTM"), layers.Dense(3, "gelu", name="me"), dense()),
        "gelu",
    ),
    "fallback": (
        lambda: text_model(cell("LSTM"), layers.LayerNormalization(name="me"), dense()),
        "LayerNormalization",
    ),
    "pad_row": (
        lambda: text_model(
            both(sequences("LSTM")), layers.GlobalMaxPooling1D(name="me"), dense(), max_length=9
        ),
        "padded steps",
    ),
}


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_integer_form_is_refused_by_name(case, tmp_path):
    build, found = REFUSED[case]
    build().save(tmp_path / "model.keras")
    examples = Examples(tuple(TEXTS), None, "file")
    options = Options("tflite", "int8-full", allow_drop=True)
    with pytest.raises(UnsupportedModelError) as caught:
        export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, examples)
    assert "layer me" in str(caught.value)
    assert found in str(caught.value)
    assert "--quantize int8" in str(caught.value)


def test_texts_without_a_word_cannot_calibrate():
    source = read_source(MODELS["lstm"]())
    with pytest.raises(OptionError, match="no text to calibrate on"):
        lower(source, TFLITE, RECIPE, "default", "0" * 64, ["", "..."])
