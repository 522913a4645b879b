"""The C reader of model.bin: each file with one wrong number is refused for it, and no branch is untested."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from edgernn_runtime import _native
from edgernn_runtime.errors import EdgernnError
from edgernn_runtime.ir import Dense, PadRow, Pooling, Recurrent
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.text_section import read_text
from tests.runtime import wide_networks
from tests.runtime.graph_networks import graph_files
from tests.runtime.test_native import direction, network_of, written
from tests.runtime.test_native_c import branches_never_taken, build, needs_compiler
from tests.runtime.version_1 import mended, written_as_version_1
from tests.runtime.wide_networks import POOLINGS, bag_of, both_of, pooled_of, wide_of

_HEADER, _LAYER, _TENSOR = 128, 64, 40
_LARGE = 2**31
_MALFORMED = "EDGERNN_ERROR_MALFORMED_MODEL"
#: Branches that other processors take: a big-endian one, and those that lack some kernels or have
#: none with an offset.
_ELSEWHERE = ("return EDGERNN_ERROR_BIG_ENDIAN", "&& table->supported())")
#: The sums of rows, which only kernels with an offset need: those of VNNI.
_SUMS = (
    "if (kernels->input_offset) {",
    "int32_t *sums = EDGERNN_TAKE(a, int32_t, rows);",
    "m->first_sums = sums;",
    "if (a->memory) sum_rows(m, -kernels->input_offset, sums);",
    "static void sum_rows(const edgernn_matrix *m, int factor, int32_t *sums) {",
    "for (uint32_t row = 0; row < m->groups * EDGERNN_GROUP; row++) {",
    "int32_t sum = 0;",
    "for (uint32_t k = 0; k < m->depth; k++) sum += m->int8[int8_place(m, row, k)];",
    "sums[row] = sum * factor;",
    "}",
)

#: The bidirectional model below: the records of its layers, and the offset of a number in one.
_RECURRENT, _POOLING, _DENSE = _HEADER, _HEADER + 2 * _LAYER, _HEADER + 3 * _LAYER
_TABLE = _HEADER + 4 * _LAYER


def _tensor(index, field):
    return _TABLE + index * _TENSOR + field


#: Wrong numbers: what they are, where in the file, and the value; all are malformed.
NUMBERS = {
    "an unknown head": (12, 3),
    "no layer": (16, 0),
    "too many layers": (16, 65),
    "no tensor": (20, 0),
    "too many tensors": (20, 1025),
    "tensors beyond the end": (20, 1024),
    "another size": (24, 64),
    "unknown arithmetic": (96, 2),
    "an unknown kind of layer": (_RECURRENT, 6),
    "a wide path in front": (_RECURRENT, 4),
    "a wide path in the place of the head": (_DENSE, 4),
    "joined poolings in the place of one": (_POOLING, 5),
    "no direction": (_RECURRENT + 4, 0),
    "three directions": (_RECURRENT + 4, 3),
    "an unknown merge": (_RECURRENT + 8, 4),
    "neither a sequence nor none": (_RECURRENT + 12, 2),
    "a vector into a recurrent layer": (_RECURRENT + 12, 0),
    "an unknown cell": (_RECURRENT + 16, 3),
    "an unknown activation": (_RECURRENT + 20, 12),
    "an unknown gate activation": (_RECURRENT + 24, 12),
    "an unknown reset_after": (_RECURRENT + 28, 2),
    "an unknown direction": (_RECURRENT + 32, 2),
    "a far first tensor": (_RECURRENT + 36, 1025),
    "no such kernel": (_RECURRENT + 36, 14),
    "no such recurrent weights": (_RECURRENT + 36, 13),
    "no such bias": (_RECURRENT + 36, 12),
    "a bias in the place of weights": (_RECURRENT + 36, 3),
    "recurrent weights in the place of a kernel": (_RECURRENT + 36, 2),
    "a kernel for other inputs": (_RECURRENT + 36, 7),
    "another cell's weights": (_RECURRENT + 16, 1),
    "an unknown reduction": (_POOLING + 4, 2),
    "a convolution in the place of a pooling": (_POOLING, 8),
    "a row of padding that there is not": (_POOLING + 8, 9),
    "a recurrent layer at the end": (_DENSE, 1),
    "a pooling of a vector": (_DENSE, 3),
    "an unknown activation of the head": (_DENSE + 4, 12),
    "an activation on the logits": (_DENSE + 4, 3),
    "a far tensor of the head": (_DENSE + 8, 1025),
    "no such weights of the head": (_DENSE + 8, 15),
    "no such bias of the head": (_DENSE + 8, 14),
    "an embedding in the place of the head": (_DENSE + 8, 0),
    "an unknown type": (_tensor(0, 0), 6),
    "bytes in the place of weights": (_tensor(0, 0), 5),
    "one scale in the place of many": (_tensor(0, 0), 4),
    "an embedding of one dimension": (_tensor(0, 4), 1),
    "no token": (_tensor(0, 8), 0),
    "too many tokens": (_tensor(0, 8), _LARGE),
    "no dimension": (_tensor(0, 12), 0),
    "too many dimensions": (_tensor(0, 12), _LARGE),
    "values at an odd place": (_tensor(0, 24), 4),
    "values in the header": (_tensor(0, 24), 64),
    "values beyond the end": (_tensor(0, 24), 1 << 24),
    "more values than the file": (_tensor(0, 8), 1 << 24),
    "scales at an odd place": (_tensor(1, 32), 4),
    "codes at an odd place": (_tensor(0, 32), 4),
    # GCC takes an offset for signed, and Clang for unsigned.
    "codes beyond all memory": (_tensor(0, 36), 2**32 - 1),
    "codes at half of all memory": (_tensor(0, 36), _LARGE),
    "scales beyond all memory": (_tensor(1, 36), 2**32 - 1),
    "values beyond all memory": (_tensor(0, 28), 2**32 - 1),
    "scales for more rows than there are": (_tensor(1, 8), 97),
    "a bias for other gates": (_tensor(3, 12), 95),
    "two biases": (_tensor(3, 8), 2),
    "a vector of int8": (_tensor(14, 0), 2),
    "a bias of other outputs": (_tensor(14, 8), 2),
    "a head for other inputs": (_tensor(13, 12), 31),
}

#: The same of a bag of int8 with a projection: its record, and the tensors weights, checksums, bias,
#: projection.
_WIDE = _HEADER


def _wide_tensor(index, field):
    return _HEADER + _LAYER + index * _TENSOR + field


WIDE_NUMBERS = {
    "no word": (_WIDE + 4, 0),
    "another number of words": (_WIDE + 4, 49),
    "more words than rows": (_WIDE + 4, 115),
    "an unknown pattern": (_WIDE + 8, 8),
    "neither a projection nor none": (_WIDE + 12, 2),
    "rows of other outputs": (_WIDE + 12, 0),
    "a far first tensor": (_WIDE + 16, 1025),
    "no such projection": (_WIDE + 16, 1),
    "no such table": (_WIDE + 16, 4),
    "a table of one dimension": (_wide_tensor(0, 4), 1),
    "a table with a scale for each row": (_wide_tensor(0, 0), 2),
    "a scale at an odd place": (_wide_tensor(0, 32), 4),
    "a scale beyond all memory": (_wide_tensor(0, 36), 2**32 - 1),
    "checksums that are weights": (_wide_tensor(1, 0), 2),
    "fewer checksums": (_wide_tensor(1, 8), 63),
    "a bias of bytes": (_wide_tensor(2, 0), 5),
    "a bias of other outputs": (_wide_tensor(2, 8), 2),
    "a projection of bytes": (_wide_tensor(3, 0), 5),
    "a projection to other outputs": (_wide_tensor(3, 8), 2),
    "a projection of other rows": (_wide_tensor(3, 12), 4),
    "a recurrent layer in its place": (_WIDE, 1),
}
#: Of joined poolings: the place in a file of three, or of three with a row of padding.
POOLING_NUMBERS = {
    "no pooling": (_POOLING + 4, 0),
    "one pooling": (_POOLING + 4, 1),
    "five poolings": (_POOLING + 4, 5),
    "fewer poolings than the head takes": (_POOLING + 4, 3),
    "an unknown reduction among poolings": (_POOLING + 20, 2),
    "no such row of padding": (_POOLING + 12, 16),
    "a row of padding for other inputs": (_POOLING + 12, 3),
    "poolings of a vector": (_RECURRENT + _LAYER + 12, 0),
}


def _changed(data, offset, value, size=4):
    return data[:offset] + value.to_bytes(size, "little") + data[offset + size :]


def _variants():
    """Return networks that `network_of` does not make."""
    network = network_of(3)
    r0, r1, pooling, head = network.layers
    draw = np.random.default_rng(0)
    wide = direction(draw, "lstm", 20, 40, reverse=True)
    narrow = direction(draw, "lstm", 20, 8)
    layers = {
        "a padded maximum": (r0, r1, replace(pooling, pad_row=PadRow(9, np.zeros(32, "f"))), head),
        "one direction": (
            r0,
            replace(r1, backward=None),
            pooling,
            replace(head, kernel=head.kernel[:16]),
        ),
        "directions of two sizes": (
            Recurrent("r", narrow, wide, "concat", return_sequences=True),
            r1,
            pooling,
            head,
        ),
        "no pooling": (r0, replace(r1, return_sequences=False), head),
    }
    return {words: replace(network, layers=found) for words, found in layers.items()}


def _wide_files(written):
    """Yield the same of files with a wide path or joined poolings."""
    for recipe in ("none", "float16", "int8"):
        for words, shape in wide_networks.WIDE.items():
            yield f"{recipe} bag, {words}", written(bag_of(3, **shape), recipe), "EDGERNN_OK"
        yield f"{recipe} both paths", written(both_of(3), recipe), "EDGERNN_OK"
        for words in POOLINGS:
            yield f"{recipe} poolings, {words}", written(pooled_of(3, words), recipe), "EDGERNN_OK"
    bag = written(bag_of(3, rank=5), "int8")
    for words, (offset, value) in WIDE_NUMBERS.items():
        yield words, _changed(bag, offset, value), _MALFORMED
    poolings = written(pooled_of(3, "four"), "int8")
    for words, (offset, value) in POOLING_NUMBERS.items():
        yield words, _changed(poolings, offset, value), _MALFORMED
    other = replace(both_of(3), wide=wide_of(3, outputs=2))
    yield "two paths of other outputs", written(other, "int8"), _MALFORMED
    fewer = replace(network_of(3), embedding=network_of(3).embedding[:49], wide=wide_of(3))
    yield "two paths of other words", written(fewer, "int8"), _MALFORMED
    twice = written(both_of(3), "int8")
    record = twice[_TABLE : _TABLE + _LAYER]
    yield "a wide path twice", twice[:_DENSE] + record + twice[_TABLE:], _MALFORMED
    for words, rows in (("as many rows", 2**24 - 1), ("more rows", 2**24)):
        # Where the sections lie is of no matter, so that they may all lie in the same zeros.
        large = _grown(written(bag_of(3, outputs=1), "int8"), 2**24)
        large = _changed(large, _wide_tensor(0, 8), rows)
        large = _changed(large, _wide_tensor(1, 8), rows - 50)
        said = "EDGERNN_OK" if rows < 2**24 else _MALFORMED
        yield f"{words} as a hash allows", large, said
    for words, width in (("as wide", 65536), ("wider", 65537)):
        large = _grown(bag, 115 * width)
        for tensor in (0, 3):
            large = _changed(large, _wide_tensor(tensor, 12), width)
        said = "EDGERNN_OK" if width == 65536 else _MALFORMED
        yield f"a table {words} as it may be", large, said
        head = Dense("head", np.zeros((2 * width, 1), "f"), np.zeros(1, "f"))
        pooling = Pooling("pool", ("max", "average"))
        table = np.zeros((50, width), "f")
        pooled = replace(network_of(3), embedding=table, layers=(pooling, head))
        yield f"joined poolings {words} as they may be", written(pooled, "int8"), said


def _grown(data, size):
    """Return a file with `size` more bytes of zeros that contain all of its tensors."""
    start = len(data)
    data = data + bytes(-start % 64 + size)
    data = _changed(data, 24, len(data), 8)
    for tensor in range(int.from_bytes(data[20:24], "little")):
        data = _changed(data, _wide_tensor(tensor, 24), start + -start % 64, 8)
    return data


def _write_unchecked(network, recipe):
    """Return a file that the writer would not keep, because it exceeds a bound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgernn_export.native.writer._check_bounds", lambda _: None)
        return written(network, recipe)


