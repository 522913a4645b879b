"""Builds of the C library that leave something out: they compile, refuse by name, and else answer the same."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edgernn_export.c.switches import find_unneeded
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.native_sources import read_amalgamation
from tests.runtime.graph_networks import graph_of
from tests.runtime.test_native import network_of, written

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = ROOT / "tests" / "hosts" / "bundles"
DEFAULT = ROOT / "examples" / "sentiment" / "sentiment.edgernn"
CONFIG = ROOT / "runtime" / "libedgernn" / "src" / "config.h"
SWITCHES = tuple(re.findall(r"^ \*   EDGERNN_WITHOUT_(\w+)", CONFIG.read_text(), re.MULTILINE))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
#: The most bytes of code of the default model's engine for one text at a time, without startup
#: and C library.
DEFAULT_X86_64, DEFAULT_CORTEX_M4 = 40 << 10, 20 << 10
NOT_IN_BUILD = 24

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


def bundled(name):
    return bytes(read_bundle(BUNDLES / f"{name}.edgernn").model)


#: A file that needs the part, for each part that files may need.
NEEDS = {
    "BUNDLES": (BUNDLES / "lstm-int8-binary.edgernn").read_bytes,
    "VERSION_1": (BUNDLES / "version-1.edgernn").read_bytes,
    "RECURRENT": lambda: bundled("lstm-int8-binary"),
    "GRU": lambda: bundled("gru-int8-binary"),
    "FLOAT": lambda: bundled("lstm-none-binary"),
    "FLOAT16": lambda: bundled("lstm-float16-binary"),
    "ACTIVATIONS": lambda: written(network_of(3, gate_activation="hard_sigmoid"), "int8"),
    "GRAPHS": lambda: written(graph_of("convolution"), "none"),
    "WIDE": lambda: bundled("bag-int8"),
    "UNICODE": lambda: bundled("tokens-unicode-00"),
    "STEPS": lambda: bundled("steps-bag"),
}
#: Switches for functions: the linker refuses a program that calls them.
FUNCTIONS = {
    "BATCH": "edgernn_classify_batch",
    "SELF_TEST": "edgernn_self_test",
    "EXPLAIN": "edgernn_explain",
    "FILES": "edgernn_load",
    "HEAP": "edgernn_load_memory",
    "MESSAGES": "edgernn_status_name",
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amalgamation")
    for name, text in read_amalgamation().items():
        (folder / name).write_text(text)
    return folder


def compiled(sources, out, names, *options, compiler=("cc", "-std=c99", "-O0")):
    switches = (f"-DEDGERNN_WITHOUT_{name}" for name in names)
    command = [*compiler, *WARNINGS, *switches, *options, sources / "edgernn.c", "-o", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def library(sources, out, *names):
    return ctypes.CDLL(str(compiled(sources, out, names, "-shared", "-fPIC", "-lm")))


def status_of(library, data):
    """Return the status with which the library checks a file."""
    room = ctypes.create_string_buffer(len(data) + 64)
    start = -(-ctypes.addressof(room) // 64) * 64
    ctypes.memmove(start, data, len(data))
    size = ctypes.c_size_t()
    arguments = (ctypes.c_void_p(start), ctypes.c_size_t(len(data)), None, ctypes.byref(size))
    return library.edgernn_memory_size(*arguments)


def test_each_switch_is_known():
    assert set(SWITCHES) == {*NEEDS, *FUNCTIONS, "SIMD"}


@pytest.mark.parametrize("name", SWITCHES)
def test_what_was_left_out_is_refused_by_name(name, sources, tmp_path):
    built = library(sources, tmp_path / "edgernn.so", name)
    if name in NEEDS:
        assert status_of(built, NEEDS[name]()) == NOT_IN_BUILD
    elif name in FUNCTIONS:
        with pytest.raises(AttributeError, match=FUNCTIONS[name]):
            getattr(built, FUNCTIONS[name])
    else:
        names = built.edgernn_kernel_name
        names.restype = ctypes.c_char_p
        assert (names(0, None), names(1, None)) == (b"portable", None)
    model = bytes(read_bundle(DEFAULT).model)
    assert status_of(built, model) == (NOT_IN_BUILD if name in ("RECURRENT", "WIDE") else 0)


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
@pytest.mark.parametrize("names", [SWITCHES, ("HEAP",)], ids=["all", "heap"])
def test_a_small_build_is_c_plus_plus_too(names, sources, tmp_path):
    compiler = ("g++", "-x", "c++", "-std=c++11", "-O0")
    compiled(sources, tmp_path / "edgernn.o", names, "-c", compiler=compiler)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("lstm-int8-binary", {"RECURRENT"}),
        ("gru-float16-multiclass", {"RECURRENT", "GRU", "FLOAT", "FLOAT16"}),
        ("tokens-unicode-00", {"WIDE", "UNICODE"}),
    ],
)
def test_a_model_keeps_what_it_needs_and_nothing_else(name, needed, sources, tmp_path):
    bundle = read_bundle(BUNDLES / f"{name}.edgernn")
    unneeded = find_unneeded(bundle)
    assert set(NEEDS) - set(unneeded) == {*needed, "VERSION_1"}
    model = bytes(bundle.model)
    assert status_of(library(sources, tmp_path / "edgernn.so", *unneeded), model) == 0


def code_bytes(sources, out, compiler, names, size="size"):
    compiled(sources, out, names, "-c", compiler=(*compiler, "-Os"))
    done = subprocess.run([size, out], capture_output=True, text=True, check=True)
    text, data, *_ = done.stdout.splitlines()[-1].split()
    return int(text) + int(data)


@pytest.mark.parametrize(
    ("compiler", "most"),
    [
        (("gcc",), DEFAULT_X86_64),
        (("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"), DEFAULT_CORTEX_M4),
    ],
    ids=["x86-64", "cortex-m4"],
)
def test_the_engine_of_the_default_model_is_small(compiler, most, sources, tmp_path):
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    names = (*find_unneeded(read_bundle(DEFAULT)), "BATCH")
    size = compiler[0].replace("gcc", "size") if "-" in compiler[0] else "size"
    assert code_bytes(sources, tmp_path / "edgernn.o", compiler, names, size) <= most
