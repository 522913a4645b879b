"""The engine in C by itself: its kernels' bits and errors, under sanitizers, and on emulated processors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgernn_runtime.engines import plain
from tests.runtime.test_native import network_of, texts, written

NATIVE = Path(__file__).resolve().parents[2] / "runtime" / "native"
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Iinclude", "-Isrc")
SOURCES = sorted(str(path.relative_to(NATIVE)) for path in NATIVE.glob("src/*.c"))
#: The hash of integer products that every processor gives.
PRODUCTS = "07f41a524ec5f329"
#: The largest error of a gate, absolute.
GATES = 5e-7

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def build(program, out, *options, compiler="cc"):
    command = [compiler, *FLAGS, *options, f"tests/{program}.c", *SOURCES, "-lm", "-o", str(out)]
    done = subprocess.run(command, cwd=NATIVE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def check_kernels(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    for name, products, *errors in lines:
        assert products == PRODUCTS, name
        found = dict(zip(errors[::2], map(float, errors[1::2]), strict=True))
        assert set(found) == {"sigmoid", "tanh", "lstm"}
        assert max(found.values()) <= GATES, (name, found)
    return [line[0] for line in lines]


@needs_compiler
@pytest.mark.parametrize("options", [("-O0",), ("-O3",), ("-Os",)], ids=lambda options: options[0])
def test_products_are_the_same_to_the_bit_and_gates_are_near(options, tmp_path):
    names = check_kernels(build("kernels", tmp_path / "kernels", *options))
    assert names[-1] == "portable"


@needs_compiler
def test_the_engine_is_clean_under_sanitizers(tmp_path):
    options = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    check_kernels(build("kernels", tmp_path / "kernels", *options))
    replay = build("replay", tmp_path / "replay", *options)
    for shape in (
        {},
        {"cell": "gru"},
        {"units": (5, 17), "embedding": 7},
        {"merge": "sum", "units": (3, 3)},
    ):
        for recipe in ("none", "float16", "int8"):
            check_replay(tmp_path, network_of(3, **shape), recipe, str(replay))


def check_replay(folder, network, recipe, *command):
    """Compare the answers of a C program with those of NumPy."""
    data = written(network, recipe)
    model = folder / "model.bin"
    model.write_bytes(data)
    rows = texts(4)
    lines = "".join(" ".join(map(str, ids)) + "\n" for ids in rows)
    done = subprocess.run(
        [*command, str(model)], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float32)
    reference = plain.Engine(data, 1)
    change = np.abs(found - np.stack([reference.run(ids) for ids in rows]))
    assert np.median(change) <= 1e-5
    assert change.max() <= (0.02 if recipe == "int8" else 2e-6)


@needs_compiler
def test_a_program_says_what_is_wrong(tmp_path):
    replay = build("replay", tmp_path / "replay", "-O1")
    (tmp_path / "x.bin").write_bytes(b"no model" * 40)
    for path, words in (("none.bin", "cannot be read"), ("x.bin", "this is no model.bin")):
        done = subprocess.run(
            [replay, tmp_path / path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert words in done.stderr


def test_a_big_endian_processor_is_refused_by_name(tmp_path):
    for program in ("s390x-linux-gnu-gcc", "qemu-s390x-static"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")
    replay = build("replay", tmp_path / "replay", "-static", compiler="s390x-linux-gnu-gcc")
    (tmp_path / "model.bin").write_bytes(written(network_of(1), "int8"))
    command = ["qemu-s390x-static", replay, tmp_path / "model.bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a big-endian processor cannot read a model.bin" in done.stderr


@pytest.mark.parametrize(
    ("compiler", "emulator"),
    [
        ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
        ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
        ("riscv64-linux-gnu-gcc", "qemu-riscv64-static"),
    ],
)
def test_other_processors_give_the_same_bits(compiler, emulator, tmp_path):
    for program in (compiler, emulator):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; tests/device/README.md says how")
    built = [
        str(build(name, tmp_path / name, "-O3", "-static", compiler=compiler))
        for name in ("kernels", "replay")
    ]
    check_kernels(emulator, built[0])
    for recipe in ("none", "int8"):
        check_replay(tmp_path, network_of(3), recipe, emulator, built[1])