def _files(version):
    """Yield files of a version: what they are, their bytes, and the status of the reader."""
    write = written_as_version_1 if version == 1 else written
    for words, data, said in _changed_files(write):
        yield words, mended(data), said
    if version == 1:
        return
    for words, data, said in graph_files(_write_unchecked):
        yield words, mended(data), said
    data = written(network_of(3), "int8")
    yield "a wrong checksum", data[:32] + b"\0\0\0\0" + data[36:], "EDGERNN_ERROR_CHECKSUM"
    yield "a changed weight", data[:-1] + bytes([data[-1] ^ 1]), "EDGERNN_ERROR_CHECKSUM"
    yield "half a header", data[:100], _MALFORMED
    yield "version 0", _changed(data, 8, 0), _MALFORMED
    size = len(data) - 64
    for words, offset, length in (
        ("a text section in the tables", 128, 0),
        ("a text section at an odd place", size + 4, 0),
        ("a text section beyond the end", size + 128, 0),
        ("a text section longer than the file", size, 65),
    ):
        yield words, mended(_changed(_changed(data, 40, offset, 8), 48, length, 8)), _MALFORMED
    last = mended(_changed(_changed(data, 40, size, 8), 48, 64, 8))
    yield "weights as a text section", last, "EDGERNN_ERROR_MALFORMED_VOCABULARY"
    for cell, units in (("lstm", 97), ("gru", 95)):
        wrong = _changed(written(network_of(3, cell=cell), "int8"), _tensor(1, 8), units)
        yield f"rows of no whole {cell}", mended(wrong), _MALFORMED
    large = _changed(_changed(data, _tensor(1, 8), 2**31 - 4), _tensor(1, 12), 1)
    yield "more rows than fit when they are padded", mended(large), _MALFORMED


