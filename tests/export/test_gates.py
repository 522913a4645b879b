"""The gates pass what is right, whatever its weights and however many classes, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgernn_export import RECIPES, Examples, Options, export, exporter
from edgernn_export.comparison import compare
from edgernn_export.errors import GateError
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import read_source
from edgernn_export.lowering import lower
from edgernn_export.recipes import Fit, Gate
from edgernn_export.rounding import Storage, map_weights, rounding_errors
from edgernn_export.verification import check, fit_gate
from edgernn_runtime.reference import probabilities
from tests.builders import centre
from tests.conftest import make_texts
from tests.export.test_matrix import ids_of
from tests.intents import train_intents
from tests.models import MODELS
from tests.perturbations import PERTURBATIONS

TARGETS = ["tflite", "onnx", "native"]
#: A wrong file that differs from Keras by less than int8 may, with one bias of 77 moved.
TOO_CLOSE = ("a bias moved by 0.5", "int8")
SURE = "labels changed where Keras is sure"


def failed(figures, gate):
    return [one.name for one in check(figures, gate) if not one.passed]


@pytest.fixture(scope="module")
def texts():
    return Examples(tuple(make_texts(150, seed=5, longest=100)), None, "file")


@pytest.fixture(scope="module")
def large(tmp_path_factory, texts):
    """Return a model whose weights are so large that float32 loses more than 1e-5."""
    model = MODELS["merge_ave_sequences"][1]()
    for variable in model.trainable_variables:
        variable.assign(variable * 4)
    centre(model, texts.texts)
    path = tmp_path_factory.mktemp("large") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def intents(tmp_path_factory):
    done = train_intents(77, "bilstm", epochs=5, held_out=300)
    path = tmp_path_factory.mktemp("intents") / "model.keras"
    done.model.save(path)
    return path, Examples(done.texts, done.labels, "file")


@pytest.mark.parametrize("model_format", TARGETS)
def test_large_weights_pass_the_float_gate(large, texts, tmp_path, model_format):
    done = export(large, tmp_path / "x.edgernn", Options(model_format), texts)
    found = done.comparison
    # What float32 costs Keras itself is beyond the fixed bound, and so is the file's difference.
    assert found.max_change > 1e-5
    assert found.rounding_error > 1e-5
    (bound,) = (one.bound for one in done.checks if one.name == "max absolute error")
    assert found.max_change <= bound == pytest.approx(4 * found.rounding_error)


@pytest.mark.parametrize("model_format", TARGETS)
def test_many_classes_pass_though_not_each_occurs(intents, tmp_path, model_format):
    path, examples = intents
    done = export(path, tmp_path / "x.edgernn", Options(model_format, "int8"), examples)
    assert 2 <= done.comparison.classes_used < 77
    assert done.comparison.keras_accuracy > 0.8
    assert all(one.passed for one in done.checks)


def write_perturbed(monkeypatch, perturb):
    """Make the exporter write the file of a perturbed network."""

    def wrong(source, *rest):
        return lower(replace(source, network=perturb(source.network)), *rest)

    monkeypatch.setattr(exporter, "lower", wrong)


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        (name, recipe)
        for name in PERTURBATIONS
        for recipe in ("none", "int8")
        if (name, recipe) != TOO_CLOSE
    ],
)
def test_a_wrong_file_of_many_classes_fails(intents, tmp_path, monkeypatch, name, recipe):
    path, examples = intents
    write_perturbed(monkeypatch, PERTURBATIONS[name])
    with pytest.raises(GateError, match="outputs differ from Keras beyond the tolerance"):
        export(path, tmp_path / "x.edgernn", Options("native", recipe), examples)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_wrong_file_of_large_weights_fails(large, texts, tmp_path, monkeypatch, name):
    write_perturbed(monkeypatch, PERTURBATIONS[name])
    with pytest.raises(GateError, match="max absolute error"):
        export(large, tmp_path / "x.edgernn", Options("native"), texts)


def test_near_ties_do_not_count_and_sure_changes_do():
    gate = replace(RECIPES["int8"].gate, p99_change=0.02)
    keras = np.tile(np.float32([0.40, 0.38, 0.22]), (1000, 1))
    found = keras.copy()
    # A tenth of the texts change their label between two classes that Keras has within 0.02.
    found[:100] = [0.385, 0.395, 0.22]
    examples = Examples(("a",) * 1000, None, "file")
    near = compare(keras, found, "multiclass", examples, gate.sure_margin)
    assert (near.agreement, near.sure_changes) == (0.9, 0.0)
    assert failed(near, gate) == []
    # Six of them, of which Keras is sure: 0.6 % for the 0.5 % that are allowed.
    keras[:6] = [0.45, 0.33, 0.22]
    sure = compare(keras, found, "multiclass", examples, gate.sure_margin)
    assert sure.sure_changes == pytest.approx(0.006)
    assert any(name.startswith(SURE) for name in failed(sure, gate))
    keras[5] = [0.40, 0.38, 0.22]
    fewer = compare(keras, found, "multiclass", examples, gate.sure_margin)
    assert not any(name.startswith(SURE) for name in failed(fewer, gate))


def test_the_margin_is_to_the_label_that_the_file_chose():
    # The second label is a near tie, the third is not.
    keras = np.float32([[0.41, 0.40, 0.19], [0.41, 0.40, 0.19]])
    found = np.float32([[0.40, 0.41, 0.19], [0.30, 0.30, 0.40]])
    examples = Examples(("a", "b"), None, "file")
    assert compare(keras, found, "multiclass", examples, 0.04).sure_changes == 0.5


@pytest.mark.parametrize(("p", "is_sure"), [(0.515, False), (0.525, True), (0.475, True)])
def test_the_margin_of_one_sigmoid_is_between_its_two_classes(p, is_sure):
    keras, found = np.float32([[p]]), np.float32([[1 - p]])
    figures = compare(keras, found, "binary", Examples(("a",), None, "file"), 0.04)
    assert figures.agreement == 0
    assert figures.sure_changes == float(is_sure)


@pytest.fixture(scope="module")
def measured(texts):
    """Return a network, its ids, and Keras's outputs."""
    source = read_source(MODELS["bilstm"][1]())
    ids = [ids_of(source.network, text) for text in texts.texts[:20]]
    return source.network, ids, keras_outputs(source, texts.texts[:20])


