"""The reader of `model.bin` checks every value before it uses it."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from edgernn_export.recipes import RECIPES
from edgernn_export.targets import TARGETS
from edgernn_runtime.engines import open_engine
from edgernn_runtime.errors import EngineError
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.model_header import HEADER, LAYER, TENSOR
from tests.runtime.version_1 import mended


@pytest.fixture(scope="module")
def data(network):
    return TARGETS["native"].writer.write(network, RECIPES["none"], "0" * 64)


def test_what_was_written_is_read(network, data):
    model = decode_model(data)
    assert np.array_equal(model.embedding, network.embedding)
    assert model.head == network.task.head
    assert len(model.layers) == len(network.layers)
    for ours, theirs in zip(model.layers[0].directions, network.layers[0].directions, strict=True):
        assert np.array_equal(ours.kernel, theirs.kernel)
        assert np.array_equal(ours.recurrent, theirs.recurrent)
        assert np.array_equal(ours.bias, theirs.bias)


def test_sections_are_aligned(data):
    layers, tensors = struct.unpack_from("<2I", data, 16)
    for i in range(tensors):
        at = HEADER.size + layers * LAYER.size + i * TENSOR.size
        assert TENSOR.unpack_from(data, at)[6] % 64 == 0


#: The offset of a value, an invalid value, and a part of the expected error.
LAYERS_AT = HEADER.size
TENSORS_AT = HEADER.size + 4 * LAYER.size
WRONG = {
    "magic": (0, b"EDGERNX\0", "the first bytes"),
    "version": (8, 4, "version 3 or older"),
    "no_version": (8, 0, "version 1 or newer"),
    "head": (12, 3, "head below 3"),
    "no_layers": (16, 0, "1 to 64 layers"),
    "many_layers": (16, 65, "1 to 64 layers"),
    "more_layers_than_bytes": (16, 64, "dtype below 6"),
    "no_tensors": (20, 0, "1 to 1024 tensors"),
    "many_tensors": (20, 1025, "1 to 1024 tensors"),
    "size": (24, 7, "bytes, as in its header"),
    "kind": (LAYERS_AT, 99, "layers of kind"),
    "directions": (LAYERS_AT + 4, 3, "one or two directions"),
    "merge": (LAYERS_AT + 8, 4, "merge below 4"),
    "sequences": (LAYERS_AT + 12, 2, "return_sequences of 0 or 1"),
    "not_a_sequence": (LAYERS_AT + 12, 0, "a sequence before this layer"),
    "cell": (LAYERS_AT + 16, 3, "cell below 3"),
    "cell_of_other_gates": (LAYERS_AT + 16, 1, "rows of 3 gates"),
    "activation": (LAYERS_AT + 20, 12, "activation below 12"),
    "gate_activation": (LAYERS_AT + 24, 12, "activation below 12"),
    "reset_after": (LAYERS_AT + 28, 2, "reset_after of 0 or 1"),
    "reverse": (LAYERS_AT + 32, 2, "reverse of 0 or 1"),
    "tensor": (LAYERS_AT + 36, 10_000, "a tensor below"),
    "other_inputs": (LAYERS_AT + 36, 2, "rank|gates|inputs"),
    "no_logits": (LAYERS_AT + 3 * LAYER.size + 4, 1, "a linear dense layer on a vector"),
    "dtype": (TENSORS_AT, 6, "dtype below 6"),
    "rank": (TENSORS_AT + 4, 3, "tensor 0 of rank 2"),
    "dimension": (TENSORS_AT + 8, 0, "dimensions from 1 to"),
    "large_dimension": (TENSORS_AT + 8, 2**32 - 1, "dimensions from 1 to"),
    "offset": (TENSORS_AT + 24, 65, "a section inside"),
    "offset_in_the_tables": (TENSORS_AT + 24, 64, "a section inside"),
    "offset_beyond": (TENSORS_AT + 24, 2**31, "a section inside"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_number_is_named(data, case):
    offset, value, named = WRONG[case]
    changed = bytearray(data)
    encoded = value if isinstance(value, bytes) else struct.pack("<I", value)
    changed[offset : offset + len(encoded)] = encoded
    with pytest.raises(EngineError, match=named):
        decode_model(mended(bytes(changed)))


@pytest.mark.parametrize("length", [0, 7, 127, 128, 400, 1000])
def test_a_file_that_breaks_off_is_refused(data, length):
    with pytest.raises(EngineError, match=r"invalid model\.bin"):
        decode_model(data[:length])


def test_an_id_outside_the_embedding_is_refused(data):
    engine = open_engine("native", data, 1)
    with pytest.raises(EngineError, match="outside the vocabulary"):
        engine.run(np.array([10_000], dtype=np.int32))
