"""The scratch of a text: what does not grow with its tokens, and what `inspect --board` computes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from edgernn_export.c.scratch import count_scratch
from edgernn_runtime.engines import numpy_reference
from edgernn_runtime.model_bin import decode_model
from tests.runtime.stream_networks import CONSTANT, GROWING, stream_of
from tests.runtime.test_libedgernn import LIBRARY
from tests.runtime.test_native import network_of, texts, written
from tests.runtime.wide_networks import both_of

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")

SHORT, LONG = 32, 400
STAGE = '#include "stream.h"\nconst unsigned edgernn_stage_bytes = sizeof(edgernn_stage);\n'


def aligned(size):
    room = ctypes.create_string_buffer(size + 64)
    return room, ctypes.c_void_p(-(-ctypes.addressof(room) // 64) * 64)


class Model:
    """An open model.bin of a shared library."""

    def __init__(self, library, data):
        self.library, bytes_needed = library, ctypes.c_size_t()
        self._file, start = aligned(len(data))
        ctypes.memmove(start, data, len(data))
        arguments = (start, ctypes.c_size_t(len(data)), None)
        assert library.edgernn_memory_size(*arguments, ctypes.byref(bytes_needed)) == 0
        self._memory, memory = aligned(bytes_needed.value)
        self.classifier = ctypes.c_void_p()
        place = ctypes.byref(self.classifier)
        assert library.edgernn_open(*arguments, memory, bytes_needed, place) == 0

    def scratch(self, count):
        return self.library.edgernn_ids_scratch_size(self.classifier, ctypes.c_size_t(count))

    def run(self, ids):
        size, outputs = self.scratch(len(ids)), np.zeros(3, np.float32)
        _room, scratch = aligned(size)
        ctypes.memset(scratch, 0xA5, size)
        values = outputs.ctypes.data_as(ctypes.c_void_p)
        count, capacity = ctypes.c_size_t(len(ids)), ctypes.c_size_t(3)
        arguments = (ids.ctypes.data_as(ctypes.c_void_p), count, scratch, ctypes.c_size_t(size))
        assert self.library.edgernn_run_ids(self.classifier, *arguments, values, capacity) == 0
        return outputs


@pytest.fixture(scope="module", params=["desktop", "small core"])
def library(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "stage.c").write_text(STAGE)
    small = ("-DEDGERNN_TEST_SMALL_CORE", "-DEDGERNN_WITHOUT_SIMD")
    options = ["-std=c99", "-O2", "-shared", "-fPIC", f"-I{LIBRARY}/include", f"-I{LIBRARY}/src"]
    options += small if request.param == "small core" else ()
    sources = [*sorted(LIBRARY.glob("src/**/*.c")), folder / "stage.c"]
    subprocess.run(["cc", *options, *sources, "-lm", "-o", folder / "library.so"], check=True)
    found = ctypes.CDLL(str(folder / "library.so"))
    found.edgernn_ids_scratch_size.restype = ctypes.c_size_t
    found.is_small = request.param == "small core"
    return found


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("name", CONSTANT)
def test_scratch_is_the_same_for_every_text(name, recipe, library):
    model = Model(library, written(stream_of(name), recipe))
    assert model.scratch(LONG) == model.scratch(SHORT)


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("name", GROWING)
def test_scratch_grows_by_one_sequence(name, recipe, library):
    data = written(stream_of(name), recipe)
    model, first = Model(library, data), decode_model(data).layers[0]
    units = sum(one.hidden_size for one in first.directions)
    step = -(-units // 16) * 16 if first.rounds_output else 4 * units
    assert model.scratch(LONG) - model.scratch(SHORT) == (LONG - SHORT) * step


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("name", [*CONSTANT, *GROWING])
def test_outputs_are_those_of_the_reference(name, recipe, library):
    data = written(stream_of(name), recipe)
    model, reference = Model(library, data), numpy_reference.Engine(data, 1)
    change = [np.abs(model.run(ids) - reference.run(ids)).max() for ids in texts(4)]
    assert np.median(change) <= 1e-5
    assert max(change) <= (0.02 if recipe == "int8" else 5e-6)


SHAPES = {
    "wide path": both_of(3),
    "GRU before": network_of(3, cell="gru", reset_after=False),
    "odd sizes": network_of(3, units=(5, 17), embedding=7),
}


@pytest.mark.parametrize("recipe", ["none", "int8"])
@pytest.mark.parametrize("name", [*CONSTANT, *GROWING, *SHAPES])
def test_inspect_computes_the_scratch(name, recipe, library):
    if not library.is_small:
        pytest.skip("other processors make the products of 32 steps at a time")
    data = written(SHAPES.get(name) or stream_of(name), recipe)
    model = Model(library, data)
    stage = ctypes.c_uint.in_dll(library, "edgernn_stage_bytes").value
    for count in (1, SHORT, LONG):
        ids = -(-4 * count // 64) * 64
        found = count_scratch(decode_model(data), count, {"stage": stage})
        assert found == ids + model.scratch(count)
