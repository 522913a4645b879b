"""Both writers: fused, quantized as asked, and equal to Keras."""

from __future__ import annotations

import json

import flatbuffers
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgernn_export.errors import ModelStatsError
from edgernn_export.model_stats import ModelStats, check_fallback_stats, check_stats
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS, find_target
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import Dense, Direction, Network, Recurrent, Task
from edgernn_runtime.reference import probabilities
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.conftest import make_model
from tests.networks import FILE_TARGETS, read_network

HASH = "0" * 64
#: The recipes of both formats; `int8-full` has tests of its own.
SHARED = ("none", "float16", "int8")
#: Every length up to 40, and some random ids at each.
LENGTHS = [*range(1, 41), 200]


def random_ids(network, length, seed):
    draw = np.random.default_rng(seed)
    return draw.integers(1, len(network.task.vocabulary), length).astype(np.int32)


def engine_for(model_format, network, recipe="none"):
    data = TARGETS[model_format].writer.write(network, RECIPES[recipe], HASH)
    return open_engine(model_format, data, 1)


@pytest.mark.parametrize("model_format", FILE_TARGETS)
@pytest.mark.parametrize("recipe", ["float16", "int8"])
def test_quantized_files_stay_near_the_reference(network, model_format, recipe):
    engine = engine_for(model_format, network, recipe)
    bound = {"float16": 0.01, "int8": 0.15}[recipe]
    for length in LENGTHS[:-1]:
        ids = random_ids(network, length, length)
        assert engine.run(ids) == pytest.approx(probabilities(network, ids), abs=bound)


@pytest.mark.parametrize("model_format", FILE_TARGETS)
@pytest.mark.parametrize("recipe", SHARED)
def test_files_are_fused_and_hold_the_weights_asked_for(network, model_format, recipe):
    writer = TARGETS[model_format].writer
    stats = writer.read_stats(writer.write(network, RECIPES[recipe], HASH))
    assert check_stats(stats, RECIPES[recipe], writer.FOREIGN, writer.LOOPS) == "fused"
    fused = {
        ("tflite", True): ("UNIDIRECTIONAL_SEQUENCE_LSTM", 4),
        ("tflite", False): ("UNIDIRECTIONAL_SEQUENCE_LSTM", 4),
        ("onnx", True): ("DynamicQuantizeLSTM", 2),
        ("onnx", False): ("LSTM", 2),
        ("native", True): ("recurrent", 2),
        ("native", False): ("recurrent", 2),
    }
    name, count = fused[model_format, recipe == "int8"]
    assert stats.operators[name] == count
    assert set(stats.weight_bytes) == {RECIPES[recipe].weights}
    matrices = sum(
        [network.embedding.size]
        + [d.kernel.size + d.recurrent.size for r in network.layers[:2] for d in r.directions]
        + [dense.kernel.size for dense in network.layers[2:]]
    )
    assert (
        sum(stats.weight_bytes.values()) == matrices * {"none": 4, "float16": 2, "int8": 1}[recipe]
    )


@pytest.mark.parametrize("model_format", FILE_TARGETS)
def test_the_same_network_gives_the_same_bytes(network, model_format):
    writer = TARGETS[model_format].writer
    first, second = (writer.write(network, RECIPES["int8"], HASH) for _ in range(2))
    assert first == second


def test_a_file_that_is_not_as_asked_is_refused():
    recipe, fine = RECIPES["int8"], {"int8": 9}
    with pytest.raises(
        ModelStatsError, match="weights of the written file do not follow the recipe int8"
    ):
        check_stats(ModelStats({}, {"float32": 9}, 9, {}), recipe, (), ())
    with pytest.raises(ModelStatsError, match="do not follow the recipe"):
        check_stats(ModelStats({}, {"float32": 9, "int8": 9}, 9, {}), recipe, (), ())
    with pytest.raises(ModelStatsError, match="operators that a slim runtime lacks"):
        check_stats(ModelStats({"FlexTensorListReserve": 1}, fine, 9, {}), recipe, ("Flex",), ())
    with pytest.raises(ModelStatsError, match="operators that a slim runtime lacks"):
        check_fallback_stats(ModelStats({"CUSTOM": 1}, fine, 9, {}), recipe, ("CUSTOM",))
    with pytest.raises(ModelStatsError, match="do not follow the recipe"):
        check_fallback_stats(ModelStats({}, {"float32": 9, "int8": 8}, 9, {}), recipe, ())
    check_fallback_stats(ModelStats({}, {"float32": 9, "int8": 9}, 9, {}), recipe, ())
    assert check_stats(ModelStats({"WHILE": 1}, fine, 9, {}), recipe, (), ("WHILE",)) == "loop"


def test_the_cell_is_not_clipped(network):
    # TensorFlow's converter writes 10; Keras clips nothing.
    model = schema.ModelT.InitFromPackedBuf(
        TARGETS["tflite"].writer.write(network, RECIPES["none"], HASH), 0
    )
    options = [o.builtinOptions for o in model.subgraphs[0].operators]
    clips = [o.cellClip for o in options if hasattr(o, "cellClip")]
    assert clips == [0.0] * 4


