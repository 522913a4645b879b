"""The reader of `model.bin`; `docs/model-bin.md` describes the format.

Everything is checked before it is used; only values with fewer than 32 bits are copied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError
from edgernn_runtime.heads import HEADS, Head
from edgernn_runtime.ir import (
    GATES,
    Activation,
    Array,
    Cell,
    ChainLayer,
    Dense,
    Direction,
    HashedNgrams,
    Layer,
    Merge,
    PadRow,
    Pattern,
    Pooling,
    Recurrent,
    Reduction,
)
from edgernn_runtime.model_graph import READERS, Shape, read_graph_layer, sources_of
from edgernn_runtime.model_header import (
    HEADER,
    LAYER,
    Header,
    decode_header,
    malformed,
    require,
)
from edgernn_runtime.tensor_reader import MAX_INPUTS, TABLE_DTYPES, TensorReader, get_name
from edgernn_runtime.text_section import SECTION, count_outputs

#: The maximum of a wide path's rows: with more, a hash or a sum of bytes might overflow.
MAX_ROWS = 2**24 - 1
MAX_REDUCTIONS = 4

RECURRENT, DENSE, POOLING, WIDE, JOINED_POOLINGS = 1, 2, 3, 4, 5
#: Arithmetic of products: in floats, or in integers if inputs, weights and states are int8.
FLOAT_PRODUCTS, INTEGER_PRODUCTS = 0, 1
CELLS: tuple[Cell, ...] = get_args(Cell)
MERGES: tuple[Merge, ...] = get_args(Merge)
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
#: The i-th pattern is bit i of a wide path's patterns.
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)


@dataclass(frozen=True)
class Model:
    """The contents of a `model.bin`.

    Attributes:
        embedding: float32 [V, E], or None without a recurrent path.
        layers: the recurrent path's layers in order.
        head: how logits become probabilities.
        wide: the wide path, or None.
    """

    embedding: Array | None
    layers: tuple[Layer, ...]
    head: Head
    wide: HashedNgrams | None = None

    @property
    def words(self) -> int:
        """V, the number of ids."""
        if self.embedding is not None:
            return len(self.embedding)
        return 0 if self.wide is None else self.wide.words


def decode_model(data: Buffer) -> Model:
    """Return the model in a file, of version 1 or 2.

    Args:
        data: the bytes of a `model.bin`.

    Raises:
        EngineError: the file is not a model.bin, has a newer version, or is damaged.
    """
    header, reader, records = _decode_tables(data)
    wide = None
    if records[-1][0] == WIDE:
        wide = _wide(reader, f"layer_{len(records) - 1}", records.pop())
    embedding: Array | None = None
    layers: list[Layer] = []
    outputs = 0
    if records:
        embedding = reader.tensor(0, 2)
        layers, outputs = _layers(reader, records, embedding.shape[1])
        fits = wide is None or (wide.words, len(wide.bias)) == (len(embedding), outputs)
        require(fits, "two paths of the same words and outputs", "two that differ")
        if header.arithmetic == INTEGER_PRODUCTS:
            layers = _with_integers(reader, records, layers)
    _check_outputs(header, len(wide.bias) if wide is not None else outputs)
    return Model(embedding, tuple(layers), HEADS[header.head], wide)


def _check_outputs(header: Header, outputs: int) -> None:
    """Check that the text section, whose size is right, has an output for each of the model's."""
    if header.section is not None and len(header.section) >= SECTION.size:
        found = count_outputs(header.section)
        if found != outputs:
            raise EngineError(
                "cannot load the model: the text section is of another model",
                expected=f"{outputs} outputs",
                found=f"{found}",
                status="MALFORMED_VOCABULARY",
            )


def _decode_tables(data: Buffer) -> tuple[Header, TensorReader, list[tuple[int, ...]]]:
    """Return the header, a reader of tensors and the layers' records."""
    header = decode_header(data)
    table = HEADER.size + header.layers * LAYER.size
    places = range(HEADER.size, table, LAYER.size)
    return (
        header,
        TensorReader(data, table, header.tensors, header.version),
        [LAYER.unpack_from(data, place) for place in places],
    )


