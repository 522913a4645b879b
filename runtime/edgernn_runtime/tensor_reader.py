"""The reader of the tensors of a `model.bin`, which checks every number."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.ir_types import Array
from edgernn_runtime.model_header import ALIGNMENT, TENSOR, malformed, require
from edgernn_runtime.packing import COLUMNS, GROUP, padded, unpack_matrix, unpack_rows

#: The maximum of inputs and units: the sum of more int8 products might not fit into 32 bits.
MAX_INPUTS = 65536
#: int8 has a float32 scale per row. `int8 codes` has a byte per row, multiplied by a float32 unit
#: that precedes them. `int8 table` has one float32 scale.
DTYPES = ("float32", "float16", "int8", "int8 codes", "int8 table", "uint8")
#: The dtypes of recurrent and dense weights, and of a wide path's weights.
WEIGHT_DTYPES, TABLE_DTYPES = DTYPES[:4], ("float32", "float16", "int8 table")

_Name = TypeVar("_Name", bound=str)


class TensorReader:
    """A reader of tensors by number."""

    def __init__(self, data: Buffer, table: int, count: int, version: int) -> None:
        self._data = data
        self._table = table
        self._count = count
        self.is_packed = version >= 2

    def tensor(self, index: int, rank: int, dtypes: tuple[str, ...] = WEIGHT_DTYPES) -> Array:
        """Return a tensor of a rank as float32 [N] or [N, M]."""
        dtype, values, record = self._values(index, rank, dtypes)
        if not dtype.startswith("int8"):
            return np.asarray(values, dtype=np.float32)
        require(rank == 2, f"tensor {index} of floats", dtype)
        scales = self._scales(record[7], dtype, values.shape[0])
        return np.asarray(values * scales, dtype=np.float32)

    def packed(self, index: int, gates: int) -> Array:
        """Return a matrix that is stored in the order of the kernels as float32 [O, I]."""
        record, dtype = self._record(index, 2, ("float32", "float16", "int8"))
        outputs, columns = record[2:4]
        require(outputs % gates == 0, f"rows of {gates} gates", f"{outputs}")
        units = outputs // gates
        rows = gates * padded(units, GROUP)
        depth = padded(columns, COLUMNS) if dtype == "int8" else columns
        stored = self._array(record[6], dtype, (rows * depth,))
        scales = self._scales(record[7], dtype, rows) if dtype == "int8" else np.float32(1)
        values = unpack_matrix(stored, gates, units, columns) * scales
        return np.asarray(unpack_rows(values, gates, units), dtype=np.float32)

    def packed_biases(self, index: int, gates: int, units: int) -> Array:
        """Return the rows of biases of a matrix in that order as float32 [1 or 2, O]."""
        stored = self.tensor(index, 2, ("float32",))
        width = gates * padded(units, GROUP)
        require(stored.shape[1] == width, f"rows of {width} biases", f"{stored.shape}")
        return np.asarray(unpack_rows(stored.T, gates, units).T, dtype=np.float32)

    def bytes(self, index: int) -> NDArray[np.uint8]:
        """Return a vector uint8 [N]."""
        return np.asarray(self._values(index, 1, ("uint8",))[1], dtype=np.uint8)

    def _values(
        self, index: int, rank: int, dtypes: tuple[str, ...]
    ) -> tuple[str, NDArray[Any], tuple[int, ...]]:
        """Return a tensor's dtype, values as they are stored, and record."""
        record, dtype = self._record(index, rank, dtypes)
        shape = record[2 : 2 + rank]
        return dtype, self._array(record[6], dtype.partition(" ")[0], shape), record

    def _record(self, index: int, rank: int, dtypes: tuple[str, ...]) -> tuple[Any, str]:
        """Return a tensor's record and dtype."""
        require(index < self._count, f"a tensor below {self._count}", f"{index}")
        record = TENSOR.unpack_from(self._data, self._table + index * TENSOR.size)
        dtype = get_name(DTYPES, record[0], "dtype")
        require(dtype in dtypes, f"tensor {index} of {', '.join(dtypes)}", dtype)
        require(record[1] == rank, f"tensor {index} of rank {rank}", f"{record[1]}")
        shape = record[2 : 2 + rank]
        fits = all(0 < size < 1 << 31 for size in shape)
        require(fits, "dimensions from 1 to 2^31 - 1", f"{shape}")
        return record, dtype

    def _scales(self, offset: int, dtype: str, rows: int) -> Array:
        """Return the scales of an int8 tensor: [rows, 1], or [1, 1] for one scale."""
        if dtype == "int8 codes":
            unit = self._array(offset, "uint8", (rows + 4,))[:4].view("<f4")[0]
            codes = self._array(offset, "uint8", (rows + 4,))[4:]
            return np.asarray(codes[:, np.newaxis].astype(np.float32) * unit, dtype=np.float32)
        rows = 1 if dtype == "int8 table" else rows
        return np.asarray(self._array(offset, "float32", (rows, 1)), dtype=np.float32)

    def is_int8(self, index: int) -> bool:
        """Return whether a tensor, read before, is stored as int8."""
        dtype = TENSOR.unpack_from(self._data, self._table + index * TENSOR.size)[0]
        return bool(DTYPES[dtype].startswith("int8"))

    def _array(self, offset: int, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        kind = np.dtype(dtype).newbyteorder("<")
        count = math.prod(shape)
        end = offset + count * kind.itemsize
        is_inside = offset % ALIGNMENT == 0 and self._table < offset and end <= len(self._data)
        require(is_inside, f"a section inside {len(self._data)} bytes", f"{offset} to {end}")
        return np.frombuffer(self._data, kind, count, offset).reshape(shape)


def get_name(names: tuple[_Name, ...], number: int, what: str) -> _Name:
    """Return the name of a number.

    Raises:
        EngineError: there is no such name.
    """
    if number >= len(names):
        raise malformed(f"{what} below {len(names)}", f"{number}")
    return names[number]
