"""The header and tables of `model.bin`; `docs/model-bin.md` describes them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError
from edgernn_runtime.heads import HEADS

MAGIC = b"EDGERNN\0"
#: The newest version that is read, and the one that is written, except for a file with thresholds.
NEWEST_VERSION, VERSION = 3, 2
#: Sections start at multiples of this, the widest vector load there is.
ALIGNMENT = 64
#: magic, version, head, layers, tensors, bytes of the file, checksum, offset and bytes of the text
#: section, arithmetic. Version 1 has the vocabulary's SHA-256 in place of checksum and section.
HEADER = struct.Struct("<8s4IQI4x2Q40xI28x")
CHECKSUM = struct.Struct("<I")
CHECKSUM_OFFSET = 32
#: kind and fifteen numbers, whose meaning is the kind's.
LAYER = struct.Struct("<16I")
#: dtype, rank, four dimensions, offset of the values, offset of the scales or 0.
TENSOR = struct.Struct("<6I2Q")
MAX_LAYERS, MAX_TENSORS = 64, 1024


@dataclass(frozen=True)
class Header:
    """The header of a `model.bin`.

    Attributes:
        version: 1 to 3.
        head: the number of the head.
        layers: the number of layers.
        tensors: the number of tensors.
        section: the bytes of the text section; None without one.
        arithmetic: that of products.
    """

    version: int
    head: int
    layers: int
    tensors: int
    section: Buffer | None
    arithmetic: int


def is_self_contained(data: Buffer) -> bool:
    """Return whether data starts as a `model.bin` that contains its tokenizer and labels."""
    is_model = len(data) >= 12 and bytes(data[: len(MAGIC)]) == MAGIC
    return is_model and int.from_bytes(data[8:12], "little") >= 2


def decode_header(data: Buffer) -> Header:
    """Return the header of a file whose size and checksum are right.

    Raises:
        EngineError: the file is not a model.bin, is of a newer version, or is damaged.
    """
    require(len(data) >= HEADER.size, f"at least {HEADER.size} bytes", f"{len(data)}")
    fields = HEADER.unpack_from(data)
    magic, version, head, layers, tensors, size, checksum, offset, length, arithmetic = fields
    require(magic == MAGIC, f"the first bytes {MAGIC!r}", repr(magic))
    if version > NEWEST_VERSION:
        raise _refused("NEWER_VERSION", f"version {NEWEST_VERSION} or older", f"version {version}")
    require(version >= 1, "version 1 or newer", f"version {version}")
    require(size == len(data), f"{size} bytes, as in its header", f"{len(data)}")
    if version >= 2 and checksum != checksum_of(data):
        raise _refused("CHECKSUM", f"the checksum {checksum:08x}", f"{checksum_of(data):08x}")
    require(head < len(HEADS), f"head below {len(HEADS)}", f"{head}")
    require(1 <= layers <= MAX_LAYERS, f"1 to {MAX_LAYERS} layers", f"{layers}")
    require(1 <= tensors <= MAX_TENSORS, f"1 to {MAX_TENSORS} tensors", f"{tensors}")
    require(arithmetic in (0, 1), "arithmetic of 0 or 1", f"{arithmetic}")
    tables = HEADER.size + layers * LAYER.size + tensors * TENSOR.size
    require(tables <= len(data), f"tables of {tables} bytes", f"{len(data)} in all")
    section = None
    if version >= 2 and offset:
        table = HEADER.size + layers * LAYER.size
        fits = offset % ALIGNMENT == 0 and table < offset and offset + length <= size
        require(fits, f"a text section inside {size} bytes", f"{offset} to {offset + length}")
        section = data[offset : offset + length]
    return Header(version, head, layers, tensors, section, arithmetic)


def checksum_of(data: Buffer) -> int:
    """Return the Adler-32 of a file in which the checksum itself counts as zeros."""
    sums = zlib.adler32(data[:CHECKSUM_OFFSET])
    sums = zlib.adler32(bytes(CHECKSUM.size), sums)
    return zlib.adler32(data[CHECKSUM_OFFSET + CHECKSUM.size :], sums)


def require(condition: bool, expected: str, found: str) -> None:
    """Check a condition on a file.

    Raises:
        EngineError: it does not hold.
    """
    if not condition:
        raise malformed(expected, found)


def malformed(expected: str, found: str) -> EngineError:
    """Return the error of a file with a number out of range."""
    return _refused("MALFORMED_MODEL", expected, found)


def _refused(status: str, expected: str, found: str) -> EngineError:
    return EngineError(
        "cannot load the model: invalid model.bin",
        expected=expected,
        found=found,
        status=status,
    )
