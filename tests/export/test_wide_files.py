"""The wide path in TFLite and ONNX files: equal to the NumPy reference, exact in int8."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given
from hypothesis import strategies as st

from edgernn_export import Examples, Options, export
from edgernn_export.errors import UnsupportedModelError
from edgernn_export.quantization import quantize
from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_export.tflite.calibration import calibrate
from edgernn_export.tflite.integer_writer import write_calibrated
from edgernn_runtime import load
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import HashedNgrams, Network, Task
from edgernn_runtime.ngrams import COEFFICIENTS, hashes, keys
from edgernn_runtime.reference import probabilities
from edgernn_runtime.self_test import run_self_test
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.conftest import make_texts
from tests.models import wide_model
from tests.networks import read_network

#: A file is made of these formats; native files have tests of their own.
NAMES = ("tflite", "onnx")
SPEC = TokenizerSpec("lower_and_strip_punctuation", "whitespace", None, None)
EXAMPLES = Examples(tuple(make_texts(60, seed=3)), None, "file")


def make_network(
    words=50, buckets=37, outputs=1, rank=None, patterns=("bigram", "skip"), known=(), seed=0
):
    """Return a network of a wide path alone; the n-grams of the ids `known` have a weight."""
    draw = np.random.default_rng(seed)
    checksums = draw.integers(0, 256, buckets).astype(np.uint8)
    found = hashes(np.array(known, dtype=np.int64), patterns, buckets)
    checksums[found // 256] = found % 256
    rows = draw.normal(0, 0.3, (words + buckets, rank or outputs)).astype(np.float32)
    # The row of the padding, which no text has: a file must not add it.
    rows[0] = 5
    projection = None if rank is None else draw.normal(0, 1, (rank, outputs)).astype(np.float32)
    bias = draw.normal(0, 1, outputs).astype(np.float32)
    wide = HashedNgrams("wide", patterns, rows, checksums, projection, bias)
    labels = tuple(str(i) for i in range(max(outputs, 2)))
    head = "binary" if outputs == 1 else "multiclass"
    vocabulary = tuple(b"%d" % i for i in range(words))
    return Network(Task(SPEC, vocabulary, head, labels), None, (), wide)


def write(network, name, recipe="none", variant="default"):
    if recipe == "int8-full":
        return write_calibrated(network, "0" * 64, calibrate(network, []))
    return TARGETS[name].get_writer(variant).write(network, RECIPES[recipe], "0" * 64)


def run(network, name, recipe, rows):
    engine = open_engine(name, write(network, name, recipe), 1)
    return np.stack([engine.run(row) for row in rows])


texts = st.lists(
    st.lists(st.integers(1, 49), min_size=1, max_size=40)
    | st.lists(st.integers(1, 3), min_size=1, max_size=40)
    | st.lists(st.integers(0, 2), min_size=1, max_size=6),
    min_size=1,
    max_size=6,
)


@given(
    texts,
    st.sampled_from([("bigram",), ("skip", "bigram"), ("trigram", "skip"), ("trigram",), ()]),
    st.sampled_from([(1, None), (3, None), (3, 2), (1, 4)]),
    st.integers(1, 60),
)
def test_any_ids_have_the_logits_of_the_reference(rows, patterns, sizes, buckets):
    rows = [np.array(row, dtype=np.int32) for row in rows]
    outputs, rank = sizes
    options = {"patterns": patterns, "buckets": buckets, "known": rows[0]}
    network = make_network(outputs=outputs, rank=rank, **options)
    expected = np.stack([probabilities(network, row) for row in rows])
    for name in NAMES:
        assert np.abs(run(network, name, "none", rows) - expected).max() <= 1e-5, name


def test_the_largest_ids_and_keys_do_not_overflow():
    # As many rows as TFLite takes, and one bucket, so that every n-gram has the last of them.
    words = 2**23 - 2
    ids = np.array([words - 1, words - 2, 1, words - 1], dtype=np.int32)
    network = make_network(buckets=1, known=ids)
    wide, found = network.wide, keys(ids, words, network.wide.patterns, 1)
    assert 2**31 - 512 <= found[-1] < 2**31 - 256
    weights = np.zeros((words + 1, 1), dtype=np.float32)
    weights[found // 256, 0] = np.arange(1, len(found) + 1) / 20
    network = replace(network, wide=replace(wide, weights=weights))
    expected = probabilities(network, ids)
    assert 0.5 < expected[0] < 1
    for name in NAMES:
        assert run(network, name, "none", [ids])[0] == pytest.approx(expected, abs=1e-6), name


def test_more_rows_than_tflite_can_sort_are_refused():
    network = make_network()
    weights = np.broadcast_to(np.float32(0), (2**23, 1))
    network = replace(network, wide=replace(network.wide, weights=weights))
    with pytest.raises(UnsupportedModelError, match="layer wide: TFLite sorts keys of 32 bits"):
        write(network, "tflite")


@pytest.mark.parametrize(("outputs", "rank"), [(1, None), (4, None), (4, 3)])
def test_int8_sums_are_exact(outputs, rank):
    draw = np.random.default_rng(2)
    rows = [draw.integers(1, 50, length).astype(np.int32) for length in (1, 2, 7, 40, 400)]
    network = make_network(buckets=900, outputs=outputs, rank=rank, known=rows[-1])
    weights = quantize(network.wide.weights).dequantized()
    dequantized = replace(network, wide=replace(network.wide, weights=weights))
    expected = np.stack([probabilities(dequantized, row) for row in rows])
    assert np.abs(expected - 0.5).min() < 0.45
    found = {
        (name, recipe): run(network, name, recipe, rows)
        for name, recipe in (("tflite", "int8"), ("tflite", "int8-full"), ("onnx", "int8"))
    }
    for key, values in found.items():
        assert np.abs(values - expected).max() <= 1e-6, key


def test_a_batch_of_padded_texts_has_the_logits_of_each_alone():
    draw = np.random.default_rng(4)
    lengths = np.array([12, 1, 2, 3, 11], dtype=np.int32)
    ids = draw.integers(1, 50, (5, 12)).astype(np.int32)
    network = make_network(outputs=3, known=ids[0])
    session = onnxruntime.InferenceSession(write(network, "onnx"))
    (found,) = session.run(None, {"ids": ids, "lengths": lengths})
    for row, length, values in zip(ids, lengths, found, strict=True):
        assert values == pytest.approx(probabilities(network, row[:length]), abs=1e-5)


def test_a_host_with_the_default_delegate_gets_the_same():
    rows = [np.array(row, dtype=np.int32) for row in ([4, 9, 4, 9, 4], [7], [3] * 30, [9, 4])]
    network = make_network(outputs=3, known=rows[0])
    interpreter = Interpreter(model_content=write(network, "tflite"))
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    for row in rows:
        interpreter.resize_tensor_input(source["index"], (1, len(row)))
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], row[np.newaxis])
        interpreter.invoke()
        found = interpreter.get_tensor(target["index"])[0]
        assert found == pytest.approx(probabilities(network, row), abs=1e-5)


def test_a_wide_path_alone_has_no_state():
    network = make_network()
    data = write(network, "tflite")
    assert data == write(network, "tflite", variant="stateless")
    (graph,) = schema.ModelT.InitFromPackedBuf(data, 0).subgraphs
    assert not any(tensor.isVariable for tensor in graph.tensors)
    assert write(network, "tflite", "int8") == write(network, "tflite", "int8-full")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
def test_the_model_statistics_name_the_wide_path(name, recipe):
    size = {"none": 4, "float16": 2, "int8": 1}[recipe]
    network = make_network(outputs=3, rank=2)
    stats = TARGETS[name].writer.read_stats(write(network, name, recipe))
    rows, projection, bias = (50 + 37) * 2 * size, 2 * 3 * 4, 3 * 4
    assert stats.weight_bytes == {RECIPES[recipe].weights: rows}
    least = rows + 37 + 1 + projection + bias
    assert least <= stats.parts["wide"] <= least + 40
    assert set(stats.parts) == {"wide", "other"}


def test_words_share_one_checksum():
    # A table with one for each word would be larger by their number.
    small, large = (len(write(make_network(words=n), "onnx", "int8")) for n in (100, 1100))
    assert large - small < 1000 + 20


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    ("name", "variant", "recipe"),
    [
        ("tflite", "default", "none"),
        ("tflite", "stateless", "int8"),
        ("tflite", "default", "int8-full"),
        ("onnx", "default", "float16"),
        ("onnx", "ort", "none"),
        ("onnx", "ort", "int8"),
    ],
)
def test_a_bundle_of_it_replays_and_explains(tmp_path, alone, name, variant, recipe):
    model = wide_model(outputs=3, alone=alone)
    model.save(tmp_path / "model.keras")
    options = Options(name, recipe, variant, allow_drop=True)
    done = export(tmp_path / "model.keras", tmp_path / "x.edgernn", options, EXAMPLES)
    assert done.lowering == "fused"
    assert done.comparison.max_change <= {"none": 1e-5, "float16": 1e-3}.get(recipe, 0.1)
    network = read_network(model)
    with load(done.path) as classifier:
        assert run_self_test(classifier).passed
        found = classifier.explain("good film not a plot")
        label = found.prediction.label
        assert [token.token for token in found.tokens] == ["good", "film", "not", "a", "plot"]
        without = classifier.predict("good film a plot").probabilities[label]
        weight = found.prediction.probability - without
        assert found.tokens[2].weight == pytest.approx(weight, abs=1e-6)
        if recipe == "none":
            ids = classifier.tokenize("good film a plot")
            index = classifier.bundle.manifest.labels.index(label)
            assert without == pytest.approx(probabilities(network, ids)[index], abs=1e-5)


def test_coefficients_of_every_pattern_are_lowered():
    # The files and the reference take the same table; a pattern's own weights must matter.
    ids = np.array([4, 9, 3, 4], dtype=np.int32)
    for pattern in COEFFICIENTS:
        network = make_network(buckets=999, patterns=(pattern,), known=ids)
        bare = replace(network, wide=replace(network.wide, patterns=()))
        change = np.abs(probabilities(network, ids) - probabilities(bare, ids)).max()
        assert change > 0.02
        for name in NAMES:
            found = run(network, name, "none", [ids])[0]
            assert found == pytest.approx(probabilities(network, ids), abs=1e-5), (name, pattern)