def _layers(
    reader: TensorReader, records: list[tuple[int, ...]], size: int
) -> tuple[list[Layer], int]:
    """Return the layers, whose first input size is `size`, and their output size."""
    found: list[Layer] = []
    shapes: list[Shape] = [(size, True)]
    for i, record in enumerate(records):
        layer: Layer
        if record[0] in READERS:
            layer, shape = read_graph_layer(reader, f"layer_{i}", record, shapes)
        elif record[0] in _KINDS:
            layer = _KINDS[record[0]](reader, f"layer_{i}", record)
            shape = _check_fit(layer, *shapes[-1])
        else:
            raise malformed("layers of kind 1 to 15, and 4 at the end", f"{record[0]}")
        found.append(layer)
        shapes.append(shape)
    last, (outputs, is_sequence) = found[-1], shapes[-1]
    is_logits = isinstance(last, Dense) and last.activation == "linear" and not is_sequence
    require(is_logits, "a linear dense layer on a vector at the end", type(last).__name__)
    return found, outputs


def _recurrent(reader: TensorReader, name: str, record: tuple[int, ...]) -> Recurrent:
    _, directions, merge, is_sequence = record[:4]
    require(directions in (1, 2), "one or two directions", f"{directions}")
    require(is_sequence in (0, 1), "return_sequences of 0 or 1", f"{is_sequence}")
    read = [_direction(reader, record[4 + 6 * i : 10 + 6 * i]) for i in range(directions)]
    return Recurrent(
        name=name,
        forward=read[0],
        backward=read[1] if directions == 2 else None,
        merge=get_name(MERGES, merge, "merge"),
        return_sequences=bool(is_sequence),
    )


def _direction(reader: TensorReader, record: tuple[int, ...]) -> Direction:
    cell, activation, gate_activation, reset_after, reverse, first = record
    kind = get_name(CELLS, cell, "cell")
    require(reset_after in (0, 1), "reset_after of 0 or 1", f"{reset_after}")
    require(reverse in (0, 1), "reverse of 0 or 1", f"{reverse}")
    gates = GATES[kind]
    # Weights are stored a row for each output.
    if reader.is_packed:
        kernel, recurrent = reader.packed(first, gates).T, reader.packed(first + 1, gates).T
        bias = reader.packed_biases(first + 2, gates, len(recurrent))
    else:
        kernel, recurrent = reader.tensor(first, 2).T, reader.tensor(first + 1, 2).T
        bias = reader.tensor(first + 2, 2)
    units, width = recurrent.shape
    most = max(len(kernel), units)
    require(most <= MAX_INPUTS, f"at most {MAX_INPUTS:,} inputs and units", f"{most:,}")
    biases = 2 if kind == "gru" and (reset_after or reader.is_packed) else 1
    fits = width == gates * units == kernel.shape[1] and bias.shape == (biases, width)
    require(fits, f"{gates} gates of {units} units", f"{kernel.shape}, {bias.shape}")
    return Direction(
        cell=kind,
        kernel=kernel,
        recurrent=recurrent,
        bias=bias if kind == "gru" and reset_after else bias[0],
        activation=get_name(ACTIVATIONS, activation, "activation"),
        gate_activation=get_name(ACTIVATIONS, gate_activation, "activation"),
        reset_after=bool(reset_after),
        reverse=bool(reverse),
    )


def _dense(reader: TensorReader, name: str, record: tuple[int, ...]) -> Dense:
    kernel, bias = reader.tensor(record[2], 2).T, reader.tensor(record[2] + 1, 1)
    require(bias.shape[0] == kernel.shape[1], "one bias per output", f"{bias.shape}")
    return Dense(name, kernel, bias, get_name(ACTIVATIONS, record[1], "activation"))


def _pooling(reader: TensorReader, name: str, record: tuple[int, ...]) -> Pooling:
    kind, number, length, tensor = record[:4]
    numbers: tuple[int, ...] = (number,)
    if kind == JOINED_POOLINGS:
        require(2 <= number <= MAX_REDUCTIONS, f"2 to {MAX_REDUCTIONS} reductions", f"{number}")
        numbers = record[4 : 4 + number]
    reductions = tuple(get_name(REDUCTIONS, one, "reduction") for one in numbers)
    row = None if length == 0 else PadRow(length, reader.tensor(tensor, 1))
    return Pooling(name, reductions, row)


