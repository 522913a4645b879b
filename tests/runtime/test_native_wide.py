"""The wide path and joined poolings in model.bin and its two engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgernn_export.errors import UncoveredError
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.errors import EngineError
from edgernn_runtime.ir import HashedNgrams, Pooling
from edgernn_runtime.model_bin import JOINED_POOLINGS, WIDE, decode_model
from edgernn_runtime.model_header import HEADER, LAYER, TENSOR
from edgernn_runtime.ngrams import keys
from edgernn_runtime.reference import probabilities
from tests.runtime import wide_networks
from tests.runtime.test_native import VOCABULARY, network_of, run_all, texts, written
from tests.runtime.test_native_c import build, check_replay, needs_compiler
from tests.runtime.version_1 import mended
from tests.runtime.wide_networks import POOLINGS, bag_of, both_of, pooled_of, wide_of

native = pytest.importorskip(
    "edgernn_runtime.engines.native",
    reason="libedgernn was not compiled: no C compiler",
)

RECIPES = ("none", "float16", "int8")
LENGTHS = (1, 2, 3, 4, 5, 31, 32, 33, 64, 150, 2000)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", wide_networks.WIDE)
def test_a_bag_is_the_reference(name, recipe):
    network = bag_of(3, **wide_networks.WIDE[name])
    data = written(network, recipe)
    rows = texts(4, LENGTHS)
    expected = run_all(numpy_reference.Engine(data, 1), rows)
    assert np.abs(run_all(native.Engine(data, 1), rows) - expected).max() <= 1e-6
    change = np.abs(expected - np.stack([probabilities(network, ids) for ids in rows])).max()
    assert change <= {"none": 1e-6, "float16": 2e-3, "int8": 0.1}[recipe]
    assert (change > 0) == (recipe != "none")


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", wide_networks.WIDE)
def test_both_paths_are_the_reference(name, recipe):
    data = written(both_of(3, **wide_networks.WIDE[name]), recipe)
    rows = texts(4)
    expected = run_all(numpy_reference.Engine(data, 1), rows)
    change = np.abs(run_all(native.Engine(data, 1), rows) - expected)
    # As in the recurrent path alone: a state on the edge of two integers may fall either way.
    assert np.median(change) <= 1e-5
    assert change.max() <= (0.02 if recipe == "int8" else 1e-6)
    without = run_all(native.Engine(written(network_of(3), recipe), 1), rows)
    assert np.abs(expected - without).max() > 0.1


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", POOLINGS)
def test_joined_poolings_are_the_reference(name, recipe):
    network = pooled_of(3, name)
    data = written(network, recipe)
    rows = texts(4)
    expected = run_all(numpy_reference.Engine(data, 1), rows)
    change = np.abs(run_all(native.Engine(data, 1), rows) - expected)
    assert np.median(change) <= 1e-5
    assert change.max() <= (0.02 if recipe == "int8" else 1e-6)
    if recipe == "none":
        defined = np.stack([probabilities(network, ids) for ids in rows])
        assert np.abs(expected - defined).max() <= 1e-6


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("network", [bag_of(5), both_of(5), pooled_of(5, "four")])
def test_two_threads_have_the_answers_of_one_to_the_bit(network, recipe):
    data = written(network, recipe)
    rows = texts(6) * 10
    engine = native.Engine(data, 2)
    assert np.array_equal(run_all(engine, rows), run_all(native.Engine(data, 1), rows))
    engine.close()


@needs_compiler
def test_the_wide_path_is_clean_under_sanitizers(tmp_path):
    options = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    replay = str(build("replay", tmp_path / "replay", *options))
    networks = [bag_of(3, **shape) for shape in wide_networks.WIDE.values()]
    networks += [both_of(3), *(pooled_of(3, name) for name in POOLINGS)]
    for network in networks:
        for recipe in RECIPES:
            check_replay(tmp_path, network, recipe, replay)


def test_bytes_are_summed_to_the_same_bits_in_any_order():
    engine = native.Engine(written(bag_of(3, patterns=(), rank=7), "int8"), 1)
    ids = np.arange(1, VOCABULARY, dtype=np.int32)
    draw = np.random.default_rng(0)
    first = engine.run(ids).tobytes()
    assert all(engine.run(draw.permutation(ids)).tobytes() == first for _ in range(50))


def test_words_and_ngrams_count_once_and_padding_not_at_all():
    network = bag_of(3)
    engine = native.Engine(written(network, "none"), 1)
    ids = np.array([4, 9, 4, 9, 4, 9], dtype=np.int32)
    assert engine.run(ids).tobytes() == engine.run(np.tile(ids, 30)).tobytes()
    ids = np.array([7, 5, 3], dtype=np.int32)
    assert engine.run(ids).tobytes() == engine.run(np.append(ids, [0] * 9).astype("i4")).tobytes()
    bias = network.wide.bias
    found = engine.run(np.zeros(4, dtype=np.int32))
    assert found == pytest.approx(np.exp(bias) / np.exp(bias).sum(), abs=1e-6)


def test_a_bucket_of_another_checksum_has_no_weight():
    wide = wide_of(3)
    ids = np.array([4, 9, 4, 11, 30], dtype=np.int32)
    found = keys(ids, wide.words, wide.patterns, len(wide.checksums))
    buckets, checksums = np.divmod(found[found >= 256 * wide.words] - 256 * wide.words, 256)
    own, other = wide.checksums.copy(), wide.checksums.copy()
    own[buckets] = checksums
    other[buckets] = checksums + 1
    task = network_of(3).task
    outputs = []
    for one in (replace(wide, checksums=own), replace(wide, checksums=other)):
        data = written(replace(bag_of(3), task=task, wide=one), "none")
        outputs.append(native.Engine(data, 1).run(ids))
        assert outputs[-1] == pytest.approx(numpy_reference.Engine(data, 1).run(ids), abs=1e-6)
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01


@pytest.mark.parametrize("engine", [numpy_reference.Engine, native.Engine])
@pytest.mark.parametrize("network", [bag_of(1), both_of(1)])
def test_ids_lie_below_the_number_of_words(network, engine):
    opened = engine(written(network, "int8"), 1)
    opened.run(np.array([VOCABULARY - 1], dtype=np.int32))
    for ids in ([VOCABULARY], [-1], [3, 2**31 - 1]):
        with pytest.raises(EngineError):
            opened.run(np.array(ids, dtype=np.int32))


@pytest.mark.parametrize("name", wide_networks.WIDE)
def test_what_was_written_is_read(name):
    wide = wide_of(3, **wide_networks.WIDE[name])
    model = decode_model(written(replace(both_of(3), wide=wide), "none"))
    assert np.array_equal(model.wide.weights, wide.weights)
    assert np.array_equal(model.wide.checksums, wide.checksums)
    assert np.array_equal(model.wide.bias, wide.bias)
    assert set(model.wide.patterns) == set(wide.patterns)
    assert (model.wide.projection is None) == (wide.projection is None)
    assert wide.projection is None or np.array_equal(model.wide.projection, wide.projection)


def test_one_scale_serves_the_whole_table():
    wide = wide_of(3)
    found = decode_model(written(bag_of(3), "int8")).wide.weights
    unit = np.float32(np.abs(wide.weights).max() / 127)
    assert np.array_equal(found, np.rint(wide.weights / unit) * unit)


def test_rows_of_words_beyond_the_vocabulary_are_left_out():
    network, wide = bag_of(3), wide_of(3)
    more = np.concatenate([wide.weights[:VOCABULARY], np.ones((9, 3)), wide.weights[VOCABULARY:]])
    larger = replace(network, wide=replace(wide, weights=more.astype(np.float32)))
    assert written(larger, "none") == written(network, "none")
    for ids in texts(4):
        assert np.allclose(probabilities(larger, ids), probabilities(network, ids), atol=1e-6)


def test_a_table_without_buckets_is_written_with_one():
    network, wide = bag_of(3), wide_of(3, patterns=())
    bare = replace(wide, weights=wide.weights[:VOCABULARY], checksums=wide.checksums[:0])
    network = replace(network, wide=bare)
    data = written(network, "none")
    for ids in texts(4):
        expected = probabilities(network, ids)
        assert native.Engine(data, 1).run(ids) == pytest.approx(expected, abs=1e-6)


def test_more_than_a_record_holds_is_not_covered():
    network = network_of(3)
    layers = (*network.layers[:2], Pooling("me", ("max",) * 5), network.layers[-1])
    with pytest.raises(UncoveredError, match="me joins too many poolings"):
        written(replace(network, layers=layers), "none")
    rows = 2**24 - VOCABULARY
    shape = (VOCABULARY + rows, 1)
    weights = np.broadcast_to(np.float32(0), shape)
    wide = HashedNgrams("me", (), weights, np.zeros(rows, np.uint8), None, np.zeros(1, np.float32))
    with pytest.raises(UncoveredError, match="me has too many weights"):
        written(replace(network, wide=wide), "none")


def test_new_parts_have_new_kinds_so_that_older_readers_refuse_them():
    # A reader of before knew kinds 1 to 3, and gave the first tensor two dimensions.
    for network, kind, place in (
        (bag_of(3), WIDE, 0),
        (both_of(3), WIDE, 4),
        (pooled_of(3, "both"), JOINED_POOLINGS, 2),
    ):
        data = written(network, "int8")
        assert LAYER.unpack_from(data, HEADER.size + place * LAYER.size)[0] == kind > 3


def test_the_census_of_a_bag():
    writer = TARGETS["native"].writer
    wide = wide_of(3, rank=5)
    for recipe, width, scale in (("none", 4, 0), ("float16", 2, 0), ("int8", 1, 4)):
        stats = writer.read_stats(written(bag_of(3, rank=5), recipe))
        names = {"none": "float32", "float16": "float16", "int8": "int8"}
        assert stats.weight_bytes == {names[recipe]: wide.weights.size * width}
        assert stats.operators == {"wide": 1}
        rest = len(wide.checksums) + 4 * (wide.bias.size + wide.projection.size) + scale
        assert stats.parts == {"wide": wide.weights.size * width + rest}
    stats = writer.read_stats(written(both_of(3), "int8"))
    assert stats.operators == {"recurrent": 2, "pooling": 1, "dense": 1, "wide": 1}
    assert set(stats.weight_bytes) == {"int8"}
    assert "embedding" in stats.parts


#: What is wrong in a bag's file, the place of the number behind the header, and what is named.
TABLE = LAYER.size
WRONG = {
    "words": (4, 49, "one row per word and bucket"),
    "no_words": (4, 0, "one row per word and bucket"),
    "patterns": (8, 8, "patterns below 8"),
    "projection": (12, 2, "has_projection of 0 or 1"),
    "no_projection": (12, 1, "a tensor below 3"),
    "tensors": (16, 1, "tensor 1 of float32, float16, int8 table"),
    "rows_with_scales": (TABLE, 2, "tensor 0 of float32, float16, int8 table"),
    "dtype": (TABLE, 6, "dtype below 6"),
    "scale": (TABLE + 32, 1 << 20, "a section inside"),
    "signed_checksums": (TABLE + TENSOR.size, 2, "tensor 1 of uint8"),
    "checksums": (TABLE + TENSOR.size + 8, 63, "one row per word and bucket"),
    "bias_of_bytes": (TABLE + 2 * TENSOR.size, 5, "tensor 2 of float32"),
    "outputs": (TABLE + 2 * TENSOR.size + 8, 2, "rows of 3 to 2 outputs"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_number_is_named(case):
    at, value, named = WRONG[case]
    data = bytearray(written(bag_of(3), "int8"))
    data[HEADER.size + at : HEADER.size + at + 4] = value.to_bytes(4, "little")
    with pytest.raises(EngineError, match=named):
        decode_model(mended(bytes(data)))


def test_paths_that_differ_are_refused():
    network = both_of(3)
    for wide in (wide_of(3, outputs=2), replace(wide_of(3), bias=np.zeros(4, np.float32))):
        data = written(replace(network, wide=wide), "none")
        with pytest.raises(EngineError, match=r"two paths|outputs"):
            decode_model(data)
    with pytest.raises(EngineError, match="two paths"):
        decode_model(_changed(written(network, "none"), HEADER.size + 4 * LAYER.size + 4, 49, -1))


def _changed(data, at, words, buckets):
    """Return a file with other words, and `buckets` more buckets with checksums."""
    changed = bytearray(data)
    changed[at : at + 4] = words.to_bytes(4, "little")
    first = int.from_bytes(data[at + 12 : at + 16], "little")
    dimension = HEADER.size + 5 * LAYER.size + (first + 1) * TENSOR.size + 8
    count = int.from_bytes(data[dimension : dimension + 4], "little") - buckets
    changed[dimension : dimension + 4] = count.to_bytes(4, "little")
    return mended(bytes(changed))


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize(
    ("network", "layers", "tensors"),
    [(bag_of(2, rank=5), 1, 4), (both_of(2), 5, 18), (pooled_of(2, "four"), 4, 16)],
)
def test_numbers_are_refused_by_both_readers_alike(network, layers, tensors):
    data = written(network, "int8")
    tables = HEADER.size + layers * LAYER.size + tensors * TENSOR.size
    assert HEADER.unpack_from(data)[3:5] == (layers, tensors)
    draw = np.random.default_rng(0)
    values = [0, 1, 2, 3, 4, 5, 6, 7, 49, 50, 64, 255, 2**31, 2**32 - 1]
    outcomes = []
    for _ in range(1500):
        changed = bytearray(data)
        at = int(draw.integers(0, tables // 4)) * 4
        changed[at : at + 4] = int(draw.choice(values)).to_bytes(4, "little")
        taken = [
            _is_taken(engine, mended(bytes(changed)))
            for engine in (numpy_reference.Engine, native.Engine)
        ]
        assert taken[0] == taken[1], (at, changed[at : at + 4])
        outcomes.append(taken[0])
    assert 0 < sum(outcomes) < len(outcomes)


def _is_taken(engine, data):
    try:
        engine(data, 1)
    except EngineError:
        return False
    return True
