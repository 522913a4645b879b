"""The order in which kernels read the matrices of recurrent layers; `docs/model-bin.md` has it.

Rows are put into blocks of 16 units, the gates of a block side by side, and padded with zeros. A
group of 16 rows is then stored column by column, int8 four columns at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Rows of a group.
GROUP = 16
#: Columns of int8 that are stored side by side for each row.
COLUMNS = 4


def padded(size: int, multiple: int) -> int:
    """Return a size rounded up to a multiple."""
    return -(-size // multiple) * multiple


def pack_rows(rows: NDArray[Any], gates: int) -> NDArray[Any]:
    """Return rows in packed order.

    Args:
        rows: int8, float16 or float32 [gates * units, ...], Keras's gates one after the other.
        gates: the number of gates.

    Returns:
        [gates * padded units, ...] of the same dtype, with rows of zeros as padding.
    """
    units, rest = len(rows) // gates, rows.shape[1:]
    blocks = padded(units, GROUP) // GROUP
    filled = np.zeros((gates, blocks * GROUP, *rest), dtype=rows.dtype)
    filled[:, :units] = rows.reshape(gates, units, *rest)
    by_block = filled.reshape(gates, blocks, GROUP, *rest).swapaxes(0, 1)
    return np.ascontiguousarray(by_block).reshape(-1, *rest)


def unpack_rows(rows: NDArray[Any], gates: int, units: int) -> NDArray[Any]:
    """Return the rows [gates * units, ...] before `pack_rows`, in the same dtype."""
    rest = rows.shape[1:]
    by_gate = rows.reshape(-1, gates, GROUP, *rest).swapaxes(0, 1)
    return by_gate.reshape(gates, -1, *rest)[:, :units].reshape(gates * units, *rest)


def pack_matrix(rows: NDArray[Any], gates: int) -> NDArray[Any]:
    """Return a matrix [gates * units, columns] in storage order [N], in the same dtype."""
    packed = pack_rows(rows, gates)
    columns = packed.shape[1]
    if packed.dtype != np.int8:
        return np.ascontiguousarray(packed.reshape(-1, GROUP, columns).swapaxes(1, 2)).reshape(-1)
    filled = np.zeros((len(packed), padded(columns, COLUMNS)), dtype=np.int8)
    filled[:, :columns] = packed
    tiles = filled.reshape(-1, GROUP, filled.shape[1] // COLUMNS, COLUMNS).swapaxes(1, 2)
    return np.ascontiguousarray(tiles).reshape(-1)


def unpack_matrix(stored: NDArray[Any], gates: int, units: int, columns: int) -> NDArray[Any]:
    """Return the rows [gates * padded units, columns] of a stored matrix, in its dtype."""
    rows = gates * padded(units, GROUP)
    if stored.dtype != np.int8:
        return stored.reshape(-1, columns, GROUP).swapaxes(1, 2).reshape(rows, columns)
    tiles = stored.reshape(-1, padded(columns, COLUMNS) // COLUMNS, GROUP, COLUMNS)
    return tiles.swapaxes(1, 2).reshape(rows, -1)[:, :columns]
