"""The records of a `model.bin` for the layers of `edgernn_runtime.ir_graph`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import get_args

from edgernn_runtime.ir_graph import (
    Affine,
    Attention,
    Border,
    Combination,
    Convolution,
    Flatten,
    GraphLayer,
    LayerNormalization,
    Operation,
    Padding,
    Selection,
    Softmax,
    TimeSum,
    Transpose,
    Window,
    WindowPooling,
)
from edgernn_runtime.ir_types import Activation, Array
from edgernn_runtime.model_header import require
from edgernn_runtime.tensor_reader import MAX_INPUTS, TensorReader, get_name

SELECTION, COMBINATION, CONVOLUTION, NORMALIZATION, AFFINE = 6, 7, 8, 9, 10
WINDOW_POOLING, ATTENTION, TIME, RESHAPE, PADDING = 11, 12, 13, 14, 15
#: The kinds that name their sources.
SOURCED = (SELECTION, COMBINATION, ATTENTION)
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
BORDERS: tuple[Border, ...] = get_args(Border)
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
WINDOWS: tuple[Window, ...] = get_args(Window)
#: The maximum of a combination's sources, of steps, and of a vector's size.
MAX_SOURCES, MAX_STEPS, MAX_VECTOR = 12, 65536, 2**22
#: The maximum of windows that contain one step.
MAX_OVERLAP = 64
#: The maximum of products of an attention: steps times steps times columns.
MAX_PRODUCTS = 2**30

#: Size of an output, and whether it is a sequence.
Shape = tuple[int, bool]
Record = tuple[int, ...]


def read_graph_layer(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    """Return the layer of a record, and the shape of its output.

    Args:
        reader: the reader of tensors.
        name: the layer's name.
        record: its record, of one of `READERS`.
        shapes: the shapes of its sources: of the embedded text, and of each layer in front of it.

    Raises:
        EngineError: a number is out of range, or the layer does not fit its sources.
    """
    _check_size(shapes[-1])
    layer, shape = READERS[record[0]](reader, name, record, shapes)
    _check_size(shape)
    return layer, shape


def sources_of(record: Record) -> tuple[int, ...]:
    """Return the sources that a record names; none for kinds that read the layer before them."""
    if record[0] == COMBINATION:
        return record[3 : 3 + record[2]]
    return {SELECTION: record[1:2], ATTENTION: record[1:4]}.get(record[0], ())


def to_bits(value: float) -> int:
    """Return the bits of a float32 as a number of a record."""
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def _to_float(bits: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def _check_size(shape: Shape) -> None:
    size, is_sequence = shape
    most = MAX_INPUTS if is_sequence else MAX_VECTOR
    require(size <= most, f"at most {most:,} columns", f"{size:,}")


def _source(shapes: Sequence[Shape], source: int) -> Shape:
    require(source < len(shapes), f"a source below {len(shapes)}", f"{source}")
    _check_size(shapes[source])
    return shapes[source]


def _sequence(shapes: Sequence[Shape]) -> int:
    """Return the size of the sequence in front of a layer."""
    size, is_sequence = shapes[-1]
    require(is_sequence, "a sequence before this layer", "a vector")
    return size


def _steps(number: int, what: str) -> int:
    require(1 <= number <= MAX_STEPS, f"{what} of 1 to {MAX_STEPS:,}", f"{number:,}")
    return number


def _vector(reader: TensorReader, index: int, size: int) -> Array:
    values = reader.tensor(index, 1)
    require(len(values) == size, f"a vector of {size}", f"{len(values)}")
    return values


def _selection(
    _: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    source, first, columns = record[1:4]
    size, is_sequence = _source(shapes, source)
    fits = 1 <= columns <= size and first <= size - columns
    require(fits, f"columns within {size}", f"{columns} from {first}")
    return Selection(name, source, first, columns), (columns, is_sequence)


def _combination(
    _: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    operation, count = get_name(OPERATIONS, record[1], "operation"), record[2]
    require(2 <= count <= MAX_SOURCES, f"2 to {MAX_SOURCES} sources", f"{count}")
    sources = sources_of(record)
    found = [_source(shapes, source) for source in sources]
    sizes, forms = [size for size, _ in found], {is_sequence for _, is_sequence in found}
    require(len(forms) == 1, "sequences alone or vectors alone", "both")
    fits = operation == "concat" or set(sizes) <= {1, max(sizes)}
    require(fits, "sources of equal size", f"{sizes}")
    size = sum(sizes) if operation == "concat" else max(sizes)
    return Combination(name, operation, sources), (size, forms.pop())


def _convolution(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    activation, border, taps, stride, dilation, first = record[1:7]
    size = _sequence(shapes)
    for number, what in ((taps, "taps"), (stride, "a stride"), (dilation, "a dilation")):
        _steps(number, what)
    _steps((taps - 1) * dilation + 1, "a span")
    require(reader.is_packed, "version 2 or newer", "version 1")
    rows = reader.packed(first, 1)
    fits = rows.shape[1] == taps * size <= MAX_INPUTS
    require(fits, f"{taps} taps of {size} inputs", f"{rows.shape[1]}")
    layer = Convolution(
        name=name,
        kernel=rows.T.reshape(taps, size, len(rows)),
        bias=reader.packed_biases(first + 1, 1, len(rows))[0],
        border=get_name(BORDERS, border, "border"),
        stride=stride,
        dilation=dilation,
        activation=get_name(ACTIVATIONS, activation, "activation"),
    )
    return layer, (len(rows), True)


def _normalization(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    size = shapes[-1][0]
    scale, shift = (_vector(reader, record[2] + i, size) for i in range(2))
    return LayerNormalization(name, scale, shift, _to_float(record[1])), shapes[-1]


def _affine(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    activation, has_vectors, first = get_name(ACTIVATIONS, record[1], "activation"), *record[2:4]
    require(has_vectors in (0, 1), "has_vectors of 0 or 1", f"{has_vectors}")
    if not has_vectors:
        return Affine(name, None, None, activation), shapes[-1]
    scale, shift = (_vector(reader, first + i, shapes[-1][0]) for i in range(2))
    return Affine(name, scale, shift, activation), shapes[-1]


def _window_pooling(
    _: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    reduction, size, stride, border = record[1:5]
    _sequence(shapes)
    _steps(size, "a window")
    _steps(stride, "a stride")
    overlap = -(-size // stride)
    require(overlap <= MAX_OVERLAP, f"at most {MAX_OVERLAP} windows of a step", f"{overlap}")
    require(border < 2, "valid or same", f"{border}")
    kind = get_name(WINDOWS, reduction, "reduction")
    return WindowPooling(name, kind, size, stride, BORDERS[border]), shapes[-1]


def _attention(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    longest, heads, scale, form, is_causal, tensor = record[4:10]
    found = [_source(shapes, source) for source in sources_of(record)]
    require(all(is_sequence for _, is_sequence in found), "three sequences", "a vector")
    query, key, value = (size for size, _ in found)
    require(query == key, "keys as wide as queries", f"{key} and {query}")
    require(heads >= 1, "a head", "none")
    fits = query % heads == 0 and value % heads == 0
    require(fits, f"columns of {heads} heads", f"{query} and {value}")
    _steps(longest, "a length")
    products = longest * longest * (query + value)
    require(products <= MAX_PRODUCTS, f"at most {MAX_PRODUCTS:,} products", f"{products:,}")
    require(form in (0, 1) and is_causal in (0, 1), "0 or 1", f"{form}, {is_causal}")
    require(form == 0 or heads == 1, "one head with a vector", f"{heads}")
    layer = Attention(
        name=name,
        sources=(record[1], record[2], record[3]),
        longest=longest,
        heads=heads,
        scale=_to_float(scale),
        vector=_vector(reader, tensor, query) if form else None,
        is_causal=bool(is_causal),
    )
    return layer, (value, True)


def _time(
    _: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    require(record[1] <= 2, "softmax over time or columns, or a sum", f"{record[1]}")
    if record[1] == 1:
        return Softmax(name, "columns"), shapes[-1]
    size = _sequence(shapes)
    return (
        (Softmax(name, "time"), (size, True)) if record[1] == 0 else (TimeSum(name), (size, False))
    )


def _reshape(
    _: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    form, steps = record[1], _steps(record[2], "a length")
    size = _sequence(shapes)
    require(form in (0, 1), "a form of 0 or 1", f"{form}")
    return (
        (Transpose(name, steps), (steps, True))
        if form
        else (Flatten(name, steps), (steps * size, False))
    )


def _padding(
    reader: TensorReader, name: str, record: Record, shapes: Sequence[Shape]
) -> tuple[GraphLayer, Shape]:
    length, form, tensor, in_front = _steps(record[1], "a length"), *record[2:5]
    size = _sequence(shapes)
    require(form in (0, 1), "a form of 0 or 1", f"{form}")
    require(in_front in (0, 1), "in_front of 0 or 1", f"{in_front}")
    row = None if form else _vector(reader, tensor, size)
    return Padding(name, length, row, bool(in_front)), (size, True)


READERS: dict[
    int,
    Callable[[TensorReader, str, Record, Sequence[Shape]], tuple[GraphLayer, Shape]],
] = {
    SELECTION: _selection,
    COMBINATION: _combination,
    CONVOLUTION: _convolution,
    NORMALIZATION: _normalization,
    AFFINE: _affine,
    WINDOW_POOLING: _window_pooling,
    ATTENTION: _attention,
    TIME: _time,
    RESHAPE: _reshape,
    PADDING: _padding,
}
