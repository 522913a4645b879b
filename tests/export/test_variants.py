"""The variants: `stateless` TFLite files and `.ort` files."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgernn_export import Examples, Options, export
from edgernn_export.errors import ModelStatsError, OptionError
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime import load
from tests.conftest import make_texts
from tests.models import both, cell, dense, text_model
from tests.networks import read_network

EXAMPLES = Examples(tuple(make_texts(120, seed=3)), None, "file")


def answers_without_reset(data, rows):
    interpreter = Interpreter(model_content=data)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    interpreter.resize_tensor_input(source["index"], (1, rows.shape[1]))
    interpreter.allocate_tensors()
    for row in rows:
        interpreter.set_tensor(source["index"], row[np.newaxis])
        interpreter.invoke()
        found.append(interpreter.get_tensor(target["index"])[0])
    return np.array(found)


@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
def test_a_stateless_file_needs_no_reset_and_has_one_subgraph(network, recipe):
    writer = TARGETS["tflite"].writer
    data = TARGETS["tflite"].get_writer("stateless").write(network, RECIPES[recipe], "0" * 64)
    rows = np.random.default_rng(0).integers(1, 30, (20, 12)).astype(np.int32)
    together = answers_without_reset(data, rows)
    alone = np.array([answers_without_reset(data, row[np.newaxis])[0] for row in rows])
    assert together.tobytes() == alone.tobytes()
    plain = writer.write(network, RECIPES[recipe], "0" * 64)
    expected = np.array([answers_without_reset(plain, row[np.newaxis])[0] for row in rows])
    # The flush adds zeros to sums of products; it changes nothing but their order.
    assert together == pytest.approx(expected, abs=1e-6)
    # The plain file does leak, so that the test can tell.
    assert np.abs(answers_without_reset(plain, rows) - expected).max() > 1e-3
    assert len(schema.ModelT.InitFromPackedBuf(data, 0).subgraphs) == 1
    stats = writer.read_stats(data)
    assert stats.operators["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 4


def test_a_flush_forgets_the_largest_of_states():
    # Weights that drive a cell far beyond what a trained model has.
    model = text_model(both(cell("LSTM", 4)), dense(), scale=12.0)
    network = read_network(model)
    data = TARGETS["tflite"].get_writer("stateless").write(network, RECIPES["none"], "0" * 64)
    rows = np.random.default_rng(0).integers(1, 30, (10, 300)).astype(np.int32)
    together = answers_without_reset(data, rows)
    alone = np.array([answers_without_reset(data, row[np.newaxis])[0] for row in rows])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("recipe", ["none", "int8"])
def test_an_ort_bundle_answers_and_lists_its_operators(model_file, tmp_path, recipe):
    options = Options("onnx", recipe, variant="ort", allow_drop=True)
    done = export(model_file, tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.comparison.max_change <= {"none": 1e-5, "int8": 0.5}[recipe]
    with load(done.path) as classifier:
        assert classifier.bundle.manifest.model == "model.ort"
        assert classifier.bundle.model[4:8] == b"ORTM"
        assert classifier.predict("good film").label in ("0", "1")
    with zipfile.ZipFile(done.path) as archive:
        operators = archive.read("required_operators.config").decode()
    assert {"none": "LSTM", "int8": "DynamicQuantizeLSTM"}[recipe] in operators
    assert "/tmp" not in operators


def test_an_ort_file_that_would_lose_its_halves_is_refused(tmp_path):
    model = text_model(both(cell("LSTM", 48)), dense(), embedding_dim=64)
    model.save(tmp_path / "model.keras")
    options = Options("onnx", "float16", variant="ort", allow_drop=True)
    with pytest.raises(ModelStatsError, match="does not keep the recipe float16"):
        export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(("name", "variant"), [("onnx", "stateless"), ("tflite", "ort")])
def test_a_flavour_of_another_format_is_refused(model_file, tmp_path, name, variant):
    with pytest.raises(OptionError, match=f"--{variant} does not fit the format"):
        export(model_file, tmp_path / "x.edgernn", Options(name, variant=variant), EXAMPLES)


def test_a_stateless_gru_is_a_loop_as_it_is(tmp_path):
    model = text_model(both(cell("GRU")), dense())
    model.save(tmp_path / "model.keras")
    options = Options("tflite", variant="stateless", allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.lowering == "loop"
    assert done.comparison.max_change <= 1e-5


def test_a_stateless_state_without_a_bound_becomes_a_loop():
    # A flush outweighs a state within -1 and 1; relu has no such bound.
    network = read_network(text_model(cell("LSTM", activation="relu"), dense(), scale=0.7))
    writer = TARGETS["tflite"].writer
    for variant, operator in (("default", "UNIDIRECTIONAL_SEQUENCE_LSTM"), ("stateless", "WHILE")):
        data = TARGETS["tflite"].get_writer(variant).write(network, RECIPES["none"], "0" * 64)
        assert operator in writer.read_stats(data).operators