def _changed_files(written):
    """Yield files whose checksum is not mended yet."""
    yield from _wide_files(written)
    models = {
        f"{recipe} {words}": written(network_of(3, **shape), recipe)
        for recipe in ("none", "float16", "int8")
        for words, shape in {
            "lstm": {},
            "gru": {"cell": "gru"},
            "gru with one bias": {"cell": "gru", "reset_after": False},
            "rnn": {"cell": "rnn"},
            "unbounded rnn": {"cell": "rnn", "activation": "relu"},
            "relu": {"activation": "relu"},
            "softsign gates": {"gate_activation": "softsign"},
            "hard gates": {"gate_activation": "hard_sigmoid"},
            "rnn with other gates": {"cell": "rnn", "gate_activation": "softsign"},
            "sum": {"merge": "sum", "units": (24, 24)},
            "odd sizes": {"units": (5, 17), "embedding": 7},
        }.items()
    }
    for words, data in models.items():
        yield words, data, "EDGERNN_OK"
    variants = {words: written(network, "int8") for words, network in _variants().items()}
    for words, data in variants.items():
        yield words, data, "EDGERNN_OK"
    data = models["int8 lstm"]
    yield "weights of halves among integers", _changed(data, _tensor(2, 0), 1), "EDGERNN_OK"
    yield "a kernel of halves among integers", _changed(data, _tensor(1, 0), 1), "EDGERNN_OK"
    yield "integers asked of floats", _changed(models["none lstm"], 96, 1), "EDGERNN_OK"
    yield "an empty file", b"", "EDGERNN_ERROR_NOT_A_BUNDLE"
    yield "text", b"text" * 100, "EDGERNN_ERROR_NOT_A_BUNDLE"
    yield "a newer version", _changed(data, 8, 4), "EDGERNN_ERROR_NEWER_VERSION"
    for words, (offset, value) in NUMBERS.items():
        yield words, _changed(data, offset, value), _MALFORMED
    padded = variants["a padded maximum"]
    yield "a padded row for other inputs", _changed(padded, _POOLING + 12, 15), _MALFORMED
    sizes = variants["directions of two sizes"]
    yield "a sum of two sizes", _changed(sizes, _RECURRENT + 8, 1), _MALFORMED
    last = data[:_POOLING] + data[_DENSE:_TABLE] + data[_POOLING:_DENSE] + data[_TABLE:]
    yield "a pooling at the end", last, _MALFORMED
    wide = written(network_of(3, units=(1, 1), embedding=65537), "int8")
    yield "more inputs than their sum allows", wide, _MALFORMED
    wide = written(network_of(3, units=(1, 1), embedding=60000), "int8")
    wide = _changed(_changed(wide, _tensor(2, 8), 1), _tensor(2, 12), 65537)
    yield "more units than their sum allows", wide, _MALFORMED
    ending = variants["no pooling"]
    yield "logits of each step", _changed(ending, _RECURRENT + _LAYER + 12, 1), _MALFORMED


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_every_branch_of_the_loader_is_taken_and_every_wrong_number_refused(tmp_path):
    program = build("loader", tmp_path / "loader", "-O0", "--coverage", compiler="gcc")
    for version in (1, 2):
        _check_outcomes(program, tmp_path, version)
    has_sums = any("vnni" in name for name in _native.kernels())
    for name in ("model", "graph_reader", "layer_reader", "tensor", "pack", "wide"):
        never = branches_never_taken(tmp_path, "loader", name)
        here = [line for line in never if has_sums or line not in _SUMS]
        assert not [line for line in here if not any(words in line for words in _ELSEWHERE)]


@needs_compiler
def test_no_wrong_number_leads_to_undefined_behaviour(tmp_path):
    options = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    program = build("loader", tmp_path / "loader", *options)
    for version in (1, 2):
        _check_outcomes(program, tmp_path, version)


def _check_outcomes(program, folder, version):
    """Check the status that the program prints for each file."""
    expected = []
    for index, (words, data, said) in enumerate(_files(version)):
        (folder / f"{version}-{index:04}.bin").write_bytes(data)
        expected.append((words, said))
    paths = sorted(folder.glob(f"{version}-*.bin"))
    done = subprocess.run([program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    found = [(words, line) for (words, _), line in zip(expected, said, strict=True)]
    assert found == expected


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("version", [1, 2])
def test_the_reader_in_python_gives_the_same_status(version):
    for words, data, said in _files(version):
        try:
            decode_model(data)
            read_text(data)
            status = "EDGERNN_OK"
        except EdgernnError as error:
            status = f"EDGERNN_ERROR_{error.status}"
        # Python's reader of models does not look for a zip file.
        not_a_bundle = said == "EDGERNN_ERROR_NOT_A_BUNDLE"
        assert status == (_MALFORMED if not_a_bundle else said), words