def _wide(reader: TensorReader, name: str, record: tuple[int, ...]) -> HashedNgrams:
    _, words, patterns, has_projection, first = record[:5]
    require(patterns < 1 << len(PATTERNS), f"patterns below {1 << len(PATTERNS)}", f"{patterns}")
    require(has_projection in (0, 1), "has_projection of 0 or 1", f"{has_projection}")
    weights = reader.tensor(first, 2, TABLE_DTYPES)
    checksums, bias = reader.bytes(first + 1), reader.tensor(first + 2, 1)
    rows, width = weights.shape
    fits = rows <= MAX_ROWS and width <= MAX_INPUTS
    require(fits, f"at most {MAX_ROWS:,} rows of {MAX_INPUTS:,}", f"{weights.shape}")
    fits = words >= 1 and rows == words + len(checksums)
    require(fits, "one row per word and bucket", f"{rows} for {words} and {len(checksums)}")
    projection = reader.tensor(first + 3, 2).T if has_projection else None
    shape = (width, width) if projection is None else projection.shape
    require(shape == (width, len(bias)), f"rows of {width} to {len(bias)} outputs", f"{shape}")
    return HashedNgrams(
        name=name,
        patterns=tuple(one for i, one in enumerate(PATTERNS) if patterns >> i & 1),
        weights=weights,
        checksums=checksums,
        projection=projection,
        bias=bias,
    )


_KINDS: dict[int, Callable[[TensorReader, str, tuple[int, ...]], ChainLayer]] = {
    RECURRENT: _recurrent,
    DENSE: _dense,
    POOLING: _pooling,
    JOINED_POOLINGS: _pooling,
}


def _with_integers(
    reader: TensorReader, records: list[tuple[int, ...]], layers: list[Layer]
) -> list[Layer]:
    """Return the layers, with rounding set where products are computed in integers.

    That is so for a recurrent layer with int8 weights, whose inputs are rows of an int8 embedding
    or states of such a layer, and whose own states are in [-1, 1] by construction. No other layer
    may name that source, because it is then computed in floats.
    """
    takes_int8, is_integer = reader.is_int8(0), []
    named = {source for record in records for source in sources_of(record)}
    for i, (record, layer) in enumerate(zip(records, layers, strict=True)):
        takes_int8 = takes_int8 and isinstance(layer, Recurrent) and _is_integer(reader, record)
        takes_int8 = takes_int8 and i not in named
        is_integer.append(takes_int8)
        if isinstance(layer, Recurrent) and layer.backward and layer.merge != "concat":
            takes_int8 = False
    return [
        replace(layer, rounds_states=own, rounds_output=own and following)
        if isinstance(layer, Recurrent)
        else layer
        for layer, own, following in zip(layers, is_integer, [*is_integer[1:], False], strict=True)
    ]


def _is_integer(reader: TensorReader, record: tuple[int, ...]) -> bool:
    for i in range(record[1]):
        cell, activation, gate_activation, _, _, first = record[4 + 6 * i : 10 + 6 * i]
        is_gate = ACTIVATIONS[gate_activation] in ("sigmoid", "hard_sigmoid")
        is_bounded = ACTIVATIONS[activation] == "tanh" and (is_gate or CELLS[cell] == "rnn")
        if not (is_bounded and reader.is_int8(first) and reader.is_int8(first + 1)):
            return False
    return True


def _check_fit(layer: ChainLayer, size: int, is_sequence: bool) -> Shape:
    """Check a layer against its input; return its output size and whether it is a sequence."""
    if isinstance(layer, Dense):
        require(layer.kernel.shape[0] == size, f"{size} inputs", f"{layer.kernel.shape[0]}")
        return layer.output_size, is_sequence
    require(is_sequence, "a sequence before this layer", "a vector")
    if isinstance(layer, Pooling):
        row = layer.pad_row
        fits = row is None or row.row.shape == (size,)
        require(fits, f"a row of {size}", "a row of another size")
        count = len(layer.reductions)
        fits = count == 1 or size <= MAX_INPUTS
        require(fits, f"joined poolings of at most {MAX_INPUTS:,}", f"{size:,}")
        return size * count, False
    fits = all(direction.input_size == size for direction in layer.directions)
    require(fits, f"{size} inputs", f"{[d.input_size for d in layer.directions]}")
    units = {direction.hidden_size for direction in layer.directions}
    require(layer.merge == "concat" or len(units) == 1, "directions of one size", f"{units}")
    return layer.output_size, layer.return_sequences
