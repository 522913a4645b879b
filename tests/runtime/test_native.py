"""The engine in C: its kernels agree with each other and with the NumPy reference."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.errors import EngineError
from edgernn_runtime.ir import (
    GATES,
    Activation,
    Dense,
    Direction,
    Network,
    Pooling,
    Recurrent,
    Task,
)
from edgernn_runtime.tokenizer import TokenizerSpec
from tests.runtime.version_1 import mended

_native = pytest.importorskip(
    "edgernn_runtime._native", reason="libedgernn was not compiled: no C compiler"
)
from edgernn_runtime.engines import native  # noqa: E402

KERNELS = _native.kernels()
VOCABULARY = 50


def direction(draw, cell, size, units, **options):
    width = GATES[cell] * units
    rows = 2 if cell == "gru" and options.get("reset_after", True) else 1
    bias = draw.normal(0, 0.3, (rows, width)).astype(np.float32)
    return Direction(
        cell,
        draw.normal(0, 0.4, (size, width)).astype(np.float32),
        draw.normal(0, 0.4, (units, width)).astype(np.float32),
        bias if rows == 2 else bias[0],
        **options,
    )


def network_of(seed, cell="lstm", units=(24, 16), embedding=20, merge="concat", **options):
    """Return two bidirectional layers, pooling and a dense head with weights drawn at random."""
    draw = np.random.default_rng(seed)
    layers, size = [], embedding
    for i, hidden in enumerate(units):
        forward = direction(draw, cell, size, hidden, **options)
        backward = direction(draw, cell, size, hidden, **{**options, "reverse": True})
        layers.append(Recurrent(f"r{i}", forward, backward, merge, return_sequences=True))
        size = layers[-1].output_size
    head = Dense("head", draw.normal(0, 1, (size, 3)).astype(np.float32), np.zeros(3, np.float32))
    layers += [Pooling("pool", ("max",)), head]
    vocabulary = tuple(b"%d" % i for i in range(VOCABULARY))
    task = Task(TokenizerSpec(), vocabulary, "multiclass", ("a", "b", "c"))
    table = draw.normal(0, 0.5, (VOCABULARY, embedding)).astype(np.float32)
    return Network(task, table, tuple(layers))


def written(network, recipe):
    return TARGETS["native"].writer.write(network, RECIPES[recipe], "0" * 64)


def texts(seed, lengths=(1, 2, 3, 4, 5, 31, 32, 33, 64, 150)):
    draw = np.random.default_rng(seed)
    return [draw.integers(0, VOCABULARY, length).astype(np.int32) for length in lengths]


def run_all(engine, rows):
    return np.stack([engine.run(ids) for ids in rows])


SHAPES = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "gru_before": {"cell": "gru", "reset_after": False},
    "rnn": {"cell": "rnn"},
    "odd_sizes": {"units": (5, 17), "embedding": 7},
    "one_unit": {"units": (1, 1), "embedding": 1},
    "sum": {"merge": "sum", "units": (24, 24)},
    "ave": {"merge": "ave"},
    "mul": {"merge": "mul"},
    "relu": {"activation": "relu"},
    "hard_sigmoid": {"gate_activation": "hard_sigmoid"},
    "softplus_of_padding": {"cell": "rnn", "activation": "softplus", "units": (5, 3)},
    "softsign": {"cell": "gru", "activation": "softsign"},
    "wide": {"units": (130, 70), "embedding": 100},
}


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_engine_is_the_reference(shape, recipe, kernels):
    data = written(network_of(3, **SHAPES[shape]), recipe)
    rows = texts(4)
    expected = run_all(numpy_reference.Engine(data, 1), rows)
    found = run_all(native.Engine(data, 1, kernels), rows)
    change = np.abs(found - expected)
    if recipe == "int8":
        # Integer products are exact; a state on the edge of two integers may fall either way, and
        # what follows differs by a 127th of it.
        assert np.median(change) <= 1e-5
        assert change.max() <= 0.02
    else:
        assert change.max() <= 2e-5 if shape in ("softplus_of_padding", "relu") else 1e-6


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_of_a_dense_layer(activation):
    network = network_of(9)
    draw = np.random.default_rng(0)
    kernel = draw.normal(0, 2, (32, 40)).astype(np.float32)
    dense = Dense("dense", kernel, draw.normal(0, 1, 40).astype(np.float32), activation)
    head = Dense("head", draw.normal(0, 0.1, (40, 3)).astype(np.float32), np.zeros(3, np.float32))
    network = replace(network, layers=(*network.layers[:-1], dense, head))
    data = written(network, "none")
    expected = run_all(numpy_reference.Engine(data, 1), texts(10))
    assert np.abs(run_all(native.Engine(data, 1), texts(10)) - expected).max() <= 2e-6


def test_a_dense_layer_on_every_step_and_a_mean():
    network = network_of(11)
    draw = np.random.default_rng(0)
    dense = Dense(
        "each", draw.normal(0, 1, (32, 9)).astype(np.float32), np.ones(9, np.float32), "tanh"
    )
    head = Dense("head", draw.normal(0, 1, (9, 3)).astype(np.float32), np.zeros(3, np.float32))
    layers = (*network.layers[:2], dense, Pooling("pool", ("average",)), head)
    for recipe in ("none", "int8"):
        data = written(replace(network, layers=layers), recipe)
        expected = run_all(numpy_reference.Engine(data, 1), texts(12))
        found = run_all(native.Engine(data, 1), texts(12))
        assert np.median(np.abs(found - expected)) <= 1e-5
        assert np.abs(found - expected).max() <= (1e-6 if recipe == "none" else 0.02)


def test_the_fastest_kernels_are_the_default():
    engine = _native.Engine(written(network_of(1), "none"))
    assert engine.kernels == KERNELS[0]
    assert KERNELS[-1] == "portable"


def test_what_is_no_model_is_refused():
    data = bytearray(written(network_of(1), "int8"))
    for offset, value in ((0, 0), (8, 3), (12, 9), (16, 0), (24, 1), (96, 2), (128, 7)):
        changed = bytearray(data)
        changed[offset] = value
        with pytest.raises(EngineError, match="cannot load the model"):
            native.Engine(mended(bytes(changed)), 1)
        with pytest.raises(EngineError):
            numpy_reference.Engine(mended(bytes(changed)), 1)
    for end in (0, 5, 127, 128, 500, len(data) - 1):
        with pytest.raises(EngineError):
            native.Engine(bytes(data[:end]), 1)
    with pytest.raises(EngineError, match="no such kernels"):
        native.Engine(bytes(data), 1, "abacus")


def test_a_sum_that_might_not_fit_into_32_bits_is_refused_by_both_readers():
    data = written(network_of(1, units=(1, 1), embedding=65537), "int8")
    with pytest.raises(EngineError, match="out of range"):
        native.Engine(data, 1)
    with pytest.raises(EngineError) as caught:
        numpy_reference.Engine(data, 1)
    assert caught.value.expected == "at most 65,536 inputs and units"
    written_at_the_bound = written(network_of(1, units=(1, 1), embedding=65536), "int8")
    ids = texts(1)[:3]
    expected = run_all(numpy_reference.Engine(written_at_the_bound, 1), ids)
    assert np.abs(run_all(native.Engine(written_at_the_bound, 1), ids) - expected).max() <= 0.02


@pytest.mark.parametrize("ids", [[], [-1], [VOCABULARY], [3, 2**31 - 1]])
def test_wrong_ids_are_refused(ids):
    engine = native.Engine(written(network_of(1), "int8"), 1)
    with pytest.raises(EngineError, match="the engine failed on the ids"):
        engine.run(np.array(ids, dtype=np.int32))


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_numbers_are_refused_by_both_readers_alike():
    # Both read the same files: of thousands of files with one changed number, none is taken by one
    # reader alone.
    data = written(network_of(2), "int8")
    draw = np.random.default_rng(0)
    tables = 128 + 4 * 64 + 14 * 40
    taken = 0
    for _ in range(3000):
        changed = bytearray(data)
        at = int(draw.integers(0, tables // 4)) * 4
        changed[at : at + 4] = int(draw.choice([0, 1, 2, 3, 64, 255, 2**31, 2**32 - 1])).to_bytes(
            4, "little"
        )
        found = []
        for engine in (numpy_reference.Engine, native.Engine):
            try:
                engine(mended(bytes(changed)), 1)
                found.append(True)
            except EngineError:
                found.append(False)
        assert found[0] == found[1], (at, changed[at : at + 4])
        taken += found[0]
    assert 0 < taken < 3000


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("shape", ["lstm", "gru", "odd_sizes", "sum"])
def test_two_threads_have_the_answers_of_one_to_the_bit(shape, recipe):
    data = written(network_of(5, **SHAPES[shape]), recipe)
    rows = texts(6) * 10
    engine = native.Engine(data, 2)
    assert np.array_equal(run_all(engine, rows), run_all(native.Engine(data, 1), rows))
    engine.close()


def test_a_model_is_shared_by_engines_and_threads():
    data = written(network_of(7), "int8")
    rows = texts(8) * 20
    expected = run_all(native.Engine(data, 1), rows)
    found = {}

    def work(number):
        found[number] = run_all(native.Engine(data, 1), rows)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[i], expected) for i in range(4))
