"""libedgernn on emulated microcontrollers: the same bits of products, errors of gates, estimates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgernn_export.c.boards import estimate_boards, read_boards
from edgernn_export.c.files import build_files
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.self_test import get_tolerance
from tests.device import boards
from tests.runtime.test_native_c import GATES, PRODUCTS, build, check_kernels

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "hosts" / "bundles" / "lstm-int8-binary.edgernn"
#: The largest error of a cell state of 40 with gates out of a table, whose errors are absolute.
TABLE_LSTM = 5e-6
#: Cores with kernels that differ.
CORES = ("Cortex-M0", "Cortex-M4F", "Cortex-M55", "rv32imac")


def _board(name):
    board = next(board for board in boards.BOARDS if board.name == name)
    if missing := boards.missing_tools(board):
        pytest.skip(f"{', '.join(missing)} not installed; tests/device/README.md says how")
    return board


@pytest.mark.parametrize("name", CORES)
def test_products_are_the_same_to_the_bit_and_gates_are_near(name, tmp_path):
    board, library = _board(name), boards.LIBRARY
    sources = [boards.HERE / "kernels.c", *sorted(library.glob("src/kernels/*.c"))]
    options = (f"-I{library / 'include'}", f"-I{library / 'src'}")
    image = boards.build(board, sources, tmp_path / "kernels", *options)
    kernels, *errors = (line.split() for line in boards.run(board, image).splitlines())
    assert kernels[1] == PRODUCTS
    found = {key: int(number) / 1e9 for key, number in errors}
    assert found.pop("lstm") <= (GATES if kernels[0] == "dsp" else TABLE_LSTM)
    assert set(found) == {"sigmoid", "tanh"}
    assert max(found.values()) <= GATES


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
@pytest.mark.parametrize("mode", ["-std=c99", "-std=gnu11"])
def test_compilers_that_fuse_products_and_sums_change_no_bit(mode, tmp_path):
    assert check_kernels(build("kernels", tmp_path / "kernels", "-O2", mode, compiler="cc"))


@pytest.mark.parametrize("name", [board.name for board in boards.BOARDS])
def test_the_test_vectors_pass_and_take_what_inspect_says(name, tmp_path):
    board, bundle = _board(name), read_bundle(SMALL)
    for file, data in build_files(bundle, "model", "bundle.json").items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(data)
    is_tiny = name == "micro:bit"
    found = boards.measure(board, tmp_path, 200, boards.MICROBIT_POOL if is_tiny else boards.POOL)
    assert (found["texts"], found["other_ids"], found["other_labels"]) == (15, 0, 0)
    assert found["skipped"] == 0
    assert found["error_e9"] <= get_tolerance("int8") * 1e9
    assert found["open"] <= 4096
    if is_tiny:
        return
    said = next(row for row in estimate_boards(bundle, (32, 200)) if row.board == name)
    assert said.opened == found["open"]
    ids = {32: 128, 200: 832}
    measured = {32: found["scratch_32"], 200: found["scratch_most"]}
    assert said.scratch == {count: measured[count] + ids[count] for count in ids}
    assert said.instructions == pytest.approx(found["instructions"], rel=0.02)


def test_the_table_has_every_board():
    measured = {board.name for board in boards.BOARDS if board.machine != "microbit"}
    assert set(read_boards()["boards"]) == measured
