"""Graphs of layers in the engine in C: they agree with the NumPy reference, and are bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgernn_export.errors import UncoveredError
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.ir import Pooling
from edgernn_runtime.ir_graph import Attention, Combination, Flatten, WindowPooling
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.reference import probabilities
from tests.runtime.graph_networks import GRAPHS, SIZE, convolution, graph_of, head_of, pooled
from tests.runtime.test_native import network_of, run_all, texts, written

_native = pytest.importorskip(
    "edgernn_runtime._native", reason="libedgernn was not compiled: no C compiler"
)
from edgernn_runtime.engines import native  # noqa: E402

KERNELS = _native.kernels()


@pytest.mark.parametrize("recipe", ["none", "float16", "int8"])
@pytest.mark.parametrize("name", GRAPHS)
def test_the_engine_is_the_reference(name, recipe):
    data = written(graph_of(name), recipe)
    rows = texts(4)
    expected = run_all(numpy_reference.Engine(data, 1), rows)
    for kernels in (KERNELS[0], KERNELS[-1]):
        change = np.abs(run_all(native.Engine(data, 1, kernels), rows) - expected)
        assert np.median(change) <= 1e-6
        assert change.max() <= (
            0.02 if name in ("integers and a graph", "integers beside a selection") else 5e-6
        )
    assert expected.std(axis=0).max() > 1e-4


@pytest.mark.parametrize("name", GRAPHS)
def test_a_file_has_the_layers_of_the_network(name):
    network = graph_of(name)
    found = decode_model(written(network, "none")).layers
    assert [type(x) for x in found] == [type(x) for x in network.layers]
    ids = texts(1)
    of_file = replace(network, layers=found)
    change = [np.abs(probabilities(network, x) - probabilities(of_file, x)).max() for x in ids]
    assert max(change) <= 1e-6


def test_integer_products_stop_where_a_graph_reads_the_states():
    layers = decode_model(written(graph_of("integers and a graph"), "int8")).layers
    assert [layers[0].rounds_output, layers[1].rounds_states, layers[1].rounds_output] == [
        True,
        True,
        False,
    ]
    # The embedding is read by a layer of the graph, so that it is needed in floats.
    layers = decode_model(written(graph_of("concat"), "int8")).layers
    assert not layers[0].rounds_states


@pytest.mark.parametrize(
    "layers",
    [
        (*[Combination(f"c{i}", "sum", (0, i)) for i in range(64)], Pooling("p", ("max",))),
        (Combination("c", "sum", (0,) * 13), Pooling("p", ("max",))),
        (Attention("a", (0, 0, 0), 5182), Pooling("p", ("max",))),
        (WindowPooling("w", "max", 65, 1), Pooling("p", ("max",))),
        (convolution(taps=3277), Pooling("p", ("max",))),
        (Flatten("f", 65537),),
    ],
    ids=["layers", "sources", "attention", "windows", "convolution", "flatten"],
)
def test_what_exceeds_a_bound_is_not_written(layers):
    size = 18 if layers and layers[0].name == "conv" else SIZE
    network = replace(network_of(3), layers=(*layers, head_of(size)))
    with pytest.raises(UncoveredError):
        written(network, "none")


def test_a_convolution_reads_zeros_behind_a_text_that_is_shorter():
    network = replace(network_of(3), layers=pooled(convolution(taps=4), size=18))
    longer = replace(
        network, embedding=np.concatenate([network.embedding, np.zeros((1, SIZE), "f")])
    )
    for count in (1, 2, 3):
        ids = np.arange(5, 5 + count, dtype=np.int32)
        padded = np.concatenate([ids, np.full(4 - count, 50, dtype=np.int32)])
        expected = probabilities(longer, padded)
        assert np.abs(probabilities(network, ids) - expected).max() <= 1e-6
        engine = native.Engine(written(network, "none"), 1)
        assert np.abs(engine.run(ids) - expected).max() <= 1e-6