def counting_network():
    """Return a network whose cell counts: +1 for token 2, -1 for token 3."""
    kernel, bias = np.float32([[0, 0, 30, 0]]), np.float32([30, 30, 0, 30])
    counter = Direction("lstm", kernel, np.zeros((1, 4), np.float32), bias)
    vocabulary = (b"", b"[UNK]", b"more", b"less")
    return Network(
        task=Task(TokenizerSpec(), vocabulary, "binary", ("less", "more")),
        embedding=np.float32([[0], [0], [1], [-1]]),
        layers=(Recurrent("counter", counter), Dense("head", np.float32([[4]]), np.float32([0]))),
    )


def test_cells_beyond_ten_are_right():
    network, ids = counting_network(), np.int32([2] * 40 + [3] * 35)
    expected = probabilities(network, ids)
    assert expected > 0.9
    for model_format in FILE_TARGETS:
        assert engine_for(model_format, network).run(ids) == pytest.approx(expected, abs=1e-5)
    # The same file with the converter's clip answers the opposite, so the test can tell.
    model = schema.ModelT.InitFromPackedBuf(
        TARGETS["tflite"].writer.write(network, RECIPES["none"], HASH), 0
    )
    for operator in model.subgraphs[0].operators:
        if hasattr(operator.builtinOptions, "cellClip"):
            operator.builtinOptions.cellClip = 10.0
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    assert open_engine("tflite", bytes(builder.Output()), 1).run(ids) < 0.1


@pytest.mark.parametrize("recipe", SHARED)
def test_constants_of_tflite_files_are_aligned(network, recipe):
    data = TARGETS["tflite"].writer.write(network, RECIPES[recipe], HASH)
    model = schema.Model.GetRootAsModel(data, 0)
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0


def test_tflite_files_carry_vocabulary_hash_and_labels(network):
    data = TARGETS["tflite"].writer.write(network, RECIPES["int8"], "ab" * 32)
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (entry,) = model.metadata
    about = json.loads(bytes(model.buffers[entry.buffer].data))
    assert about == {"edgernn.vocabulary_sha256": "ab" * 32, "labels": ["neg", "pos"]}
    (signature,) = model.signatureDefs
    assert signature.signatureKey == b"serving_default"
    assert [i.name for i in signature.inputs] == [b"ids"]
    assert [o.name for o in signature.outputs] == [b"probabilities"]


def test_onnx_files_carry_vocabulary_hash_and_labels(network):
    data = TARGETS["onnx"].writer.write(network, RECIPES["int8"], "ab" * 32)
    model = onnx.load_model_from_string(data)
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["edgernn.vocabulary_sha256"] == "ab" * 32
    assert json.loads(about["edgernn.labels"]) == ["neg", "pos"]
    assert {o.domain: o.version for o in model.opset_import} == {"": 14, "com.microsoft": 1}


@pytest.mark.parametrize("recipe", SHARED)
def test_onnx_batches_of_padded_texts_have_the_answers_of_each_alone(network, recipe):
    import onnxruntime

    data = TARGETS["onnx"].writer.write(network, RECIPES[recipe], HASH)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rows = [random_ids(network, length, length) for length in (1, 5, 12, 3)]
    ids = np.zeros((4, 12), dtype=np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    lengths = np.array([len(row) for row in rows], dtype=np.int32)
    (batch,) = session.run(None, {"ids": ids, "lengths": lengths})
    engine = open_engine("onnx", data, 1)
    # In eight bits the activations of a batch share one scale.
    bound = 0.1 if recipe == "int8" else 1e-6
    for row, output in zip(rows, batch, strict=True):
        assert engine.run(row) == pytest.approx(output, abs=bound)


def test_a_layer_named_like_the_output_does_no_harm():
    import keras

    model = make_model()
    clone = keras.Sequential([*model.layers[:-1], keras.layers.Dense(1, name="probabilities")])
    clone.build((None, 1))
    network = read_network(clone)
    for model_format in FILE_TARGETS:
        engine_for(model_format, network).run(np.array([2, 3], dtype=np.int32))


def test_seven_bits_give_one_answer_on_every_processor(network):
    # u8 x s8 pairs are summed in 16 bits on x86 without VNNI: 2 * 255 * 63 fits, 127 does not.
    model = onnx.load_model_from_string(
        TARGETS["onnx"].writer.write(network, RECIPES["int8"], HASH)
    )
    products = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.name != "embedding"
    ]
    assert products
    assert max(int(np.abs(array.astype(int)).max()) for array in products) == 63
    assert 2 * 255 * 63 < 2**15


@pytest.mark.parametrize("name", ["tflight", "TFLITE", "coreml", ""])
def test_an_unknown_format_is_refused(name):
    with pytest.raises(Exception, match="there is no such format"):
        find_target(name)
