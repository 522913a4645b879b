"""What other routes do to these models, so that a change on their side is noticed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import onnx
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import open_engine
from tests.conftest import make_model


@pytest.fixture(scope="module")
def core():
    """Return the small model without its tokenizer, ids in."""
    import keras

    model = make_model()
    return keras.Sequential([keras.Input((None,), dtype="int32"), *model.layers[1:]])


def test_the_fused_operator_keeps_its_state_unless_it_is_reset(network):
    data = TARGETS["tflite"].writer.write(network, RECIPES["none"], "0" * 64)
    interpreter = Interpreter(model_content=data)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], (1, 3))
    interpreter.allocate_tensors()
    answers = []
    for reset in (True, False, True):
        if reset:
            interpreter.reset_all_variables()
        interpreter.set_tensor(source["index"], np.array([[2, 3, 4]], dtype=np.int32))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target["index"]).item())
    assert answers[0] == answers[2] != answers[1]


def test_the_converter_makes_the_same_operators_of_a_tf_keras_twin_and_clips(network, core):
    import tf_keras

    layers = tf_keras.layers
    ids = layers.Input(batch_shape=(1, None), dtype="int32")
    x = layers.Embedding(*network.embedding.shape)(ids)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(4))(x)
    x = layers.Dense(5, activation="relu")(x)
    twin = tf_keras.Model(ids, layers.Dense(1, activation="sigmoid")(x))
    twin.set_weights([network.embedding, *core.get_weights()[1:]])
    converted = tf.lite.TFLiteConverter.from_keras_model(twin).convert()
    ours = TARGETS["tflite"].writer.write(network, RECIPES["none"], "0" * 64)
    stats = TARGETS["tflite"].writer.read_stats
    assert stats(converted).operators == stats(ours).operators
    model = schema.ModelT.InitFromPackedBuf(converted, 0)
    options = [operator.builtinOptions for operator in model.subgraphs[0].operators]
    assert [o.cellClip for o in options if hasattr(o, "cellClip")] == [10.0] * 4
    row = np.array([2, 7, 5, 1, 9], dtype=np.int32)
    expected = open_engine("tflite", converted, 1).run(row)
    assert open_engine("tflite", ours, 1).run(row) == pytest.approx(expected, abs=1e-6)


def test_openvino_is_not_given_states_that_are_split_and_joined_again(network):
    # OpenVINO 2025.0 to 2026.4 end the process ("free(): invalid pointer") while they compile a graph
    # of Split, Squeeze and Concat, which is what two directions side by side look like by the book.
    data = TARGETS["onnx"].writer.write(network, RECIPES["none"], "0" * 64)
    operators = {node.op_type for node in onnx.load_from_string(data).graph.node}
    assert "LSTM" in operators
    assert not operators & {"Split", "Squeeze"}


def test_openvino_has_the_answers_of_onnx_runtime(network, tmp_path):
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed (the extra `peers`)")
    data = TARGETS["onnx"].writer.write(network, RECIPES["none"], "0" * 64)
    (tmp_path / "model.onnx").write_bytes(data)
    expected = open_engine("onnx", data, 1).run(np.array([2, 3, 4], dtype=np.int32))
    done = subprocess.run(
        [sys.executable, "-c", _OPENVINO, tmp_path / "model.onnx"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert np.allclose(list(map(float, done.stdout.split())), expected, rtol=0, atol=1e-5)


_OPENVINO = """
import sys
import numpy as np
import openvino
options = {"INFERENCE_PRECISION_HINT": "f32"}
compiled = openvino.Core().compile_model(sys.argv[1], "CPU", options)
ids, lengths = np.array([[2, 3, 4]], dtype=np.int32), np.array([3], dtype=np.int32)
print(*compiled({"ids": ids, "lengths": lengths})[0][0])
"""


def test_tf2onnx_makes_loops_of_a_masked_lstm(core):
    import tf2onnx

    function = tf.function(core, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=15)
    names = {node.op_type for node in model.graph.node}
    assert "Loop" in names
    assert "LSTM" not in names
    assert isinstance(model, onnx.ModelProto)