def test_the_bound_follows_the_model_and_not_the_file(measured):
    network, ids, outputs = measured
    tight = replace(
        RECIPES["none"], gate=Gate(max_change=1e-9, fit=Fit(factor=4.0, least=1e-9, most=0.01))
    )
    bounds = [
        fit_gate(tight, 8, network, ids, outputs, outputs + np.float32(error))[0].max_change
        for error in (1e-6, 1e-3)
    ]
    assert bounds[0] == bounds[1] < 1e-5
    assert bounds[0] == 4 * rounding_errors(network, Storage("float32"), ids, outputs).max()
    # Beyond the most that any model may have, nothing is measured; and without a network.
    far = fit_gate(tight, 8, network, ids, outputs, outputs + np.float32(0.1))
    assert (far[0].max_change, far[1]) == (0.01, None)
    assert fit_gate(tight, 8, None, ids, outputs, outputs + np.float32(1e-3)) == (tight.gate, None)


def test_a_bound_is_never_raised_beyond_the_most(measured):
    network, ids, outputs = measured
    wide = Gate(max_change=1e-9, fit=Fit(factor=1e9, least=1e-9, most=0.01))
    gate, error = fit_gate(
        replace(RECIPES["none"], gate=wide), 8, network, ids, outputs, outputs + np.float32(1e-3)
    )
    assert error * 1e9 > gate.max_change == 0.01


def test_the_coarser_the_weights_the_larger_their_rounding_error(measured):
    network, ids, outputs = measured
    storages = (Storage("float32"), Storage("float16"), Storage("int8"), Storage("int8", bits=7))
    errors = [rounding_errors(network, one, ids, outputs).max() for one in storages]
    assert 0 < errors[0] < 1e-6 < errors[1] < 1e-3 < errors[2] < errors[3] < 0.1


def test_outputs_of_nan_pass_no_gate(measured):
    network, ids, outputs = measured
    examples = Examples(("a",) * len(ids), None, "file")
    for recipe in RECIPES.values():
        gate, _ = fit_gate(recipe, 8, network, ids, outputs, outputs * np.float32(np.nan))
        assert failed(compare(outputs, outputs * np.float32(np.nan), "binary", examples), gate)


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("name", MODELS)
def test_float64_weights_are_evaluated_in_float64(name):
    network = read_source(MODELS[name][1]()).network
    exact = map_weights(network, lambda weights: weights.astype(np.float64))
    for ids in (ids_of(network, text) for text in make_texts(2, seed=1)):
        found, single = probabilities(exact, ids), probabilities(network, ids)
        assert (found.dtype, single.dtype) == (np.float64, np.float32)
        # A step of float32 on the way would show: outputs would be multiples of its units.
        assert found == pytest.approx(single, abs=1e-5)
        assert (found != found.astype(np.float32)).any()
